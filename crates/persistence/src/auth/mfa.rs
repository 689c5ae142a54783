//! Second factors of staff, log-ins that wait for one, and the roles that must show one.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{SessionId, UserId};
use uuid::Uuid;

use crate::{DbError, Work};

/// One person's TOTP key (RFC 6238).
#[derive(Clone, Debug)]
pub struct TotpRow {
    /// Sealed under the organisation's data key.
    pub sealed_secret: Vec<u8>,
    /// When the first code was shown; `None` while it only waits for that.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// The newest step that was accepted.
    pub last_step: i64,
    /// Wrong codes since the last right one.
    pub failures: i32,
    /// When the last of them was shown.
    pub failed_at: Option<DateTime<Utc>>,
}

/// The person's key, locked: two instances cannot accept one step.
pub async fn lock_totp(work: &Work, user: UserId) -> Result<Option<TotpRow>, DbError> {
    let sql = "SELECT sealed_secret, confirmed_at, last_step, failures, failed_at FROM mfa_totp \
               WHERE organization_id = $1 AND user_id = $2 FOR UPDATE";
    let row = work.query_opt(sql, &[&work.organization().uuid(), &user.uuid()]).await?;
    Ok(row.map(|row| TotpRow {
        sealed_secret: row.get(0),
        confirmed_at: row.get(1),
        last_step: row.get(2),
        failures: row.get(3),
        failed_at: row.get(4),
    }))
}

/// Puts a key in wait for its first code, in place of one that waited before.
pub async fn begin_totp(work: &Work, user: UserId, sealed: &[u8], at: DateTime<Utc>) -> Result<(), DbError> {
    let sql = "INSERT INTO mfa_totp (organization_id, user_id, sealed_secret, created_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (organization_id, user_id) DO UPDATE SET sealed_secret = $3, created_at = $4, last_step = 0 \
               WHERE mfa_totp.confirmed_at IS NULL";
    work.execute(sql, &[&work.organization().uuid(), &user.uuid(), &sealed, &at]).await?;
    Ok(())
}

/// Accepts a step; the first one confirms the key. Wrong codes are forgotten.
pub async fn accept_step(work: &Work, user: UserId, step: i64, at: DateTime<Utc>) -> Result<(), DbError> {
    let sql = "UPDATE mfa_totp SET last_step = $3, failures = 0, failed_at = NULL, confirmed_at = COALESCE(confirmed_at, $4) \
               WHERE organization_id = $1 AND user_id = $2";
    work.execute(sql, &[&work.organization().uuid(), &user.uuid(), &step, &at]).await?;
    Ok(())
}

/// Counts a wrong code.
pub async fn count_failure(work: &Work, user: UserId, at: DateTime<Utc>) -> Result<(), DbError> {
    let sql = "UPDATE mfa_totp SET failures = failures + 1, failed_at = $3 WHERE organization_id = $1 AND user_id = $2";
    work.execute(sql, &[&work.organization().uuid(), &user.uuid(), &at]).await?;
    Ok(())
}

/// Takes the key and its recovery codes away, and from the person's sessions that it was shown; false when there was none.
pub async fn remove_totp(work: &Work, user: UserId) -> Result<bool, DbError> {
    let sql = "UPDATE sessions SET mfa_at = NULL WHERE organization_id = $1 AND user_id = $2 AND ended_at IS NULL";
    work.execute(sql, &[&work.organization().uuid(), &user.uuid()]).await?;
    let sql = "DELETE FROM mfa_totp WHERE organization_id = $1 AND user_id = $2";
    Ok(work.execute(sql, &[&work.organization().uuid(), &user.uuid()]).await? == 1)
}

/// Puts these recovery codes in place of all others.
pub async fn replace_recovery_codes(work: &Work, user: UserId, digests: &[Vec<u8>]) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    let sql = "DELETE FROM mfa_recovery_codes WHERE organization_id = $1 AND user_id = $2";
    work.execute(sql, &[&organization, &user.uuid()]).await?;
    let sql =
        "INSERT INTO mfa_recovery_codes (organization_id, user_id, digest) SELECT $1, $2, * FROM unnest($3::bytea[])";
    work.execute(sql, &[&organization, &user.uuid(), &digests]).await?;
    Ok(())
}

/// Spends a recovery code; false when there is none such, or it was spent before.
pub async fn spend_recovery_code(work: &Work, user: UserId, digest: &[u8], at: DateTime<Utc>) -> Result<bool, DbError> {
    let sql = "UPDATE mfa_recovery_codes SET used_at = $4 WHERE organization_id = $1 AND user_id = $2 AND digest = $3 AND used_at IS NULL";
    Ok(work.execute(sql, &[&work.organization().uuid(), &user.uuid(), &digest, &at]).await? == 1)
}

