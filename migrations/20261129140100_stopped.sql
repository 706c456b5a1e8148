-- That all work was stopped, and that it went on, is recorded too, and what is done to the proof of the audit itself. Like a
-- request for all unions it is about none of them more than the commit that counts at that time, from which it takes no words.
alter table audit drop constraint audit_what;
alter table audit add constraint audit_what check (
    what in (
        'union-accepted', 'union-removed', 'change-held-back', 'change-approved', 'change-released',
        'deployment-opened', 'deployment-closed', 'sync-requested', 'work-stopped', 'work-resumed',
        'anchor-renewed', 'key-changed'
    )
);

create or replace function is_of_these_alone(revision bytea, unions text[]) returns boolean language sql stable parallel safe as $$
    select unions is null or (
        not exists (
            select from audit where audit.revision_id = revision
                and what not in ('sync-requested', 'work-stopped', 'work-resumed', 'anchor-renewed', 'key-changed')
                and (union_name is null or union_name <> all(unions))
        )
        and not exists (
            select from hold where hold.revision_id = revision and union_name <> all(unions)
        )
    )
$$;
