-- Expand: a version for changes that must not overwrite each other, and quick ways to who reports to whom.
ALTER TABLE users ADD COLUMN version integer NOT NULL DEFAULT 1;
CREATE INDEX users_by_supervisor ON users (organization_id, supervisor_id);
CREATE INDEX sessions_by_user ON sessions (organization_id, user_id);
