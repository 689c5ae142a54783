COMMENT ON COLUMN mail_outbox.sealed_letter IS 'Address, subject and text, sealed under the organisation''s data key.';
REVOKE UPDATE (sealed_letter) ON mail_outbox FROM custodian_server;
