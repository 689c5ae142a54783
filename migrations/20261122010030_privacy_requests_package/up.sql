-- Expand: packages are handed over once.
ALTER TABLE privacy_requests ADD COLUMN packaged_at timestamptz;
COMMENT ON COLUMN privacy_requests.packaged_at IS 'When the package was fetched. What was in it is kept nowhere.';
