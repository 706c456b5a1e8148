-- What somebody else made of what we own: a row for each field, with what both say (of Secrets fingerprints), who did it by
-- its field manager, and what became of it. What is changed again within an hour after it was put back is the same row with
-- its count: a fight. What is kept is a row from when it was seen until it is not so any more. It takes the place of
-- `dispute`, which only an older program beside this one writes.
create table drift (
    drift_id bigint generated always as identity,
    -- No foreign key: history outlives the union.
    union_name text not null,
    resource jsonb not null,
    -- Its path; empty: the object itself is gone.
    field text not null,
    ours jsonb,
    theirs jsonb,
    -- Who changed it last; empty: nobody knows.
    manager text not null,
    outcome text not null,
    -- How often it was put back.
    times integer not null default 1,
    last_at timestamptz not null default clock_timestamp(),
    -- That put it back last.
    deployment_id uuid,
    -- Of what is kept: since when it is not so any more.
    ended_at timestamptz,
    created_at timestamptz not null default clock_timestamp(),
    constraint drift_pk primary key (drift_id),
    constraint drift_outcome check (outcome in ('put-back', 'kept')),
    constraint drift_put_back check ((outcome = 'put-back') = (deployment_id is not null)),
    constraint drift_ended check (outcome = 'kept' or ended_at is null)
);

create index drift_of_union on drift (union_name, last_at desc, drift_id desc);
create unique index drift_kept on drift (union_name, resource, field) where outcome = 'kept' and ended_at is null;
create index drift_last_at on drift (last_at);

-- What is fought over now goes on.
insert into drift (union_name, resource, field, manager, outcome, times, last_at, deployment_id, created_at)
select union_name, jsonb_strip_nulls(jsonb_build_object(
        'kind', kind, 'namespace', namespace, 'name', name, 'apiVersion', api_version
    )), field, manager, 'put-back', times, last_at, deployment_id, dispute.created_at
from dispute
join inventory using (union_name)
cross join lateral (
    select deployment_id from deployment where deployment.union_name = dispute.union_name
    order by deployment.created_at desc, deployment_id desc limit 1
) as last
where resource = kind || ' ' || coalesce(namespace || '/', '') || name;
