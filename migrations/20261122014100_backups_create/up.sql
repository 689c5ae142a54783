-- Expand: backups that were taken and put back to try them. They are of the whole deployment, as the signing keys are: no organisation's rows.
CREATE TABLE backups (
    id uuid PRIMARY KEY,
    taken_at timestamptz NOT NULL,
    bytes bigint NOT NULL CHECK (bytes >= 0),
    sha256 text NOT NULL,
    ledger_sequence bigint NOT NULL,
    schema_name text NOT NULL);
CREATE TABLE backup_drills (
    id uuid PRIMARY KEY,
    backup_id uuid NOT NULL,
    ended_at timestamptz NOT NULL,
    seconds bigint NOT NULL,
    outcome text NOT NULL,
    erased bigint NOT NULL DEFAULT 0,
    people bigint NOT NULL DEFAULT 0,
    sealed_values bigint NOT NULL DEFAULT 0,
    controlled boolean NOT NULL DEFAULT false);
COMMENT ON COLUMN backup_drills.outcome IS 'passed, or why not: refused, not_loaded, lost, not_erased or control_failed.';
COMMENT ON COLUMN backup_drills.controlled IS 'Somebody who stays was planted as erased, and a key was broken: both were noticed.';
CREATE INDEX backup_drills_by_backup ON backup_drills (backup_id, ended_at);
GRANT SELECT, INSERT ON backups, backup_drills TO custodian_server;
