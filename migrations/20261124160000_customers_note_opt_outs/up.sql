-- Expand: whether a customer ever opted out, so that reading or locking one who never did asks no further table, and plans for none. The database notes it by
-- itself: an older program, which knows nothing of it, records some during an upgrade, too.
ALTER TABLE customers ADD COLUMN had_opt_outs boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN customers.had_opt_outs IS 'opt_outs has rows of it: without this there are none.';

CREATE FUNCTION customers_note_opt_outs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- In the order of every other lock of many.
    UPDATE customers c SET had_opt_outs = true FROM (SELECT k.organization_id, k.id FROM customers k
        WHERE (k.organization_id, k.id) IN (SELECT a.organization_id, a.customer_id FROM added a) AND NOT k.had_opt_outs ORDER BY k.id FOR NO KEY UPDATE) o
    WHERE c.organization_id = o.organization_id AND c.id = o.id;
    RETURN NULL;
END $$;
CREATE TRIGGER customers_note_opt_outs AFTER INSERT ON opt_outs
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION customers_note_opt_outs();

-- Planned once in a session, and not with every statement that may need it. It sees what the statement around it sees.
CREATE FUNCTION purposes_stopped(organization uuid, customer uuid) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(SELECT p.code FROM purposes p WHERE p.organization_id = organization AND p.sells_or_shares
        AND EXISTS (SELECT FROM opt_outs o WHERE o.organization_id = organization AND o.customer_id = customer
            AND NOT EXISTS (SELECT FROM consent_states g WHERE g.organization_id = organization AND g.customer_id = customer
                AND g.purpose = p.code AND g.state = 'given' AND g.at > o.at)));
END $$;
COMMENT ON FUNCTION purposes_stopped(uuid, uuid) IS 'Codes of the purposes that an opt-out of this customer stops: they sell or share, and were not agreed to since.';

CREATE FUNCTION ended_by_opt_out(organization uuid, customer uuid, code text, given_at timestamptz) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM opt_outs o WHERE o.organization_id = organization AND o.customer_id = customer AND o.at >= given_at)
        AND EXISTS (SELECT FROM purposes p WHERE p.organization_id = organization AND p.code = ended_by_opt_out.code AND p.sells_or_shares);
END $$;
COMMENT ON FUNCTION ended_by_opt_out(uuid, uuid, text, timestamptz) IS
    'Whether a yes of then to this purpose ended with an opt-out: the purpose sells or shares, and the customer opted out no earlier.';
REVOKE ALL ON FUNCTION customers_note_opt_outs(), purposes_stopped(uuid, uuid), ended_by_opt_out(uuid, uuid, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purposes_stopped(uuid, uuid), ended_by_opt_out(uuid, uuid, text, timestamptz) TO custodian_server;

-- What is there already. The owner is fenced, too, so the fence is down for the length of this.
ALTER TABLE customers NO FORCE ROW LEVEL SECURITY;
ALTER TABLE opt_outs NO FORCE ROW LEVEL SECURITY;
UPDATE customers c SET had_opt_outs = true FROM (SELECT DISTINCT organization_id, customer_id FROM opt_outs) o
    WHERE c.organization_id = o.organization_id AND c.id = o.customer_id;
ALTER TABLE customers FORCE ROW LEVEL SECURITY;
ALTER TABLE opt_outs FORCE ROW LEVEL SECURITY;
