-- Documents of a union that were not acceptable, by the revision that brought them: a row where a hold begins, and where
-- others that are not acceptable either take the place of those that are held, or they are held for another reason.
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

-- Whether a revision is about these unions alone: only then its words, and who stands behind it, are for who sees no others.
create function is_of_these_alone(revision bytea, unions text[]) returns boolean language sql stable parallel safe as $$
    select unions is null or (
        not exists (
            select from audit where audit.revision_id = revision and what <> 'sync-requested'
                and (union_name is null or union_name <> all(unions))
        )
        and not exists (
            select from hold where hold.revision_id = revision and union_name <> all(unions)
        )
    )
$$;
