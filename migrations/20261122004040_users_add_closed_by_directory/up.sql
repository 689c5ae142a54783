-- Expand: who suspended an account. What a person in the product suspended, the directory does not open again.
ALTER TABLE users ADD COLUMN closed_by_directory boolean NOT NULL DEFAULT false;
