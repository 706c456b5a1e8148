-- How many unions are in which state, and how they do: equal rows are one entry of this index, so that counting all reads little.
create index union_status_counted on union_status (state, health);
-- Names that begin with a text, whatever the order of the database's language is.
create index union_status_begins on union_status (union_name text_pattern_ops);

-- What people look for in accepted documents: societies by a text within name or title, people by their whole address.
create function societies_of(accepted jsonb) returns text language sql immutable parallel safe as $$
    select lower(coalesce(string_agg(key || ' ' || (value ->> 'displayName'), chr(10)), ''))
    from jsonb_each(accepted -> 'societies')
$$;

create function addresses_of(accepted jsonb) returns text[] language sql immutable parallel safe as $$
    select coalesce(array_agg(distinct lower(member ->> 'email')), '{}')
    from jsonb_each(accepted -> 'societies') as society, jsonb_array_elements(society.value -> 'members') as member
$$;

alter table acceptance
    add column societies text not null generated always as (societies_of(body)) stored,
    add column addresses text[] not null generated always as (addresses_of(body)) stored;

create index acceptance_addresses on acceptance using gin (addresses);

-- As for unions: without the extension they are looked for one by one.
do $$
begin
    if exists (select from pg_extension where extname = 'pg_trgm') then
        create index acceptance_societies on acceptance using gin (societies gin_trgm_ops);
    end if;
end
$$;
