//! Tokens of identity providers, and what they call our accounts.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use custodian_domain::kernel::UserId;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// One token; the secret is not here.
#[derive(Clone, Debug)]
pub struct TokenRow {
    /// Its id.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// Keyed digest of the secret.
    pub secret_digest: Vec<u8>,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl From<&Row> for TokenRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            name: row.get(1),
            secret_digest: row.get(2),
            created_by: UserId::from(row.get::<_, Uuid>(3)),
            created_at: row.get(4),
            expires_at: row.get(5),
            revoked_at: row.get(6),
        }
    }
}

const SELECT: &str = "SELECT id, name, secret_digest, created_by, created_at, expires_at, revoked_at, \
     revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp()) FROM scim_tokens WHERE organization_id = $1";

/// Adds a token.
pub async fn insert_token(work: &Work, row: &TokenRow) -> Result<(), DbError> {
    let TokenRow { id, name, secret_digest, created_by, created_at, expires_at, revoked_at: _ } = row;
    let sql = "INSERT INTO scim_tokens (organization_id, id, name, secret_digest, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (organization, created_by) = (work.organization().uuid(), created_by.uuid());
    work.execute(sql, &[&organization, id, name, secret_digest, &created_by, created_at, expires_at]).await?;
    Ok(())
}

/// The token, and whether it is in force by the database's own clock.
pub async fn find_token(work: &Work, id: Uuid) -> Result<Option<(TokenRow, bool)>, DbError> {
    let sql = format!("{SELECT} AND id = $2");
    let row = work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?;
    Ok(row.map(|row| (TokenRow::from(&row), row.get(7))))
}

/// A page of tokens in order of id, each with whether it is in force.
pub async fn list_tokens(work: &Work, after: Option<Uuid>, limit: i64) -> Result<Vec<(TokenRow, bool)>, DbError> {
    let sql = format!("{SELECT} AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3");
    let rows = work.query(&sql, &[&work.organization().uuid(), &after, &limit]).await?;
    Ok(rows.iter().map(|row| (TokenRow::from(row), row.get(7))).collect())
}

/// Revokes a token; false when it was revoked before.
pub async fn revoke_token(work: &Work, id: Uuid, at: DateTime<Utc>) -> Result<bool, DbError> {
    let sql = "UPDATE scim_tokens SET revoked_at = $3 WHERE organization_id = $1 AND id = $2 AND revoked_at IS NULL";
    Ok(work.execute(sql, &[&work.organization().uuid(), &id, &at]).await? == 1)
}

/// Revokes every token that somebody made; how many were in force until now.
pub async fn revoke_all(work: &Work, by: UserId, at: DateTime<Utc>) -> Result<u64, DbError> {
    let sql =
        "UPDATE scim_tokens SET revoked_at = $3 WHERE organization_id = $1 AND created_by = $2 AND revoked_at IS NULL";
    work.execute(sql, &[&work.organization().uuid(), &by.uuid(), &at]).await
}

/// What the identity provider calls each account.
pub async fn external_ids(work: &Work) -> Result<HashMap<UserId, String>, DbError> {
    let rows = work
        .query("SELECT user_id, external_id FROM scim_users WHERE organization_id = $1", &[&work.organization().uuid()])
        .await?;
    Ok(rows.iter().map(|row| (UserId::from(row.get::<_, Uuid>(0)), row.get(1))).collect())
}

/// Notes, or forgets, what the identity provider calls an account.
pub async fn set_external_id(work: &Work, user: UserId, external_id: Option<&str>) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    match external_id {
        Some(external_id) => {
            let sql = "INSERT INTO scim_users (organization_id, user_id, external_id) VALUES ($1, $2, $3) \
                       ON CONFLICT (organization_id, user_id) DO UPDATE SET external_id = $3";
            work.execute(sql, &[&organization, &user.uuid(), &external_id]).await?;
        }
        None => {
            let sql = "DELETE FROM scim_users WHERE organization_id = $1 AND user_id = $2";
            work.execute(sql, &[&organization, &user.uuid()]).await?;
        }
    }
    Ok(())
}

/// Gives an account another address.
pub async fn set_email(work: &Work, user: UserId, sealed_email: &[u8], lookup: &[u8]) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    let sql = "DELETE FROM credential_lookups WHERE organization_id = $1 AND subject_id = $2";
    work.execute(sql, &[&organization, &user.uuid()]).await?;
    crate::users::add_lookup(work, lookup, user.uuid()).await?;
    let sql = "UPDATE users SET sealed_email = $3 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&organization, &user.uuid(), &sealed_email]).await?;
    Ok(())
}

/// Counts an account's version up.
pub async fn touch(work: &Work, user: UserId) -> Result<(), DbError> {
    let sql = "UPDATE users SET version = version + 1 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &user.uuid()]).await?;
    Ok(())
}
