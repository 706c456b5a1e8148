-- What this database is, and which programs may use it. One row.
create table installation_info (
    installation_info_id boolean not null default true,
    -- Names the database: a daemon that finds another one than before has lost its history.
    database_id uuid not null default gen_random_uuid(),
    -- The newest migration that a program must know to work here. A migration that older programs would trip over
    -- raises it to its own number; all others leave it, so that two neighbouring releases run side by side.
    min_compatible bigint not null,
    created_at timestamptz not null default now(),
    constraint installation_info_pk primary key (installation_info_id),
    constraint installation_info_one_row check (installation_info_id)
);

insert into installation_info (min_compatible) values (20261124000700);
