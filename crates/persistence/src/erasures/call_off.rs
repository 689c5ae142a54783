//! Erasures that wait and are not to come: their request was taken back or turned down.

use custodian_domain::kernel::CustomerId;
use uuid::Uuid;

use crate::{DbError, Work};

/// Removes the erasure of a locked customer that still waits, where its request was taken back or turned down, and lifts the restriction that it laid unless
/// another one is in force. Its id and that of the request.
pub async fn call_off(work: &Work, customer: CustomerId) -> Result<Option<(Uuid, Uuid)>, DbError> {
    const REMOVE: &str = "DELETE FROM erasures e USING privacy_requests r WHERE e.organization_id = $1 AND e.customer_id = $2 AND e.state = 'blocked' \
         AND r.organization_id = $1 AND r.id = e.privacy_request_id AND r.state IN ('cancelled', 'rejected') RETURNING e.id, r.id";
    const LIFT: &str = "UPDATE customers c SET restricted = EXISTS (SELECT FROM privacy_restrictions r WHERE r.organization_id = $1 AND r.customer_id = $2 \
         AND r.lifted_at IS NULL) WHERE c.organization_id = $1 AND c.id = $2";
    let (organization, id) = (work.organization().uuid(), customer.uuid());
    let Some(row) = work.query_opt(REMOVE, &[&organization, &id]).await? else { return Ok(None) };
    work.execute(LIFT, &[&organization, &id]).await?;
    Ok(Some((row.get(0), row.get(1))))
}
