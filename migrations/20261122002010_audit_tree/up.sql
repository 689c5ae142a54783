-- Expand: each organisation's Merkle tree over its entries (RFC 9162 hashes, C2SP tlog-tiles), and the queue of entries that still have no place in it.
CREATE TABLE audit_queue (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    entry_ids uuid[] NOT NULL,
    PRIMARY KEY (organization_id, id))
    WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE audit_queue IS 'Entries that wait for their place: one row per transaction that wrote any, under its first entry''s id. Global: the sequencer looks for work before it knows whose; ids only.';

CREATE TABLE audit_set_aside (
    organization_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    why text NOT NULL CHECK (why IN ('missing', 'mac')),
    found_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, entry_id));
COMMENT ON TABLE audit_set_aside IS 'Queued entries that were gone or not ours when their turn came. They get no place, and each is an alarm. Global as the queue is; ids only.';

CREATE TABLE audit_tiles (
    organization_id uuid NOT NULL,
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    number bigint NOT NULL CHECK (number >= 0),
    width smallint NOT NULL CHECK (width BETWEEN 1 AND 256),
    hashes bytea NOT NULL,
    PRIMARY KEY (organization_id, level, number),
    CHECK (length(hashes) = 32 * width));
ALTER TABLE audit_tiles ALTER hashes SET STORAGE EXTERNAL;
COMMENT ON COLUMN audit_tiles.hashes IS 'Hashes of 32 bytes; at level 0 those of the entries, at level n those of whole tiles of level n - 1.';
COMMENT ON TABLE audit_tiles IS 'The tree. Only the last tile of a level is ever rewritten, until it is full.';

CREATE TABLE audit_bundles (
    organization_id uuid NOT NULL,
    number bigint NOT NULL CHECK (number >= 0),
    width smallint NOT NULL CHECK (width BETWEEN 1 AND 256),
    entry_ids bytea NOT NULL,
    first_id uuid NOT NULL,
    last_id uuid NOT NULL,
    PRIMARY KEY (organization_id, number),
    CHECK (length(entry_ids) = 16 * width));
ALTER TABLE audit_bundles ALTER entry_ids SET STORAGE EXTERNAL;
CREATE INDEX audit_bundles_by_last ON audit_bundles (organization_id, last_id, first_id);
COMMENT ON TABLE audit_bundles IS 'Which entries the tiles of level 0 hold, in the order of their places.';
COMMENT ON COLUMN audit_bundles.entry_ids IS 'Ids of 16 bytes, in the order of their places; first_id and last_id are the least and the greatest of them.';

CREATE TABLE audit_heads (
    organization_id uuid PRIMARY KEY,
    size bigint NOT NULL,
    root bytea NOT NULL,
    note text NOT NULL,
    made_at timestamptz NOT NULL,
    last_time timestamptz NOT NULL,
    last_id uuid NOT NULL,
    published_size bigint NOT NULL DEFAULT 0,
    global_position bigint,
    CHECK (published_size <= size));
COMMENT ON TABLE audit_heads IS 'The newest checkpoint of each organisation''s log; its row is the sequencer''s fence. Global: the log of all logs walks it; sizes and hashes only.';
COMMENT ON COLUMN audit_heads.root IS 'Root hash, 32 bytes.';
COMMENT ON COLUMN audit_heads.note IS 'The checkpoint as a C2SP signed note; empty before the first.';
COMMENT ON COLUMN audit_heads.last_id IS 'The greatest entry id placed; last_time is its time.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['audit_tiles', 'audit_bundles'] LOOP
        PERFORM audit_fence(t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, DELETE ON audit_queue TO custodian_server;
GRANT SELECT, INSERT ON audit_set_aside TO custodian_server;
GRANT SELECT, INSERT, UPDATE ON audit_tiles, audit_bundles, audit_heads TO custodian_server;

-- What was written before the tree gets its place like everything else, in the order of its ids.
ALTER TABLE audit_entries NO FORCE ROW LEVEL SECURITY;
INSERT INTO audit_queue (organization_id, id, entry_ids)
    SELECT organization_id, (array_agg(id ORDER BY id))[1], array_agg(id ORDER BY id)
    FROM (SELECT organization_id, id, (row_number() OVER (PARTITION BY organization_id ORDER BY id) - 1) / 256 AS part FROM audit_entries) AS numbered
    GROUP BY organization_id, part;
ALTER TABLE audit_entries FORCE ROW LEVEL SECURITY;
