-- Expand: whether a customer ever had a tag or a collaborator, so that reading one who had none asks no further table. The database notes it by itself: an
-- older program, which knows nothing of it, adds some during an upgrade, too.
ALTER TABLE customers ADD COLUMN had_tags boolean NOT NULL DEFAULT false;
ALTER TABLE customers ADD COLUMN had_collaborators boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN customers.had_tags IS 'customer_tags has, or had, rows of it: without this there are none.';
COMMENT ON COLUMN customers.had_collaborators IS 'customer_collaborators has, or had, rows of it: without this there are none.';

CREATE FUNCTION customers_note_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE customers c SET had_tags = true FROM (SELECT DISTINCT organization_id, customer_id FROM added) a
    WHERE c.organization_id = a.organization_id AND c.id = a.customer_id AND NOT c.had_tags;
    RETURN NULL;
END $$;
CREATE FUNCTION customers_note_collaborators() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE customers c SET had_collaborators = true FROM (SELECT DISTINCT organization_id, customer_id FROM added) a
    WHERE c.organization_id = a.organization_id AND c.id = a.customer_id AND NOT c.had_collaborators;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION customers_note_tags(), customers_note_collaborators() FROM PUBLIC;
CREATE TRIGGER customers_note_tags AFTER INSERT ON customer_tags
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION customers_note_tags();
CREATE TRIGGER customers_note_collaborators AFTER INSERT ON customer_collaborators
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION customers_note_collaborators();

-- What is there already: few rows beside the customers themselves. The owner is fenced, too, so the fence is down for the length of this.
ALTER TABLE customers NO FORCE ROW LEVEL SECURITY;
ALTER TABLE customer_tags NO FORCE ROW LEVEL SECURITY;
ALTER TABLE customer_collaborators NO FORCE ROW LEVEL SECURITY;
UPDATE customers c SET had_tags = true FROM (SELECT DISTINCT organization_id, customer_id FROM customer_tags) t
    WHERE c.organization_id = t.organization_id AND c.id = t.customer_id;
UPDATE customers c SET had_collaborators = true FROM (SELECT DISTINCT organization_id, customer_id FROM customer_collaborators) k
    WHERE c.organization_id = k.organization_id AND c.id = k.customer_id;
ALTER TABLE customers FORCE ROW LEVEL SECURITY;
ALTER TABLE customer_tags FORCE ROW LEVEL SECURITY;
ALTER TABLE customer_collaborators FORCE ROW LEVEL SECURITY;
