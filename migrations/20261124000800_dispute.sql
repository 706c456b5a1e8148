-- Fields that somebody changes and we put back. A row stays for an hour after the last time.
create table dispute (
    union_name text not null,
    -- As it is printed, for example `Deployment union-acme/vaultwarden`.
    resource text not null,
    -- Its path; empty: the object itself.
    field text not null,
    -- Who changed it last, as far as that is known.
    manager text not null,
    times integer not null default 1,
    last_at timestamptz not null default clock_timestamp(),
    created_at timestamptz not null default now(),
    constraint dispute_pk primary key (union_name, resource, field),
    constraint dispute_union foreign key (union_name) references union_status on delete cascade
);
