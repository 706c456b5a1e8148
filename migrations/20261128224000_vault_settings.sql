-- The settings that a union's server had in effect when they were read last: whoever looks next, in whichever program, need
-- not log in at its admin interface for them, of which it allows few.
alter table vault add column settings jsonb;

-- What of a vault waits for a person, as guards, and the digests of what was approved.
alter table vault add column awaiting jsonb not null default '[]';
alter table vault add column approved bytea[] not null default '{}';
