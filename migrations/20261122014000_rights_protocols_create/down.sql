DROP TABLE rights_callbacks, rights_exchanges, rights_messages, rights_partners;
-- The owner sees every organisation's rows for these two statements, and no longer.
ALTER TABLE privacy_requests NO FORCE ROW LEVEL SECURITY;
UPDATE privacy_requests SET channel = 'web' WHERE channel IN ('opendsr', 'drp');
UPDATE privacy_requests SET proof = 'signed_letter' WHERE proof = 'partner';
ALTER TABLE privacy_requests FORCE ROW LEVEL SECURITY;
ALTER TABLE privacy_requests DROP CONSTRAINT privacy_requests_channel_check;
ALTER TABLE privacy_requests ADD CONSTRAINT privacy_requests_channel_check
    CHECK (channel IN ('email', 'phone', 'letter', 'in_person', 'web', 'self_service'));
ALTER TABLE privacy_requests DROP CONSTRAINT privacy_requests_proof_check;
ALTER TABLE privacy_requests ADD CONSTRAINT privacy_requests_proof_check
    CHECK (proof IN ('code', 'document', 'in_person', 'signed_letter'));
