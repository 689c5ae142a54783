//! Requests held until a transaction ends: the organisation's first, then whose they are, then the requests themselves. Whoever erases or merges somebody
//! holds them before their requests, too.

use custodian_domain::kernel::CustomerId;
use uuid::Uuid;

use super::{COLUMNS, RequestRow, find};
use crate::customers::lock_any;
use crate::{DbError, Work};

/// Lets requests of the organisation move one at a time until the transaction ends: which of several stands is decided among all of a person's.
pub async fn hold(work: &Work) -> Result<(), DbError> {
    let sql = "SELECT pg_advisory_xact_lock(hashtextextended('custodian.privacy:' || $1, 0))";
    work.query(sql, &[&work.organization().to_string()]).await?;
    Ok(())
}

/// One request and whose it is, whatever became of them; held until the transaction ends. The organisation's requests must be held.
pub async fn lock(work: &Work, id: Uuid) -> Result<Option<RequestRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM privacy_requests WHERE organization_id = $1 AND id = $2 AND customer_id IS NOT DISTINCT FROM $3::uuid FOR UPDATE"
    );
    let organization = work.organization().uuid();
    while let Some(seen) = find(work, id).await? {
        if let Some(customer) = seen.customer {
            lock_any(work, CustomerId::from(customer)).await?;
        }
        // It is somebody else's by now where they were merged meanwhile: those are to be held first as well.
        if let Some(row) = work.query_opt(&sql, &[&organization, &id, &seen.customer]).await? {
            return Ok(Some(RequestRow::from(&row)));
        }
    }
    Ok(None)
}

/// One request, held until the transaction ends, for a change that touches nothing of whose it is.
pub async fn lock_alone(work: &Work, id: Uuid) -> Result<Option<RequestRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM privacy_requests WHERE organization_id = $1 AND id = $2 FOR UPDATE");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(RequestRow::from))
}

/// The open requests of a person for a right, oldest first, held with the person until the transaction ends.
pub async fn lock_open(
    work: &Work,
    customer: Uuid,
    right: &str,
    jurisdiction: &str,
) -> Result<Vec<RequestRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM privacy_requests WHERE organization_id = $1 AND customer_id = $2 AND right_code = $3 AND jurisdiction = $4 AND closed_at IS NULL \
         ORDER BY id FOR UPDATE"
    );
    lock_any(work, CustomerId::from(customer)).await?;
    let rows = work.query(&sql, &[&work.organization().uuid(), &customer, &right, &jurisdiction]).await?;
    Ok(rows.iter().map(RequestRow::from).collect())
}

/// Ids of the open requests that point to one of these.
pub async fn pointing_to(work: &Work, standing: &[Uuid]) -> Result<Vec<Uuid>, DbError> {
    let sql = "SELECT id FROM privacy_requests WHERE organization_id = $1 AND duplicate_of = ANY($2) AND closed_at IS NULL ORDER BY id";
    let rows = work.query(sql, &[&work.organization().uuid(), &standing]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The requests that ended with the answer to another one which is somebody else's by now, where either of the two is among these; oldest first, held until
/// the transaction ends.
pub async fn answered_apart(work: &Work, moved: &[Uuid]) -> Result<Vec<RequestRow>, DbError> {
    // Both ended at one moment where the one answered the other.
    let sql = format!(
        "SELECT {COLUMNS} FROM privacy_requests WHERE organization_id = $1 AND state = 'cancelled' AND id IN \
         (SELECT d.id FROM privacy_requests d JOIN privacy_requests s ON s.organization_id = $1 AND s.id = d.duplicate_of \
         WHERE d.organization_id = $1 AND (d.id = ANY($2) OR s.id = ANY($2)) AND d.customer_id <> s.customer_id AND d.closed_at = s.closed_at \
         AND s.state <> 'cancelled') ORDER BY id FOR UPDATE"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &moved]).await?;
    Ok(rows.iter().map(RequestRow::from).collect())
}
