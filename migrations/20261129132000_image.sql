-- Unions are found by what their accepted documents say: a label by an index, the server's image row by row, since most unions
-- have the same few.
alter table acceptance add column image text generated always as (body #>> '{spec,vaultwarden,image}') stored;

create index acceptance_labels on acceptance using gin ((body -> 'labels'));
