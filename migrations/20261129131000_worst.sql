-- In which order people want to see unions: those that need somebody first. What only a newer program knows is in progress.
create function state_rank(state text) returns integer language sql immutable parallel safe as $$
    select case state
        when 'failed' then 1
        when 'held' then 2
        when 'awaiting-approval' then 3
        when 'suspended' then 5
        when 'tombstone' then 6
        when 'current' then 7
        else 4
    end
$$;

create index union_status_worst on union_status (state_rank(state), union_name);
create index union_status_ill on union_status (union_name) where health = 'failed' and life = 'running';
