-- What people are told: a union came to a state that asks for somebody, or is current again. The database writes it in the
-- transaction that records the state, so that nothing is lost and nothing is told that was rolled back.
create table notice (
    notice_id bigint generated always as identity,
    -- No foreign key: it is told also of a union that is forgotten by then.
    union_name text not null,
    event text not null,
    -- What was told of the union before since it was current last.
    since text[] not null,
    -- Of `recovered`: why it needs nobody although it is not current.
    why text,
    revision_id bytea,
    deployment_id uuid,
    created_at timestamptz not null default clock_timestamp(),
    -- When it was looked up who is told. None: not yet.
    addressed_at timestamptz,
    constraint notice_pk primary key (notice_id),
    constraint notice_event check (event in ('failed', 'recovered', 'held', 'awaiting-approval'))
);

create index notice_of_union on notice (union_name, notice_id desc);
create index notice_unaddressed on notice (notice_id) where addressed_at is null;
create index notice_created_at on notice (created_at);

-- At the end of the transaction, by what the union is then: it may go through several states in one. The row is locked, so
-- that of each union one is written at a time. What is tried again and fails as before is told once. Who is told that there is
-- trouble is told that it is over, also where that is because nobody wants the union to run.
create function union_is_noticed() returns trigger language plpgsql as $$
declare
    named text := coalesce(new.union_name, old.union_name);
    shown union_status;
    happened text;
    because text;
    at_revision bytea;
    former notice;
begin
    select * into shown from union_status where union_name = named;
    happened := case
        when shown.state in ('failed', 'held', 'awaiting-approval') then shown.state
        when coalesce(shown.state, 'forgotten') in ('current', 'suspended', 'tombstone', 'forgotten') then 'recovered'
    end;
    if happened is null then
        return null;
    end if;
    select * into former from notice where union_name = named order by notice_id desc limit 1;
    if happened = 'recovered' and coalesce(former.event, 'recovered') = 'recovered' then
        return null;
    end if;
    -- A failure hides what else is the matter until it is over, and that it is tried again does not end it: else each
    -- attempt would tell both.
    if happened in ('held', 'awaiting-approval') and former.event = 'failed' and shown.progress = 'in-progress' then
        return null;
    end if;
    because := case
        when happened = 'failed' then shown.progress_why
        when happened = 'held' then shown.held_why
        when happened = 'awaiting-approval' then coalesce(shown.awaiting_why, shown.progress_why)
        when shown.state = 'suspended' then 'it is suspended'
        when shown.state = 'tombstone' then 'it is removed'
        when shown.state is null then 'it is forgotten'
    end;
    at_revision := case
        when happened in ('held', 'awaiting-approval') then (select revision_id from head)
        else shown.accepted_revision_id
    end;
    -- Of a failure each attempt may say something else.
    if former.event = happened and (
        happened = 'failed' and former.revision_id is not distinct from at_revision
        or happened <> 'failed' and former.why is not distinct from because
    ) then
        return null;
    end if;
    insert into notice (union_name, event, since, why, revision_id, deployment_id)
    select named, happened,
        case
            when coalesce(former.event, 'recovered') = 'recovered' then '{}'
            when former.event = any (former.since) then former.since
            else former.since || former.event
        end,
        because, at_revision,
        case when happened = 'failed' then (
            select deployment_id from deployment where union_name = named
            order by created_at desc, deployment_id desc limit 1
        ) end;
    return null;
end
$$;

create constraint trigger union_noticed_first after insert on union_status
deferrable initially deferred for each row
when (new.state in ('failed', 'held', 'awaiting-approval')) execute function union_is_noticed();

create constraint trigger union_noticed after update on union_status
deferrable initially deferred for each row
when (
    new.state in ('failed', 'held', 'awaiting-approval')
    or (new.state in ('current', 'suspended', 'tombstone') and old.state <> new.state)
)
execute function union_is_noticed();

create constraint trigger union_noticed_last after delete on union_status
deferrable initially deferred for each row execute function union_is_noticed();

-- What is sent to one destination (the digest of what kind of place it is, which Secret and whose mailbox), with all that arose together.
-- Open until it was taken or given up; each destination has one open message at most, so that they come in their order.
create table message (
    message_id uuid not null default gen_random_uuid(),
    destination bytea not null,
    attempts integer not null default 0,
    -- When it is tried next. Who tries sets it to when another one may.
    due_at timestamptz not null default clock_timestamp(),
    failure text,
    outcome text,
    created_at timestamptz not null default clock_timestamp(),
    closed_at timestamptz,
    constraint message_pk primary key (message_id),
    constraint message_destination check (octet_length(destination) = 32),
    constraint message_outcome check (outcome in ('sent', 'given-up')),
    constraint message_closed check ((outcome is null) = (closed_at is null))
);

create unique index message_open on message (destination) where closed_at is null;
create index message_of_destination on message (destination, closed_at desc);
create index message_closed_at on message (closed_at) where closed_at is not null;

-- Whom a notice is told, once each; and in which message, when there is one.
create table delivery (
    destination bytea not null,
    notice_id bigint not null,
    message_id uuid,
    created_at timestamptz not null default clock_timestamp(),
    constraint delivery_pk primary key (destination, notice_id),
    constraint delivery_notice foreign key (notice_id) references notice on delete cascade,
    constraint delivery_message foreign key (message_id) references message on delete cascade
);

create index delivery_waiting on delivery (destination, notice_id) where message_id is null;
create index delivery_message on delivery (message_id);
create index delivery_notice on delivery (notice_id);
