DROP TABLE customer_versions, blind_indexes, customers;
