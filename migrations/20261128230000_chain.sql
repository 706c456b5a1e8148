-- The chain of the audit: each record's digest is also of the digest before, so whoever changes one, or takes one out, has
-- to make all later ones anew, and the newest digest says so to whom it was told.
create table audit_link (
    -- From 1 without a gap, in the order of commits.
    audit_link_id bigint not null,
    audit_id bigint not null,
    -- The digest of the link before; none for the first.
    previous bytea,
    digest bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint audit_link_pk primary key (audit_link_id),
    constraint audit_link_audit foreign key (audit_id) references audit,
    constraint audit_link_once unique (audit_id),
    constraint audit_link_previous check ((previous is null) = (audit_link_id = 1)),
    constraint audit_link_is_sha256 check (octet_length(digest) = 32)
);

create trigger audit_link_append_only before update or delete or truncate on audit_link
for each statement execute function audit_is_append_only();

-- What a digest is of: all of a record, as a list in JSON.
create function audit_text(audit) returns text language sql stable as $$
    select json_build_array(
        $1.audit_id, to_char($1.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        $1.what, $1.union_name, encode($1.revision_id, 'hex'), $1.deployment_id, $1.detail
    )::text
$$;

-- Under the same lock as the stream of events, since both are taken at the end of a transaction: two locks would be taken in
-- either order.
create function audit_chain() returns trigger language plpgsql as $$
declare
    last audit_link;
begin
    perform pg_advisory_xact_lock(hashtextextended('keyforge event', 0));
    select * into last from audit_link order by audit_link_id desc limit 1;
    insert into audit_link (audit_link_id, audit_id, previous, digest) values (
        coalesce(last.audit_link_id, 0) + 1, new.audit_id, last.digest,
        sha256(coalesce(last.digest, '') || convert_to(audit_text(new), 'UTF8'))
    );
    return null;
end
$$;

create constraint trigger audit_chained after insert on audit
deferrable initially deferred for each row execute function audit_chain();

-- What was recorded before there was a chain.
do $$
declare
    record audit;
    number bigint := 0;
    before bytea;
    own bytea;
begin
    for record in select * from audit order by audit_id loop
        number := number + 1;
        own := sha256(coalesce(before, '') || convert_to(audit_text(record), 'UTF8'));
        insert into audit_link (audit_link_id, audit_id, previous, digest) values (number, record.audit_id, before, own);
        before := own;
    end loop;
end
$$;
