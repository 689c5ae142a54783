-- Expand: what imports made or changed is found by whom or what it is about, so that an erasure takes it along.
CREATE INDEX import_changes_by_thing ON import_changes (organization_id, thing_id);
