-- How a union's state went: a row where it came to a state in which it stays until somebody acts, or to be current again. What
-- is tried again and is as before is one row with its count. What is in between, its deployments tell.
create table state_change (
    state_change_id bigint generated always as identity,
    -- No foreign key: history outlives the union.
    union_name text not null,
    state text not null,
    why text,
    times integer not null default 1,
    created_at timestamptz not null default clock_timestamp(),
    last_at timestamptz not null default clock_timestamp(),
    constraint state_change_pk primary key (state_change_id)
);

create index state_change_of_union on state_change (union_name, last_at desc);
create index state_change_last_at on state_change (last_at);

-- By a trigger, since a program of an older release writes beside this one.
create function state_changes() returns trigger language plpgsql as $$
declare
    former state_change;
    because text := case
        when new.state = 'held' then new.held_why
        when new.state = 'awaiting-approval' then coalesce(new.awaiting_why, new.progress_why)
        when new.state <> 'current' then new.progress_why
    end;
begin
    select * into former from state_change
    where union_name = new.union_name order by last_at desc, state_change_id desc limit 1;
    if coalesce(former.state, 'current') <> new.state then
        insert into state_change (union_name, state, why) values (new.union_name, new.state, because);
    elsif new.state <> 'current' then
        update state_change set why = because, times = times + 1, last_at = clock_timestamp()
        where state_change_id = former.state_change_id;
    end if;
    return null;
end
$$;

create trigger state_changes after update on union_status
for each row when (new.state <> old.state and new.state <> 'in-progress') execute function state_changes();

-- What is so already.
insert into state_change (union_name, state, why, created_at, last_at)
select union_name, state,
    case
        when state = 'held' then held_why
        when state = 'awaiting-approval' then coalesce(awaiting_why, progress_why)
        else progress_why
    end,
    since, since
from union_status
cross join lateral (select coalesce(
    case when state = 'failed' then failed_at when state in ('held', 'awaiting-approval') then waits_at end, progress_at
) as since) as told
where state not in ('current', 'in-progress');

-- The rest of what a timeline tells, from a moment on.
create index hold_timeline on hold (union_name, created_at desc);
create index audit_timeline on audit (union_name, created_at desc) where what in (
    'union-accepted', 'union-removed', 'change-held-back', 'change-approved', 'change-released', 'sync-requested'
);
