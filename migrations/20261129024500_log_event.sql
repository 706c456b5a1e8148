-- Tells who follows a deployment's log that there is more of it, or that it is at its end: the deployment's id. A hint, not a
-- queue, as for work. Equal notifications of one transaction are delivered once.
create function log_grows() returns trigger language plpgsql as $$
begin
    perform pg_notify('keyforge_log', deployment_id::text) from (select distinct deployment_id from lines) as grown;
    return null;
end
$$;

create trigger log_grows after insert on deployment_log
referencing new table as lines for each statement execute function log_grows();

create function log_ends() returns trigger language plpgsql as $$
begin
    perform pg_notify('keyforge_log', new.deployment_id::text);
    return null;
end
$$;

create trigger log_ends after update of phase on deployment
for each row when (new.phase = 'closed' and old.phase <> 'closed') execute function log_ends();
