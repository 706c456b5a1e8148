-- Documents of a union that were not acceptable, by the revision that brought them: a row where a hold begins, and where
-- others that are not acceptable either take the place of those that are held.
create table hold (
    hold_id bigint generated always as identity,
    union_name text not null,
    revision_id bytea not null,
    -- The directory in Git; none: it is not there, or cannot be read.
    tree bytea,
    why text not null,
    -- The mistake that counts, as a diagnostic; none: it is no mistake in a file.
    finding jsonb,
    created_at timestamptz not null default now(),
    constraint hold_pk primary key (revision_id, union_name),
    constraint hold_union foreign key (union_name) references union_status on delete cascade,
    constraint hold_revision foreign key (revision_id) references revision
);

create index hold_of_union on hold (union_name, hold_id);

-- What is held now: the revision after the last one that was accepted whole, as far as that is known.
insert into hold (union_name, revision_id, why, finding, created_at)
select union_name, coalesce(next.revision_id, head.revision_id), held_why, (
        select body from diagnostic
        where diagnostic.union_name = union_status.union_name and severity = 'error'
        order by diagnostic_id limit 1
    ), union_status.updated_at
from union_status
cross join head
left join revision as last on last.revision_id = waits_since_id
left join lateral (
    select revision_id from revision where created_at > last.created_at order by created_at, revision_id limit 1
) as next on true
where held_why is not null;

-- Which revision took the place of another one in a union.
create index audit_judged on audit (union_name, audit_id) where what in ('union-accepted', 'union-removed');

-- Since when each part of a union's state is what it is: its accepted documents, what waits, what became of it. Kept by a
-- trigger, since a program of an older release writes beside this one.
alter table union_status
    add column accepted_at timestamptz not null default now(),
    add column waits_at timestamptz,
    add column progress_at timestamptz not null default now();

alter table union_status disable trigger union_event;
update union_status set
    accepted_at = updated_at, progress_at = updated_at,
    waits_at = case when held_why is not null or awaiting is not null then updated_at end;
alter table union_status enable trigger union_event;

create function union_since() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        new.waits_at := case when new.held_why is not null or new.awaiting is not null then now() end;
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
    return new;
end
$$;

create trigger union_since before insert or update on union_status
for each row execute function union_since();
