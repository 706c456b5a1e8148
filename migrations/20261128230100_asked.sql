-- What people ask for in a large fleet is found by an index: by union, by revision, and by a text within names.

create index audit_of_union on audit (union_name, audit_id);
create index audit_of_revision on audit (revision_id);
create index deployment_of_revision on deployment (revision_id);
create index union_status_accepted_revision on union_status (accepted_revision_id);

-- Texts within names. Without the extension, which some servers do not offer, they are looked for one by one.
do $$
begin
    if exists (select from pg_available_extensions where name = 'pg_trgm') then
        create extension if not exists pg_trgm;
        create index union_status_search on union_status using gin (search gin_trgm_ops);
    end if;
exception
    when insufficient_privilege then null;
end
$$;
