-- How the last look of who vouches for the audit went, for all replicas: one of them looks. One row at most.
create table audit_verdict (
    audit_verdict_id boolean not null default true,
    -- Why nobody vouches, in words for everybody; none: it is vouched for.
    why text,
    created_at timestamptz not null default clock_timestamp(),
    constraint audit_verdict_pk primary key (audit_verdict_id),
    constraint audit_verdict_one_row check (audit_verdict_id)
);
