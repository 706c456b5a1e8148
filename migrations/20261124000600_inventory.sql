-- The resources that we own: entered before they are created, gone after their deletion is confirmed.
create table inventory (
    inventory_id bigint generated always as identity,
    -- No foreign key: objects found by their label belong to a union that this database may not know.
    union_name text not null,
    api_version text not null,
    kind text not null,
    namespace text,
    name text not null,
    -- The server's identity of the object; known once it was created.
    uid text,
    created_at timestamptz not null default now(),
    constraint inventory_pk primary key (inventory_id),
    constraint inventory_resource
        unique nulls not distinct (union_name, api_version, kind, namespace, name)
);
