-- Who wrote that a union is suspended, with the commit: found where the config repo's history is at hand, told by every
-- replica. None: it is not suspended, or who wrote it is not known.
alter table acceptance add column suspended_by text;
