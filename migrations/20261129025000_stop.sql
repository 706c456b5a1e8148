-- While there is a row, nobody works on any union. One row at most; told outside of Git, since Git may be what is wrong.
create table stop (
    stop_id boolean not null default true,
    why text not null,
    created_at timestamptz not null default now(),
    constraint stop_pk primary key (stop_id),
    constraint stop_one_row check (stop_id)
);
