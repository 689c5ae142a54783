-- Expand: the log of all logs. Each head of an organisation is a leaf of it, so that losing a whole organisation's log is found too.
CREATE TABLE audit_log_leaves (
    position bigint PRIMARY KEY,
    organization_id uuid NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    leaf bytea NOT NULL,
    UNIQUE (organization_id, size));
COMMENT ON TABLE audit_log_leaves IS 'Heads of the organisations'' logs, in the order in which they were published. Global: it is what proves them all; sizes and hashes only.';
COMMENT ON COLUMN audit_log_leaves.root IS 'Root hash of that organisation''s tree at that size, 32 bytes.';
COMMENT ON COLUMN audit_log_leaves.leaf IS 'The canonical bytes (RFC 8785) that are hashed.';

CREATE TABLE audit_log_tiles (
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    number bigint NOT NULL CHECK (number >= 0),
    width smallint NOT NULL CHECK (width BETWEEN 1 AND 256),
    hashes bytea NOT NULL,
    PRIMARY KEY (level, number),
    CHECK (length(hashes) = 32 * width));
ALTER TABLE audit_log_tiles ALTER hashes SET STORAGE EXTERNAL;
COMMENT ON TABLE audit_log_tiles IS 'The tree over audit_log_leaves, as audit_tiles. Global as they are.';
COMMENT ON COLUMN audit_log_tiles.hashes IS 'Hashes of 32 bytes; at level 0 those of the leaves, at level n those of whole tiles of level n - 1.';

CREATE TABLE audit_log_head (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    origin text,
    size bigint NOT NULL,
    root bytea NOT NULL,
    note text NOT NULL,
    made_at timestamptz NOT NULL);
COMMENT ON TABLE audit_log_head IS 'The newest checkpoint of the log of all logs; its row is the fence. Global: there is one.';
COMMENT ON COLUMN audit_log_head.origin IS 'The name that the log was begun under. It stays when the service moves: a log that changes its name is another log.';
COMMENT ON COLUMN audit_log_head.root IS 'Root hash, 32 bytes.';
INSERT INTO audit_log_head (size, root, note, made_at) VALUES (0, sha256(''), '', 'epoch');

CREATE TABLE audit_log_cosignatures (
    size bigint NOT NULL,
    witness text NOT NULL,
    line text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (size, witness));
COMMENT ON TABLE audit_log_cosignatures IS 'What witnesses have signed: a signature line for the checkpoint of that size. Global as the log is.';

GRANT SELECT, INSERT ON audit_log_leaves, audit_log_cosignatures TO custodian_server;
GRANT SELECT, INSERT, UPDATE ON audit_log_tiles TO custodian_server;
GRANT SELECT, UPDATE ON audit_log_head TO custodian_server;
