//! Where people have logged in from, as keyed tags.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::UserId;

use crate::{DbError, Work};

/// Notes that a person logged in from an address. The newest twenty are kept.
pub async fn note(work: &Work, user: UserId, address: &[u8], at: DateTime<Utc>) -> Result<(), DbError> {
    const TRIM: &str = "DELETE FROM known_addresses WHERE organization_id = $1 AND user_id = $2 AND address NOT IN (SELECT address \
         FROM known_addresses WHERE organization_id = $1 AND user_id = $2 ORDER BY last_seen_at DESC, address LIMIT 20)";
    let (organization, user) = (work.organization().uuid(), user.uuid());
    let sql = "INSERT INTO known_addresses (organization_id, user_id, address, last_seen_at) VALUES ($1, $2, $3, $4::timestamptz) \
         ON CONFLICT (organization_id, user_id, address) DO UPDATE SET last_seen_at = $4 \
         WHERE known_addresses.last_seen_at < $4::timestamptz - interval '1 day'";
    if work.execute(sql, &[&organization, &user, &address, &at]).await? > 0 {
        work.execute(TRIM, &[&organization, &user]).await?;
    }
    Ok(())
}

/// Whether a person has logged in from an address within ninety days.
pub async fn is_known(work: &Work, user: UserId, address: &[u8], at: DateTime<Utc>) -> Result<bool, DbError> {
    let sql = "SELECT EXISTS (SELECT FROM known_addresses WHERE organization_id = $1 AND user_id = $2 AND address = $3 \
         AND last_seen_at > $4::timestamptz - interval '90 days')";
    Ok(work.query_one(sql, &[&work.organization().uuid(), &user.uuid(), &address, &at]).await?.get(0))
}
