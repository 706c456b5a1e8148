-- What was done to unions, in order, for ever.
create table audit (
    audit_id bigint generated always as identity,
    what text not null,
    -- None: `keyforge.yaml`.
    union_name text,
    revision_id bytea not null,
    deployment_id uuid,
    detail jsonb not null default '{}',
    created_at timestamptz not null default clock_timestamp(),
    constraint audit_pk primary key (audit_id),
    constraint audit_what check (
        what in (
            'union-accepted', 'union-removed', 'change-held-back', 'change-approved', 'change-released',
            'deployment-opened', 'deployment-closed'
        )
    )
);

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'audit is append-only' using errcode = 'restrict_violation';
end
$$;

create trigger audit_append_only before update or delete or truncate on audit
for each statement execute function audit_is_append_only();
