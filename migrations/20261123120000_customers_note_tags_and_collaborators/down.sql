DROP TRIGGER customers_note_tags ON customer_tags;
DROP TRIGGER customers_note_collaborators ON customer_collaborators;
DROP FUNCTION customers_note_tags(), customers_note_collaborators();
ALTER TABLE customers DROP COLUMN had_tags;
ALTER TABLE customers DROP COLUMN had_collaborators;
