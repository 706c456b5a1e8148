-- Since when no acceptance names a document; none: one does. Kept by triggers, since a union's acceptance also goes with the
-- union, and a program of an older release writes beside this one.
alter table document add column left_at timestamptz;

update document set left_at = now()
where not exists (select from acceptance_document where acceptance_document.document_id = document.document_id);

create index document_left on document (left_at) where left_at is not null;

create function document_is_named() returns trigger language plpgsql as $$
begin
    update document set left_at = null
    where document_id in (select document_id from named) and left_at is not null;
    return null;
end
$$;

create function document_is_left() returns trigger language plpgsql as $$
begin
    update document set left_at = clock_timestamp()
    where document_id in (select document_id from unnamed) and left_at is null
        and not exists (
            select from acceptance_document where acceptance_document.document_id = document.document_id
        );
    return null;
end
$$;

create trigger acceptance_names_document after insert on acceptance_document
referencing new table as named for each statement execute function document_is_named();

create trigger acceptance_leaves_document after delete on acceptance_document
referencing old table as unnamed for each statement execute function document_is_left();
