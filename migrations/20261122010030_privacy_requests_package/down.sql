ALTER TABLE privacy_requests DROP COLUMN packaged_at;
