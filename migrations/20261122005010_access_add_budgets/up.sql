-- Expand: how many people a member of staff looked at closely today, and how often they searched by last digits. Counted here, so that it holds
-- across sessions, instances and restarts.
CREATE TABLE access_budget_days (
    organization_id uuid NOT NULL REFERENCES organizations,
    caller_id uuid NOT NULL,
    day date NOT NULL,
    kind text NOT NULL CHECK (kind IN ('reveals', 'last4_searches')),
    used integer NOT NULL CHECK (used >= 0),
    PRIMARY KEY (organization_id, caller_id, day, kind));
COMMENT ON TABLE access_budget_days IS 'What was spent, per caller and day (UTC, by this database''s clock).';

CREATE TABLE access_budget_people (
    organization_id uuid NOT NULL,
    caller_id uuid NOT NULL,
    day date NOT NULL,
    customer_id uuid NOT NULL,
    PRIMARY KEY (organization_id, caller_id, day, customer_id));
COMMENT ON TABLE access_budget_people IS 'Whom it was spent on: each customer counts once a day. No foreign keys: one row per first look is written on the read path.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['access_budget_days', 'access_budget_people'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid)', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON access_budget_days TO custodian_server;
GRANT SELECT, INSERT, DELETE ON access_budget_people TO custodian_server;
