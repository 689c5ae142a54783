ALTER TABLE catalog_rebuilds DROP COLUMN builds;
