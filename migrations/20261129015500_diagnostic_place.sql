-- The list of findings, page by page in its order: those of the repo as a whole come first. Each page and each probe sorted all
-- of them.
create index diagnostic_place on diagnostic (coalesce(union_name, ''), diagnostic_id);