/// What is known of a person's second factor, and of a session's proofs.
#[derive(Clone, Copy, Debug)]
pub struct Proofs {
    /// When a TOTP key was confirmed.
    pub enrolled_at: Option<DateTime<Utc>>,
    /// Recovery codes left.
    pub recovery_codes: i64,
    /// Whether a role of the person must show a second factor.
    pub required: bool,
    /// When the session last proved the person, by any means.
    pub authenticated_at: Option<DateTime<Utc>>,
    /// When the session last showed a second factor.
    pub mfa_at: Option<DateTime<Utc>>,
}

/// The proofs of a person and of one of its sessions.
pub async fn proofs(work: &Work, user: UserId, session: SessionId) -> Result<Proofs, DbError> {
    let sql = "SELECT t.confirmed_at, \
         (SELECT count(*) FROM mfa_recovery_codes c WHERE c.organization_id = $1 AND c.user_id = $2 AND c.used_at IS NULL), \
         EXISTS (SELECT FROM user_roles r JOIN mfa_required_roles m USING (organization_id, role_code) WHERE r.organization_id = $1 AND r.user_id = $2), \
         COALESCE(s.authenticated_at, s.created_at), s.mfa_at FROM (SELECT) AS one \
         LEFT JOIN mfa_totp t ON t.organization_id = $1 AND t.user_id = $2 \
         LEFT JOIN sessions s ON s.organization_id = $1 AND s.id = $3 AND s.user_id = $2";
    let row = work.query_one(sql, &[&work.organization().uuid(), &user.uuid(), &session.uuid()]).await?;
    Ok(Proofs {
        enrolled_at: row.get(0),
        recovery_codes: row.get(1),
        required: row.get(2),
        authenticated_at: row.get(3),
        mfa_at: row.get(4),
    })
}

/// Notes that a session has proved its person again.
pub async fn prove(work: &Work, session: SessionId, at: DateTime<Utc>, by_second_factor: bool) -> Result<(), DbError> {
    let sql = "UPDATE sessions SET authenticated_at = $3, mfa_at = CASE WHEN $4 THEN $3 ELSE mfa_at END \
               WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &session.uuid(), &at, &by_second_factor]).await?;
    Ok(())
}

/// Notes a log-in that waits for its second factor; those whose time is over go.
pub async fn insert_challenge(
    work: &Work,
    id: Uuid,
    user: UserId,
    at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    let sql = "DELETE FROM mfa_challenges WHERE organization_id = $1 AND user_id = $2 AND expires_at <= $3";
    work.execute(sql, &[&organization, &user.uuid(), &at]).await?;
    let sql =
        "INSERT INTO mfa_challenges (organization_id, id, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
    work.execute(sql, &[&organization, &id, &user.uuid(), &at, &expires_at]).await?;
    Ok(())
}

/// Whose log-in waits, locked; nothing when it was completed or its time is over.
pub async fn lock_challenge(work: &Work, id: Uuid, at: DateTime<Utc>) -> Result<Option<UserId>, DbError> {
    let sql =
        "SELECT user_id FROM mfa_challenges WHERE organization_id = $1 AND id = $2 AND expires_at > $3 FOR UPDATE";
    let row = work.query_opt(sql, &[&work.organization().uuid(), &id, &at]).await?;
    Ok(row.map(|row| UserId::from(row.get::<_, Uuid>(0))))
}

/// Completes a log-in: its challenge works once.
pub async fn spend_challenge(work: &Work, id: Uuid) -> Result<(), DbError> {
    let sql = "DELETE FROM mfa_challenges WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id]).await?;
    Ok(())
}

/// The roles that must show a second factor, in order.
pub async fn required_roles(work: &Work) -> Result<Vec<String>, DbError> {
    let sql = "SELECT role_code FROM mfa_required_roles WHERE organization_id = $1 ORDER BY 1";
    Ok(work.query(sql, &[&work.organization().uuid()]).await?.iter().map(|row| row.get(0)).collect())
}

/// Puts these roles in place of those before.
pub async fn replace_required_roles(work: &Work, roles: &[String]) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    work.execute("DELETE FROM mfa_required_roles WHERE organization_id = $1", &[&organization]).await?;
    let sql = "INSERT INTO mfa_required_roles (organization_id, role_code) SELECT $1, * FROM unnest($2::text[])";
    work.execute(sql, &[&organization, &roles]).await?;
    Ok(())
}
