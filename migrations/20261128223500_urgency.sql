-- How long a union that is due for this reason lets others go first. People wait for the first ones; a minute is the most,
-- so that a flood of pushes delays the rest but starves nothing.
create function head_start(reason text) returns interval language sql immutable as $$
    select case
        when reason in ('push', 'request', 'rotation') then interval '0'
        when reason in ('drift', 'schedule') then interval '5 seconds'
        when reason = 'retry' then interval '15 seconds'
        when reason = 'startup' then interval '30 seconds'
        else interval '60 seconds'
    end
$$;

-- The reason of a union that becomes due while it is due already: that of the earlier turn, and of two that are due by now
-- the more urgent one, since whoever pushed is who waits.
create function work_reason(
    was text, was_turn_at timestamptz, new text, new_due_at timestamptz, new_turn_at timestamptz
) returns text language sql volatile as $$
    select case
        when was is null or new_turn_at < was_turn_at then new
        when new_due_at <= clock_timestamp() and head_start(new) < head_start(was) then new
        else was
    end
$$;
