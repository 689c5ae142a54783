-- Expand: what somebody sees to is found when they leave.
CREATE INDEX records_by_owner ON records (organization_id, owner_id, customer_id, id) WHERE archived_at IS NULL;
