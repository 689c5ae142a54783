-- Expand: letters to customers are sealed under keys of their own, which are rewrapped when their epoch is left. The older program writes them as before, and
-- both are read. Its rounds of erasures know nothing of these keys and would destroy what opens them: older instances that run rounds are stopped before the
-- first newer one starts. What the newer one has written waits for a newer sender.
GRANT UPDATE (sealed_letter) ON mail_outbox TO custodian_server;
COMMENT ON COLUMN mail_outbox.sealed_letter IS 'Address, subject and text. To staff sealed under the organisation''s data key; to customers under a key of its own, wrapped by the passing bucket, which stands before it.';
