-- Which revision took the place of another one in a union.
create index audit_judged on audit (union_name, audit_id) where what in ('union-accepted', 'union-removed');
