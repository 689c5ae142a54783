-- Expand: sums of opportunities by month, so that a funnel of millions reads thousands of rows. The database keeps them itself, in the transaction of each
-- change: an older program, which knows nothing of them, changes opportunities during an upgrade, too.
--
-- Rows are only added, less where something went: whoever enters an opportunity waits for nobody else who enters one. `custodian serve` folds alike rows
-- once in an hour. A change locks the customer against a hand-over at the same moment, which would be noted under the owner of before.
CREATE TABLE opportunity_sums (
    organization_id uuid NOT NULL,
    place bigint GENERATED ALWAYS AS IDENTITY,
    month date NOT NULL,
    state text NOT NULL,
    currency text,
    seen_to_by uuid,
    owner_id uuid,
    department_id uuid,
    region text,
    counted bigint NOT NULL,
    amount numeric NOT NULL,
    PRIMARY KEY (organization_id, place));
COMMENT ON TABLE opportunity_sums IS 'Opportunities that are not archived, of customers who are neither archived nor restricted. What counts is the sum over alike rows.';
COMMENT ON COLUMN opportunity_sums.month IS 'Its first day: when they were entered, in UTC.';
COMMENT ON COLUMN opportunity_sums.seen_to_by IS 'Their own owner, or else that of their customer.';
COMMENT ON COLUMN opportunity_sums.owner_id IS 'Of their customer, as department and region.';
ALTER TABLE opportunity_sums ENABLE ROW LEVEL SECURITY;
ALTER TABLE opportunity_sums FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON opportunity_sums USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
GRANT SELECT, INSERT, DELETE ON opportunity_sums TO custodian_server;

-- The parts of months at both ends of a report are counted one by one.
CREATE INDEX opportunities_by_entry ON records (organization_id, created_at)
    WHERE record_type = 'opportunity' AND archived_at IS NULL AND state IS NOT NULL;

-- A plan is kept for many calls: one made for a large import must not read every customer for a single opportunity.
CREATE FUNCTION opportunities_came() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM added WHERE record_type = 'opportunity' AND archived_at IS NULL AND state IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    PERFORM FROM customers c WHERE (c.organization_id, c.id) IN (SELECT organization_id, customer_id FROM added WHERE record_type = 'opportunity')
        ORDER BY c.organization_id, c.id FOR SHARE;
    INSERT INTO opportunity_sums (organization_id, month, state, currency, seen_to_by, owner_id, department_id, region, counted, amount)
    SELECT r.organization_id, date_trunc('month', r.created_at AT TIME ZONE 'UTC'), r.state, r.currency, coalesce(r.owner_id, c.owner_id), c.owner_id, c.department_id, c.region,
        count(*), coalesce(sum(r.amount), 0)
    FROM added r JOIN customers c ON c.organization_id = r.organization_id AND c.id = r.customer_id
    WHERE r.record_type = 'opportunity' AND r.archived_at IS NULL AND r.state IS NOT NULL AND c.archived_at IS NULL AND NOT c.restricted
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
    RETURN NULL;
END $$;
CREATE FUNCTION opportunities_went() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM gone WHERE record_type = 'opportunity' AND archived_at IS NULL AND state IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    PERFORM FROM customers c WHERE (c.organization_id, c.id) IN (SELECT organization_id, customer_id FROM gone WHERE record_type = 'opportunity')
        ORDER BY c.organization_id, c.id FOR SHARE;
    INSERT INTO opportunity_sums (organization_id, month, state, currency, seen_to_by, owner_id, department_id, region, counted, amount)
    SELECT r.organization_id, date_trunc('month', r.created_at AT TIME ZONE 'UTC'), r.state, r.currency, coalesce(r.owner_id, c.owner_id), c.owner_id, c.department_id, c.region,
        -count(*), -coalesce(sum(r.amount), 0)
    FROM gone r JOIN customers c ON c.organization_id = r.organization_id AND c.id = r.customer_id
    WHERE r.record_type = 'opportunity' AND r.archived_at IS NULL AND r.state IS NOT NULL AND c.archived_at IS NULL AND NOT c.restricted
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
    RETURN NULL;
END $$;
CREATE FUNCTION opportunities_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO opportunity_sums (organization_id, month, state, currency, seen_to_by, owner_id, department_id, region, counted, amount)
    SELECT r.organization_id, date_trunc('month', r.created_at AT TIME ZONE 'UTC'), r.state, r.currency, coalesce(r.owner_id, f.owner_id), f.owner_id, f.department_id, f.region,
        f.sign * count(*), f.sign * coalesce(sum(r.amount), 0)
    FROM records r CROSS JOIN (VALUES
        (-1, OLD.owner_id, OLD.department_id, OLD.region, OLD.archived_at IS NULL AND NOT OLD.restricted),
        (1, NEW.owner_id, NEW.department_id, NEW.region, NEW.archived_at IS NULL AND NOT NEW.restricted)) f(sign, owner_id, department_id, region, counts)
    WHERE r.organization_id = NEW.organization_id AND r.customer_id = NEW.id AND f.counts
        AND r.record_type = 'opportunity' AND r.archived_at IS NULL AND r.state IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, f.sign;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION opportunities_came(), opportunities_went(), opportunities_follow() FROM PUBLIC;

CREATE TRIGGER opportunities_came AFTER INSERT ON records REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION opportunities_came();
CREATE TRIGGER opportunities_went AFTER DELETE ON records REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION opportunities_went();
CREATE TRIGGER opportunities_changed_to AFTER UPDATE ON records REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION opportunities_came();
CREATE TRIGGER opportunities_changed_from AFTER UPDATE ON records REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION opportunities_went();
CREATE TRIGGER opportunities_follow AFTER UPDATE OF owner_id, department_id, region, archived_at, restricted ON customers FOR EACH ROW
    WHEN ((OLD.owner_id, OLD.department_id, OLD.region, OLD.archived_at IS NULL, OLD.restricted)
        IS DISTINCT FROM (NEW.owner_id, NEW.department_id, NEW.region, NEW.archived_at IS NULL, NEW.restricted))
    EXECUTE FUNCTION opportunities_follow();

-- What is there already, in one pass (two seconds a million). The owner is fenced, too, so the fence is down for the length of this.
ALTER TABLE customers NO FORCE ROW LEVEL SECURITY;
ALTER TABLE records NO FORCE ROW LEVEL SECURITY;
ALTER TABLE opportunity_sums NO FORCE ROW LEVEL SECURITY;
INSERT INTO opportunity_sums (organization_id, month, state, currency, seen_to_by, owner_id, department_id, region, counted, amount)
    SELECT r.organization_id, date_trunc('month', r.created_at AT TIME ZONE 'UTC'), r.state, r.currency, coalesce(r.owner_id, c.owner_id), c.owner_id, c.department_id, c.region,
        count(*), coalesce(sum(r.amount), 0)
    FROM records r JOIN customers c ON c.organization_id = r.organization_id AND c.id = r.customer_id
    WHERE r.record_type = 'opportunity' AND r.archived_at IS NULL AND r.state IS NOT NULL AND c.archived_at IS NULL AND NOT c.restricted
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
ALTER TABLE customers FORCE ROW LEVEL SECURITY;
ALTER TABLE records FORCE ROW LEVEL SECURITY;
ALTER TABLE opportunity_sums FORCE ROW LEVEL SECURITY;
