-- Expand: customers, sealed. No foreign keys on the bulk tables: each costs a look-up per row of an import, and the use case checks the same inside its transaction.
CREATE TABLE customers (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    stage text,
    source text,
    region text,
    owner_id uuid,
    department_id uuid,
    restricted boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by uuid NOT NULL,
    archived_at timestamptz,
    key_version integer NOT NULL,
    wrapped_key bytea NOT NULL,
    fields bytea NOT NULL,
    tags bytea NOT NULL,
    PRIMARY KEY (organization_id, id));
CREATE INDEX customers_by_owner ON customers (organization_id, owner_id, id);
CREATE INDEX customers_by_department ON customers (organization_id, department_id, id);
CREATE INDEX customers_by_update ON customers (organization_id, updated_at, id);
COMMENT ON COLUMN customers.fields IS 'Packed sealed values: key length u8, key, field version u32, length u32, sealed value.';
COMMENT ON COLUMN customers.tags IS 'The blind-index tags of this row, 16 bytes each, so that a change can remove exactly its own.';

CREATE TABLE blind_indexes (
    organization_id uuid NOT NULL,
    tag bytea NOT NULL,
    customer_id uuid NOT NULL,
    is_unique boolean NOT NULL,
    PRIMARY KEY (organization_id, tag, customer_id));
CREATE UNIQUE INDEX blind_indexes_unique ON blind_indexes (organization_id, tag) WHERE is_unique;
COMMENT ON TABLE blind_indexes IS 'HMAC tags of normalised values. Leaks equality inside one organisation, nothing else.';

CREATE TABLE customer_versions (
    organization_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by uuid NOT NULL,
    actor_kind text NOT NULL,
    changed_fields text[] NOT NULL,
    previous jsonb NOT NULL,
    previous_fields bytea NOT NULL,
    PRIMARY KEY (organization_id, customer_id, version));
COMMENT ON TABLE customer_versions IS 'What each version replaced, sealed under the customer''s own key: history dies with the customer.';
