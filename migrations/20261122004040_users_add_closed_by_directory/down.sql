ALTER TABLE users DROP COLUMN closed_by_directory;
