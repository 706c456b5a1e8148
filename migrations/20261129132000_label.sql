-- Unions are found by the labels of their accepted documents.
create index acceptance_labels on acceptance using gin ((body -> 'labels'));
