-- Deployments that ended or began in ways of which there are few: the others are found among the newest.
create index deployment_unsuccessful on deployment (outcome, created_at desc, deployment_id desc)
where outcome <> 'succeeded';
create index deployment_of_reason on deployment (reason, created_at desc, deployment_id desc)
where reason <> 'push';

-- Unions are found by the image of their server: apart from the accepted documents, which are long.
alter table acceptance
    add column image text generated always as (lower(body #>> '{spec,vaultwarden,image}')) stored;

-- As for names: without the extension they are looked for one by one.
do $$
begin
    if exists (select from pg_extension where extname = 'pg_trgm') then
        create index acceptance_image on acceptance using gin (image gin_trgm_ops);
    end if;
end
$$;
