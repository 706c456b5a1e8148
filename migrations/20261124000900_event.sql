-- What moved, in the order of commits: who follows it and knows the last number that it saw misses nothing and sees
-- nothing twice, on whichever replica. That something moved, not what it is now, which the other tables tell.
create table event (
    event_id bigint generated always as identity,
    happened text not null,
    -- No foreign key: it also tells that a union is forgotten.
    union_name text not null,
    deployment_id uuid,
    created_at timestamptz not null default clock_timestamp(),
    constraint event_pk primary key (event_id),
    constraint event_happened check (
        happened in ('union-changed', 'deployment-opened', 'deployment-waiting', 'deployment-closed')
    ),
    constraint event_deployment check ((deployment_id is null) = (happened = 'union-changed'))
);

-- Its callers are deferred to the end of their transaction, and from here to the commit there is one at a time: so no
-- number becomes visible after a higher one. The newest 100,000 are kept.
create function event_happens(happened text, union_name text, deployment_id uuid) returns void language plpgsql as $$
declare
    number bigint;
begin
    perform pg_advisory_xact_lock(hashtextextended('keyforge event', 0));
    insert into event (happened, union_name, deployment_id) values ($1, $2, $3) returning event_id into number;
    delete from event where event_id <= number - 100000;
    perform pg_notify('keyforge_event', '');
end
$$;

create function union_happens() returns trigger language plpgsql as $$
begin
    if tg_op <> 'UPDATE' or new is distinct from old then
        perform event_happens('union-changed', coalesce(new.union_name, old.union_name), null);
    end if;
    return null;
end
$$;

create constraint trigger union_event after insert or update or delete on union_status
deferrable initially deferred for each row execute function union_happens();

create function deployment_happens() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        perform event_happens('deployment-opened', new.union_name, new.deployment_id);
    elsif new.phase <> old.phase and new.phase <> 'running' then
        perform event_happens('deployment-' || new.phase, new.union_name, new.deployment_id);
    end if;
    return null;
end
$$;

create constraint trigger deployment_event after insert or update on deployment
deferrable initially deferred for each row execute function deployment_happens();
