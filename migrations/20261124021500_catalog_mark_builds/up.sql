-- Expand: which job decides whether what a field is building comes into force. Every one did before, and an older program does not name it.
ALTER TABLE catalog_rebuilds ADD COLUMN builds boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN catalog_rebuilds.builds IS 'What the field is building waits for this job. Others only bring tags in line, and decide about nothing.';

-- A job under way of a field that builds nothing decides about nothing that is asked for later. The owner is fenced, too, so the fence is down for the length of
-- this.
ALTER TABLE catalog_rebuilds NO FORCE ROW LEVEL SECURITY;
ALTER TABLE catalog_fields NO FORCE ROW LEVEL SECURITY;
UPDATE catalog_rebuilds r SET builds = false WHERE NOT EXISTS (SELECT FROM catalog_fields f
    WHERE f.organization_id = r.organization_id AND f.record_type = r.record_type AND f.key = r.key AND f.state = 'active'
    AND (f.content->'building'->'unique' = 'true' OR f.content->'building'->'searchable' <> '[]'));
ALTER TABLE catalog_rebuilds FORCE ROW LEVEL SECURITY;
ALTER TABLE catalog_fields FORCE ROW LEVEL SECURITY;
