DROP TABLE mail_queue, mail_outbox;
