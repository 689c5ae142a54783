DROP TABLE mfa_required_roles, mfa_challenges, mfa_recovery_codes, mfa_totp;
ALTER TABLE sessions DROP COLUMN authenticated_at, DROP COLUMN mfa_at;
