ALTER TABLE exports DROP COLUMN report, DROP COLUMN recipe;
