-- Expand: what the sweep looks for until it found nothing, what it found, and the certificate.
ALTER TABLE erasures ADD COLUMN sealed_traces bytea;
ALTER TABLE erasures ADD COLUMN sweep jsonb NOT NULL DEFAULT '{}';
ALTER TABLE erasures ADD COLUMN findings jsonb NOT NULL DEFAULT '[]';
ALTER TABLE erasures ADD COLUMN clean boolean NOT NULL DEFAULT false;
ALTER TABLE erasures ADD COLUMN certificate text;
COMMENT ON COLUMN erasures.sealed_traces IS 'Old identifiers under a key of their own, which the passing bucket wraps: they die with its epoch once nothing was found.';
COMMENT ON COLUMN erasures.sweep IS 'How much was looked through, and when: counts.';
COMMENT ON COLUMN erasures.findings IS 'Where a copy was found: table, customer and field, never the value.';
COMMENT ON COLUMN erasures.certificate IS 'Compact JWS; the same for ever.';
ALTER TABLE erasures ADD CONSTRAINT erasures_certified CHECK (state <> 'erased' OR certificate IS NOT NULL);
