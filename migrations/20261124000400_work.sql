-- When and why each union is due, and who works on it: one row per union.
--
-- A claim empties the due columns, so what becomes due during a lease stands there when the lease ends. A lease that
-- runs out is due by itself, since its worker has not said what it left behind.
create sequence fencing_token;

create table work (
    union_name text not null,
    due_at timestamptz,
    reason text,
    -- `due_at` plus the head start that the reason gives to others: the order of claims. So what people wait for comes
    -- first, and nothing waits for ever.
    turn_at timestamptz,
    -- Attempts without success, for the backoff.
    attempts integer not null default 0,
    lease_holder uuid,
    leased_until timestamptz,
    -- The newest program that accepted its documents and that wrote for it. An older one does not claim it, so that two
    -- versions beside each other do not undo each other's work.
    acceptor_version integer not null default 0,
    template_version integer not null default 0,
    -- Of the newest lease. From one sequence for all unions, so that it also grows over a union's removal and return.
    fencing_token bigint not null default 0,
    created_at timestamptz not null default now(),
    constraint work_pk primary key (union_name),
    constraint work_union foreign key (union_name) references union_status on delete cascade,
    constraint work_reason check (
        reason in ('push', 'drift', 'rotation', 'retry', 'startup', 'interval', 'schedule', 'request')
    ),
    constraint work_due check ((due_at is null) = (reason is null) and (due_at is null) = (turn_at is null)),
    constraint work_lease check ((lease_holder is null) = (leased_until is null))
);

create index work_turn on work (turn_at) where lease_holder is null;
-- For how long to wait.
create index work_due on work (due_at) where lease_holder is null;
create index work_lease on work (leased_until) where lease_holder is not null;

-- Wakes idle workers. Equal notifications of one transaction are delivered once.
create function work_notify() returns trigger language plpgsql as $$
begin
    perform pg_notify('keyforge_work', '');
    return null;
end
$$;

create trigger work_due after insert or update on work
for each row when (new.due_at is not null and new.lease_holder is null)
execute function work_notify();
