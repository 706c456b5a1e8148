-- The followed branch and its commits, as they were fetched.
create table revision (
    revision_id bytea not null,
    branch text not null,
    author_name text not null,
    author_email text not null,
    subject text not null,
    committed_at timestamptz not null,
    -- When it was fetched first.
    created_at timestamptz not null default now(),
    constraint revision_pk primary key (revision_id),
    constraint revision_is_sha1 check (octet_length(revision_id) = 20)
);

create index revision_created_at on revision (created_at desc, revision_id);

-- How the config repo was found at the last look. One row.
create table source (
    source_id boolean not null default true,
    branch text not null,
    state text not null,
    -- For `rewritten` the commit that is not an ancestor any more, for `unreachable` the reason.
    rewritten_from bytea,
    why text,
    created_at timestamptz not null default now(),
    -- Since when the state is what it is.
    since timestamptz not null default now(),
    looked_at timestamptz not null default now(),
    constraint source_pk primary key (source_id),
    constraint source_one_row check (source_id),
    constraint source_state check (state in ('followed', 'missing', 'rewritten', 'unreachable')),
    constraint source_rewritten check ((state = 'rewritten') = (rewritten_from is not null)),
    constraint source_unreachable check ((state = 'unreachable') = (why is not null))
);

-- The revision that was accepted last, with the `keyforge.yaml` that judges the next one. One row.
create table head (
    head_id boolean not null default true,
    revision_id bytea not null,
    -- The last `keyforge.yaml` that was accepted, without what of it waits for an approval; a broken or missing one
    -- changes nothing here.
    keyforge jsonb,
    keyforge_blob bytea,
    -- What of its file would allow more than before, as long as nobody approved it: a guard.
    keyforge_awaiting jsonb,
    -- The revision that it is of. A branch without it was rewritten.
    keyforge_revision_id bytea,
    -- The newest revision of which all of `keyforge.yaml` was accepted, and all unions could be read: commits after it
    -- decide about what waits of it, and about unions that were never seen.
    settled_id bytea,
    -- Of the program that accepted it. An older one leaves it alone.
    acceptor_version integer not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint head_pk primary key (head_id),
    constraint head_one_row check (head_id),
    constraint head_revision foreign key (revision_id) references revision,
    constraint head_keyforge check (num_nulls(keyforge, keyforge_blob, keyforge_revision_id) in (0, 3)),
    constraint head_keyforge_revision foreign key (keyforge_revision_id) references revision (revision_id),
    constraint head_settled foreign key (settled_id) references revision (revision_id)
);

-- Accepted files as they are in Git, by content: sealed values stay sealed.
create table document (
    document_id bytea not null,
    content bytea not null,
    created_at timestamptz not null default now(),
    constraint document_pk primary key (document_id),
    constraint document_is_sha256 check (octet_length(document_id) = 32)
);
