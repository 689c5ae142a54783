DROP TABLE security_ledger_queue;
