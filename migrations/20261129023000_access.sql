-- Who may ask the API by a key. A key that was revoked stays, so that what it did can be told; its name is free again.
create table api_key (
    api_key_id bigint generated always as identity,
    name text not null,
    -- SHA-256 of the key.
    digest bytea not null,
    role text not null,
    -- Which unions a viewer sees. None: all.
    unions text[],
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    constraint api_key_pk primary key (api_key_id),
    constraint api_key_digest unique (digest),
    constraint api_key_role check (role in ('operator', 'viewer')),
    constraint api_key_unions check (unions is null or role = 'viewer')
);

create unique index api_key_name on api_key (name) where revoked_at is null;

-- What hides the numbers of rows from whom they would tell how much happens in unions that they do not see.
alter table installation_info add column place_key bytea not null default uuid_send(gen_random_uuid());
