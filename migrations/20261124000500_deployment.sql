-- The record of one rollout of one union: opened before the first write, closed always.
create table deployment (
    deployment_id uuid not null,
    -- No foreign key: history outlives the union.
    union_name text not null,
    reason text not null,
    revision_id bytea not null,
    input bytea not null,
    desired bytea not null,
    plan jsonb not null,
    -- What was planned.
    creates integer not null,
    updates integer not null,
    deletes integer not null,
    keeps integer not null,
    -- Of the lease under which it runs.
    fencing_token bigint not null,
    phase text not null default 'running',
    -- What is awaited, and until when.
    health_why text,
    deadline_at timestamptz,
    outcome text,
    failure_stage text,
    failure_message text,
    failure_detail text,
    created_at timestamptz not null default now(),
    closed_at timestamptz,
    constraint deployment_pk primary key (deployment_id),
    constraint deployment_revision foreign key (revision_id) references revision,
    constraint deployment_reason check (
        reason in ('push', 'drift', 'rotation', 'retry', 'startup', 'interval', 'schedule', 'request')
    ),
    constraint deployment_phase check (phase in ('running', 'waiting', 'closed')),
    constraint deployment_outcome check (outcome in ('succeeded', 'failed', 'superseded', 'interrupted')),
    constraint deployment_closed check (
        (phase = 'closed') = (outcome is not null) and (phase = 'closed') = (closed_at is not null)
    ),
    constraint deployment_waiting check (phase <> 'waiting' or (health_why is not null and deadline_at is not null)),
    constraint deployment_failure check ((failure_message is null) or outcome = 'failed')
);

create unique index deployment_open on deployment (union_name) where phase <> 'closed';
create index deployment_history on deployment (created_at desc, deployment_id desc);
create index deployment_of_union on deployment (union_name, created_at desc, deployment_id desc);

-- What became of each change.
create table deployment_event (
    deployment_event_id bigint generated always as identity,
    deployment_id uuid not null,
    stage text not null,
    change text not null,
    resource jsonb not null,
    done text not null,
    message text,
    created_at timestamptz not null default clock_timestamp(),
    constraint deployment_event_pk primary key (deployment_event_id),
    constraint deployment_event_deployment foreign key (deployment_id) references deployment on delete cascade,
    constraint deployment_event_change check (change in ('create', 'update', 'delete', 'keep')),
    constraint deployment_event_done check (
        done in ('created', 'updated', 'deleted', 'kept', 'skipped', 'failed')
    )
);

create index deployment_event_deployment on deployment_event (deployment_id, deployment_event_id);

-- What was said on the way.
create table deployment_log (
    deployment_log_id bigint generated always as identity,
    deployment_id uuid not null,
    level text not null,
    message text not null,
    fields jsonb not null default '{}',
    created_at timestamptz not null default clock_timestamp(),
    constraint deployment_log_pk primary key (deployment_log_id),
    constraint deployment_log_deployment foreign key (deployment_id) references deployment on delete cascade,
    constraint deployment_log_level check (level in ('debug', 'info', 'warn', 'error'))
);

create index deployment_log_deployment on deployment_log (deployment_id, deployment_log_id);
