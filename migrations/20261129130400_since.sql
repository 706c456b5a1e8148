-- Since when each part of a union's state is what it is: its accepted documents, what waits, what became of it. Kept by a
-- trigger, since a program of an older release writes beside this one.
alter table union_status
    add column accepted_at timestamptz not null default now(),
    add column waits_at timestamptz,
    add column progress_at timestamptz not null default now(),
    -- Of what failed and is tried again: since the first time.
    add column failed_at timestamptz,
    -- Nothing happens to a union here, and a table with deferred triggers that wait cannot be altered.
    disable trigger union_event,
    disable trigger union_noticed;
update union_status set
    accepted_at = updated_at, progress_at = updated_at,
    waits_at = case when held_why is not null or awaiting is not null then updated_at end,
    failed_at = case when progress = 'failed' then updated_at end;
alter table union_status enable trigger union_event, enable trigger union_noticed;

create function union_since() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        new.waits_at := case when new.held_why is not null or new.awaiting is not null then now() end;
        new.failed_at := case when new.progress = 'failed' then now() end;
        return new;
    end if;
    if (new.accepted_input, new.life) is distinct from (old.accepted_input, old.life) then
        new.accepted_at := now();
    end if;
    if new.held_why is null and new.awaiting is null then
        new.waits_at := null;
    elsif (old.held_why is null) <> (new.held_why is null) or (old.awaiting is null) <> (new.awaiting is null) then
        new.waits_at := now();
    end if;
    if new.progress <> old.progress then
        new.progress_at := now();
    end if;
    if new.progress in ('current', 'suspended') or new.accepted_input is distinct from old.accepted_input then
        new.failed_at := null;
    elsif new.progress = 'failed' then
        new.failed_at := coalesce(new.failed_at, now());
    end if;
    return new;
end
$$;

create trigger union_since before insert or update on union_status
for each row execute function union_since();
