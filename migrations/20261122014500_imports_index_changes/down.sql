DROP INDEX import_changes_by_thing;
