-- When everything of a deployment was applied: from then on its health is awaited. None: it never came so far, or that was
-- before this was recorded.
alter table deployment add column applied_at timestamptz;
