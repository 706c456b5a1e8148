-- Where this database lives: which server's, and which of its databases. A copy that lives elsewhere, such as a dump that
-- was restored, takes a name of its own (`database_id`), so that it never holds an installation together with the one that
-- it was made from.
alter table installation_info add column home text;
