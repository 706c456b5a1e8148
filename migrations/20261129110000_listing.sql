-- Who could read what: what the accepted documents of a society said of people and of what is shared, since when. A row for each
-- change of that, so that a day of the past can be looked up; kept apart from the audit, since it names people.
create table listing (
    listing_id bigint generated always as identity,
    union_name text not null,
    society_name text not null,
    -- None: the society, or its union, was removed.
    body jsonb,
    revision_id bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint listing_pk primary key (listing_id),
    constraint listing_revision foreign key (revision_id) references revision
);

create index listing_of_society on listing (union_name, society_name, listing_id desc);

-- Adds what is said otherwise now than the last row of its society says.
create function record_listing(names text[], commit bytea) returns void language sql as $$
    with said as (
        select union_name, society.key as society_name, jsonb_build_object(
            'owners', coalesce(body -> 'spec' -> 'owners', '[]'),
            'members', coalesce(society.value -> 'members', '[]'),
            'collections', coalesce(society.value -> 'collections', '[]'),
            'passwords', (
                select coalesce(jsonb_agg(
                    jsonb_build_object('name', password -> 'name', 'collection', password -> 'collection')
                ), '[]')
                from jsonb_array_elements(coalesce(society.value -> 'passwords', '[]')) as password
            )
        ) as body
        from acceptance
        join union_status using (union_name)
        cross join lateral jsonb_each(coalesce(acceptance.body -> 'societies', '{}')) as society
        where union_name = any(names) and life = 'running'
    ), last as (
        select distinct on (union_name, society_name) union_name, society_name, body
        from listing where union_name = any(names)
        order by union_name, society_name, listing_id desc
    )
    insert into listing (union_name, society_name, body, revision_id)
    select union_name, society_name, said.body, commit
    from said full join last using (union_name, society_name)
    where said.body is distinct from last.body
    order by union_name, society_name
$$;

-- What is accepted already; what came before is not known.
select record_listing(array[union_name], accepted_revision_id)
from union_status where accepted_revision_id is not null;
