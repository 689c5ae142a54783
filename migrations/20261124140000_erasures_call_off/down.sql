ALTER TABLE erasure_batch_customers DROP CONSTRAINT erasure_batch_customers_outcome_check;
ALTER TABLE erasure_batch_customers ADD CONSTRAINT erasure_batch_customers_outcome_check
    CHECK (outcome IN ('erased', 'erased_before', 'blocked', 'held', 'failed'));
DROP POLICY called_off ON erasures;
REVOKE DELETE ON erasures FROM custodian_server;
