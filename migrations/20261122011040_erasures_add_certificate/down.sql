ALTER TABLE erasures DROP CONSTRAINT erasures_certified;
ALTER TABLE erasures DROP COLUMN certificate;
ALTER TABLE erasures DROP COLUMN clean;
ALTER TABLE erasures DROP COLUMN findings;
ALTER TABLE erasures DROP COLUMN sweep;
ALTER TABLE erasures DROP COLUMN sealed_traces;
