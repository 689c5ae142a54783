-- Expand: an erasure that still waits goes where its request was taken back or turned down, and whoever has had processing restricted is left out of an erasure
-- of many. What took anything away is never removed.
GRANT DELETE ON erasures TO custodian_server;
CREATE POLICY called_off ON erasures AS RESTRICTIVE FOR DELETE USING (state = 'blocked');
ALTER TABLE erasure_batch_customers DROP CONSTRAINT erasure_batch_customers_outcome_check;
ALTER TABLE erasure_batch_customers ADD CONSTRAINT erasure_batch_customers_outcome_check
    CHECK (outcome IN ('erased', 'erased_before', 'blocked', 'held', 'restricted', 'failed'));
