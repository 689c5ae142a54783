DROP TABLE idempotency_keys, job_queue, jobs;
