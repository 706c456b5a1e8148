-- Who asked for a look at the config repo, and at one union, at once. What was asked for is kept for a day; the audit keeps that
-- it was.
create table sync_request (
    sync_request_id uuid not null,
    -- None: what the config repo changes.
    union_name text,
    asked_by text not null,
    -- Of the union's newest lease at that time: who has a later one looks at what was asked for.
    fencing_token bigint not null,
    created_at timestamptz not null default clock_timestamp(),
    -- When the config repo was looked at since, what counted then, and why nothing was found.
    looked_at timestamptz,
    revision_id bytea,
    why text,
    constraint sync_request_pk primary key (sync_request_id),
    constraint sync_request_revision foreign key (revision_id) references revision
);

-- What is asked for already is not asked for again.
create unique index sync_request_open on sync_request (coalesce(union_name, '')) where looked_at is null;
create index sync_request_of_asker on sync_request (asked_by, created_at);

-- Wakes the replica that follows the config repo.
create function sync_request_notify() returns trigger language plpgsql as $$
begin
    perform pg_notify('keyforge_sync', '');
    return null;
end
$$;

create trigger sync_request_made after insert on sync_request
for each statement execute function sync_request_notify();

alter table audit drop constraint audit_what;
alter table audit add constraint audit_what check (
    what in (
        'union-accepted', 'union-removed', 'change-held-back', 'change-approved', 'change-released',
        'deployment-opened', 'deployment-closed', 'sync-requested'
    )
);
