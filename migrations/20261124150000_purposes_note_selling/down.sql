ALTER TABLE purposes DROP COLUMN sells_or_shares;
