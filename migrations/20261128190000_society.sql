-- What is remembered of the inside of each union's vault. Never the only thing that says what is ours: markers inside of
-- the vault and the union's state object do too.
create table vault (
    union_name text not null,
    -- Of everything in Git that the last look in full followed from.
    input bytea not null,
    -- The server's word for the newest change that our account could see, then.
    revision bigint not null,
    looked_at timestamptz not null,
    -- When what should be there was last read by a session of its own, decrypted and compared.
    verified_at timestamptz,
    -- What concerns the server as a whole, one line each.
    findings text[] not null default '{}',
    created_at timestamptz not null default now(),
    constraint vault_pk primary key (union_name),
    constraint vault_union foreign key (union_name) references union_status on delete cascade,
    constraint vault_input check (octet_length(input) = 32)
);

-- One row per society that is listed, or was and is not gone yet.
create table society (
    union_name text not null,
    society_name text not null,
    title text not null,
    state text not null,
    -- Ids, invitations, first keys and since when somebody waits; none until it is founded.
    ledger jsonb,
    -- How far each person is, and what became of each password. Apart from the ledger: what is shown, not what counts.
    members jsonb not null default '[]',
    passwords jsonb not null default '[]',
    findings text[] not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint society_pk primary key (union_name, society_name),
    constraint society_union foreign key (union_name) references union_status on delete cascade,
    constraint society_state check (state in ('current', 'in-progress', 'blocked', 'removed'))
);

create function society_happens() returns trigger language plpgsql as $$
begin
    if tg_op <> 'UPDATE'
        or (new.title, new.state, new.members, new.passwords, new.findings)
            is distinct from (old.title, old.state, old.members, old.passwords, old.findings)
    then
        perform event_happens('union-changed', coalesce(new.union_name, old.union_name), null);
    end if;
    return null;
end
$$;

create constraint trigger society_event after insert or update or delete on society
deferrable initially deferred for each row execute function society_happens();
