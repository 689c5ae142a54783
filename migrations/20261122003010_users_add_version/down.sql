DROP INDEX users_by_supervisor, sessions_by_user;
ALTER TABLE users DROP COLUMN version;
