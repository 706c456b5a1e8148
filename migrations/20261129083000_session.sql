-- Who has begun to sign in on a page and has not come back from the identity provider yet. Each counts once.
create table sign_in (
    -- SHA-256 of what the browser was given; all else that proves the way back follows from that.
    digest bytea not null,
    -- A path of ours, where the browser goes then.
    return_to text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    constraint sign_in_pk primary key (digest)
);

create index sign_in_expires_at on sign_in (expires_at);

-- Browsers in which somebody is signed in. Whom the provider vouched for then; what they may see follows anew each time.
create table session (
    session_id bigint generated always as identity,
    -- SHA-256 of the cookie.
    digest bytea not null,
    -- Their verified address, else what the provider calls them.
    name text not null,
    email text,
    groups text[] not null,
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    expires_at timestamptz not null,
    constraint session_pk primary key (session_id),
    constraint session_digest unique (digest)
);

create index session_expires_at on session (expires_at);
create index session_name on session (name);
