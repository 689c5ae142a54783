-- Expand: sessions of staff.
CREATE TABLE sessions (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    refresh_generation integer NOT NULL,
    refresh_digest bytea NOT NULL,
    ended_at timestamptz,
    end_reason text,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users);
COMMENT ON COLUMN sessions.refresh_generation IS 'Counts rotations: a refresh token of an older generation ends the session.';
