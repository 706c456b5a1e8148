-- One row per union: what is shown of it. Two writers, each with columns of its own, neither waits for the other:
-- `accept` writes what Git says, the worker with the union's lease what became of it. `state` follows from both.
create table union_status (
    union_name text not null,
    display_name text not null,
    domain text not null default '',
    societies integer not null default 0,
    members integer not null default 0,
    life text not null default 'running',
    -- Until when the data of a removed union is kept. It never gets earlier.
    kept_until timestamptz,
    -- The last accepted state: the revision it is of, the directory in Git, the digest of all that the desired state
    -- is made from, and the host, which its last accepted holder keeps. None: never accepted.
    accepted_revision_id bytea,
    accepted_tree bytea,
    accepted_input bytea,
    accepted_host text,
    -- Why newer documents are not acceptable; a hold always has its reason.
    held_why text,
    -- Guards that wait for an approval, and why in a line. What they hold back is not part of the accepted state.
    awaiting jsonb,
    awaiting_why text,
    -- The newest revision of which all of the union was accepted, while it is held or waits; the commits after it decide
    -- about that. None while it does not: the head. None while it does: it never was.
    waits_since_id bytea,

    -- The worker's.
    progress text not null default 'in-progress',
    progress_why text,
    health text not null default 'unknown',
    health_why text,
    -- What the union was provisioned with and is missed in the cluster, as a guard, and whether a person approved to
    -- forget it.
    missed jsonb,
    missed_forgiven boolean not null default false,
    applied_revision_id bytea,
    applied_input bytea,
    applied_desired bytea,
    -- What a person should know although the rollout goes on, one line each.
    findings text[] not null default '{}',

    -- Where several apply the first one is told. A worker that ends after something newer was accepted says `current`
    -- of what it applied; the union is so only once both are equal.
    state text not null generated always as (
        case
            when life <> 'running' then 'tombstone'
            when progress in ('suspended', 'failed') then progress
            when held_why is not null then 'held'
            when awaiting_why is not null then 'awaiting-approval'
            when progress = 'current' and applied_input is distinct from accepted_input then 'in-progress'
            else progress
        end
    ) stored,
    search text not null generated always as (
        lower(union_name || ' ' || display_name || ' ' || domain)
    ) stored,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),

    constraint union_status_pk primary key (union_name),
    constraint union_status_life check (life in ('running', 'retained', 'gone')),
    constraint union_status_kept_until check ((life = 'running') = (kept_until is null)),
    constraint union_status_progress check (
        progress in (
            'tombstone', 'suspended', 'failed', 'held', 'awaiting-approval', 'in-progress', 'current'
        )
    ),
    constraint union_status_health check (health in ('current', 'in-progress', 'failed', 'unknown')),
    constraint union_status_health_why check ((health in ('in-progress', 'failed')) = (health_why is not null)),
    constraint union_status_accepted_revision foreign key (accepted_revision_id) references revision,
    constraint union_status_accepted check (
        num_nulls(accepted_revision_id, accepted_tree, accepted_input, accepted_host) in (0, 4)
    ),
    constraint union_status_missed check (missed is not null or not missed_forgiven),
    constraint union_status_awaiting check ((awaiting is null) = (awaiting_why is null)),
    constraint union_status_waits_since foreign key (waits_since_id) references revision (revision_id),
    constraint union_status_applied_revision foreign key (applied_revision_id) references revision,
    constraint union_status_applied check (
        num_nulls(applied_revision_id, applied_input, applied_desired) in (0, 3)
    )
);

create index union_status_state on union_status (state, union_name);

-- The last accepted state in full. Apart from `union_status`, since lists never need it.
create table acceptance (
    union_name text not null,
    -- The union with its societies, defaults merged.
    body jsonb not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint acceptance_pk primary key (union_name),
    constraint acceptance_union foreign key (union_name) references union_status on delete cascade
);

-- The files that an acceptance was made from.
create table acceptance_document (
    union_name text not null,
    path text not null,
    document_id bytea not null,
    created_at timestamptz not null default now(),
    constraint acceptance_document_pk primary key (union_name, path),
    constraint acceptance_document_acceptance
        foreign key (union_name) references acceptance on delete cascade,
    constraint acceptance_document_document foreign key (document_id) references document
);

create index acceptance_document_document on acceptance_document (document_id);

-- What was found in the files of the newest revision; replaced per union, so that an unread union keeps its own.
create table diagnostic (
    diagnostic_id bigint generated always as identity,
    -- None: `keyforge.yaml`, or the repo as a whole.
    union_name text,
    severity text not null,
    body jsonb not null,
    created_at timestamptz not null default now(),
    constraint diagnostic_pk primary key (diagnostic_id),
    constraint diagnostic_union foreign key (union_name) references union_status on delete cascade,
    constraint diagnostic_severity check (severity in ('error', 'warning'))
);

create index diagnostic_union on diagnostic (union_name, diagnostic_id);

-- Who and what was removed without an approval: budgets count it over 24 hours. No foreign key: a removed union is
-- forgotten earlier than that.
create table removal (
    removal_id bigint generated always as identity,
    union_name text not null,
    -- Whether its data is kept, so that its return undoes it. Of a member: never.
    is_kept boolean not null,
    -- None: the union itself.
    society_name text,
    member text,
    created_at timestamptz not null default now(),
    constraint removal_pk primary key (removal_id),
    constraint removal_of_member check ((society_name is null) = (member is null))
);

create index removal_created_at on removal (created_at);

-- Approvals that were used, for ever: each counts once.
create table approval (
    commit_id bytea not null,
    -- What it names: a guard, or all of a revision.
    digest bytea not null,
    -- Where it was used.
    revision_id bytea not null,
    created_at timestamptz not null default now(),
    constraint approval_pk primary key (commit_id, digest),
    constraint approval_is_sha1 check (octet_length(commit_id) = 20),
    constraint approval_is_sha256 check (octet_length(digest) = 32),
    constraint approval_revision foreign key (revision_id) references revision
);
