-- Who has a key outside of the database vouches for the chain of the audit up to a record (`chain::Checkpoint`).
create table audit_checkpoint (
    -- From 1 without a gap.
    audit_checkpoint_id bigint not null,
    audit_link_id bigint not null,
    -- Of the link, as it was vouched for.
    digest bytea not null,
    -- HMAC-SHA-256.
    code bytea not null,
    created_at timestamptz not null,
    constraint audit_checkpoint_pk primary key (audit_checkpoint_id),
    constraint audit_checkpoint_link foreign key (audit_link_id) references audit_link,
    constraint audit_checkpoint_once unique (audit_link_id),
    constraint audit_checkpoint_is_sha256 check (octet_length(digest) = 32 and octet_length(code) = 32)
);

create trigger audit_checkpoint_append_only before update or delete or truncate on audit_checkpoint
for each statement execute function audit_is_append_only();
