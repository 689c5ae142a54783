DROP TABLE legal_hold_customers;
DROP TABLE legal_holds;
