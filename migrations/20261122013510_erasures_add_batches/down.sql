DROP INDEX consent_states_withdrawn;
DROP TABLE erasure_batch_customers;
DROP TABLE erasure_batches;
