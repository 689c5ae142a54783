DROP TABLE follow_up_days;
DROP INDEX records_to_remind;
ALTER TABLE records DROP COLUMN due_told, DROP COLUMN overdue_told;
ALTER TABLE users DROP COLUMN follow_up_letters;
