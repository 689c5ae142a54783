//! Providers of single sign-on, the people they vouch for, and log-ins under way.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::UserId;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// One provider.
#[derive(Clone, Debug)]
pub struct ProviderRow {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Its issuer, word for word.
    pub issuer: String,
    /// Our client id there.
    pub client_id: String,
    /// Our secret there, sealed under the organisation's data key.
    pub sealed_secret: Option<Vec<u8>>,
    /// Whether its word that a second factor was shown counts as one.
    pub trusts_mfa: bool,
    /// Whether people may log in by it.
    pub enabled: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl From<&Row> for ProviderRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            name: row.get(1),
            issuer: row.get(2),
            client_id: row.get(3),
            sealed_secret: row.get(4),
            trusts_mfa: row.get(5),
            enabled: row.get(6),
            created_at: row.get(7),
        }
    }
}

const SELECT: &str = "SELECT id, name, issuer, client_id, sealed_secret, trusts_mfa, enabled, created_at FROM sso_providers WHERE organization_id = $1";

/// Adds a provider.
pub async fn insert(work: &Work, row: &ProviderRow) -> Result<(), DbError> {
    let ProviderRow { id, name, issuer, client_id, sealed_secret, trusts_mfa, enabled, created_at } = row;
    let sql = "INSERT INTO sso_providers (organization_id, id, name, issuer, client_id, sealed_secret, trusts_mfa, enabled, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let organization = work.organization().uuid();
    work.execute(sql, &[&organization, id, name, issuer, client_id, sealed_secret, trusts_mfa, enabled, created_at])
        .await?;
    Ok(())
}

/// Changes everything of a provider but its issuer.
pub async fn update(work: &Work, row: &ProviderRow) -> Result<(), DbError> {
    let ProviderRow { id, name, client_id, sealed_secret, trusts_mfa, enabled, .. } = row;
    let sql = "UPDATE sso_providers SET name = $3, client_id = $4, sealed_secret = $5, trusts_mfa = $6, enabled = $7 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), id, name, client_id, sealed_secret, trusts_mfa, enabled]).await?;
    Ok(())
}

/// Takes a provider away, with whom it vouched for and its log-ins under way.
pub async fn delete(work: &Work, id: Uuid) -> Result<(), DbError> {
    let sql = "DELETE FROM sso_providers WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id]).await?;
    Ok(())
}

/// One provider.
pub async fn find(work: &Work, id: Uuid) -> Result<Option<ProviderRow>, DbError> {
    let sql = format!("{SELECT} AND id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(ProviderRow::from))
}

/// One provider, locked.
pub async fn lock(work: &Work, id: Uuid) -> Result<Option<ProviderRow>, DbError> {
    let sql = format!("{SELECT} AND id = $2 FOR UPDATE");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(ProviderRow::from))
}

/// A page of providers in order of id, after `after` if given.
pub async fn list(work: &Work, after: Option<Uuid>, limit: i64) -> Result<Vec<ProviderRow>, DbError> {
    let sql = format!("{SELECT} AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3");
    Ok(work.query(&sql, &[&work.organization().uuid(), &after, &limit]).await?.iter().map(ProviderRow::from).collect())
}

/// Whom a provider's subject stands for.
pub async fn linked(work: &Work, provider: Uuid, subject_tag: &[u8]) -> Result<Option<UserId>, DbError> {
    let sql = "SELECT user_id FROM sso_links WHERE organization_id = $1 AND provider_id = $2 AND subject_tag = $3";
    let row = work.query_opt(sql, &[&work.organization().uuid(), &provider, &subject_tag]).await?;
    Ok(row.map(|row| UserId::from(row.get::<_, Uuid>(0))))
}

/// Links a subject to somebody; false when that person, or the subject, is linked already.
pub async fn link(
    work: &Work,
    provider: Uuid,
    subject_tag: &[u8],
    user: UserId,
    at: DateTime<Utc>,
) -> Result<bool, DbError> {
    let sql = "INSERT INTO sso_links (organization_id, provider_id, subject_tag, user_id, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    Ok(work.execute(sql, &[&work.organization().uuid(), &provider, &subject_tag, &user.uuid(), &at]).await? == 1)
}

/// Takes a person's links away; how many there were.
pub async fn unlink(work: &Work, user: UserId) -> Result<u64, DbError> {
    let sql = "DELETE FROM sso_links WHERE organization_id = $1 AND user_id = $2";
    work.execute(sql, &[&work.organization().uuid(), &user.uuid()]).await
}

/// A log-in that is at its provider.
#[derive(Clone, Debug)]
pub struct LoginRow {
    /// Its id, inside the state.
    pub id: Uuid,
    /// The provider.
    pub provider: Uuid,
    /// Keyed digest of what the browser holds.
    pub browser_digest: Vec<u8>,
    /// Sealed under the organisation's data key.
    pub sealed_nonce: Vec<u8>,
    /// Sealed under the organisation's data key.
    pub sealed_verifier: Vec<u8>,
    /// Afterwards it is over.
    pub expires_at: DateTime<Utc>,
}

/// Notes a log-in; those whose time is over go.
pub async fn insert_login(work: &Work, row: &LoginRow, now: DateTime<Utc>) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    work.execute("DELETE FROM sso_logins WHERE organization_id = $1 AND expires_at <= $2", &[&organization, &now])
        .await?;
    let LoginRow { id, provider, browser_digest, sealed_nonce, sealed_verifier, expires_at } = row;
    let sql = "INSERT INTO sso_logins (organization_id, id, provider_id, browser_digest, sealed_nonce, sealed_verifier, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    work.execute(sql, &[&organization, id, provider, browser_digest, sealed_nonce, sealed_verifier, expires_at])
        .await?;
    Ok(())
}

/// Takes a log-in: its state works once.
pub async fn take_login(work: &Work, id: Uuid) -> Result<Option<LoginRow>, DbError> {
    let sql = "DELETE FROM sso_logins WHERE organization_id = $1 AND id = $2 RETURNING id, provider_id, browser_digest, sealed_nonce, sealed_verifier, expires_at";
    let row = work.query_opt(sql, &[&work.organization().uuid(), &id]).await?;
    Ok(row.map(|row| LoginRow {
        id: row.get(0),
        provider: row.get(1),
        browser_digest: row.get(2),
        sealed_nonce: row.get(3),
        sealed_verifier: row.get(4),
        expires_at: row.get(5),
    }))
}
