DROP INDEX records_by_owner;
