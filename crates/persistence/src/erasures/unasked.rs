//! Whom the law has erased without being asked (PIPL art. 47): nothing that was agreed to is in force any more, and nothing else holds them here.

use custodian_domain::erasures::Ground;
use uuid::Uuid;

use crate::{DbError, Work};

/// An agreement to a purpose in force that has not outlived its time.
const STILL_AGREED: &str = "EXISTS (SELECT FROM consent_states o JOIN purposes q ON q.organization_id = o.organization_id AND q.code = o.purpose \
     WHERE o.organization_id = $1 AND o.customer_id = c.id AND o.state = 'given' AND q.state = 'active' AND o.at >= q.consents_from \
     AND (o.expires_at IS NULL OR o.expires_at > clock_timestamp()) \
     AND ((q.content->>'retention_days') IS NULL OR o.at + make_interval(days => (q.content->>'retention_days')::int) > clock_timestamp()))";

/// What holds somebody here without an agreement: they buy, there is a contract, a payment or a ticket, or another proposal is under way. What somebody said no to
/// since is not proposed again. Whoever stands at no stage does not buy: this must never be NULL, for it stands in a NOT.
const HELD_OTHERWISE: &str = "c.stage IS NOT DISTINCT FROM 'customer' OR EXISTS (SELECT FROM records r WHERE r.organization_id = $1 AND r.customer_id = c.id AND r.archived_at IS NULL \
     AND r.record_type IN ('contract', 'payment', 'ticket')) \
     OR EXISTS (SELECT FROM erasures e WHERE e.organization_id = $1 AND e.customer_id = c.id) \
     OR EXISTS (SELECT FROM erasure_batch_customers m JOIN erasure_batches b ON b.organization_id = $1 AND b.id = m.batch_id WHERE m.organization_id = $1 \
     AND m.customer_id = c.id AND (b.state IN ('pending', 'running') OR (b.origin = 'unasked' AND b.requested_at >= w.at)))";

/// What has ended for whom, and when.
const fn ended(ground: Ground) -> Option<&'static str> {
    match ground {
        Ground::ConsentWithdrawn => Some(
            "SELECT s.customer_id, max(s.at) AS at FROM consent_states s WHERE s.organization_id = $1 AND s.state = 'withdrawn' GROUP BY 1",
        ),
        Ground::PurposeDone => Some(
            "SELECT s.customer_id, max(p.updated_at) AS at FROM purposes p JOIN consent_states s ON s.organization_id = $1 AND s.purpose = p.code \
             AND s.state = 'given' WHERE p.organization_id = $1 AND p.state = 'retired' GROUP BY 1",
        ),
        Ground::RetentionOver => Some(
            "SELECT s.customer_id, max(s.at + make_interval(days => (p.content->>'retention_days')::int)) AS at FROM purposes p \
             JOIN consent_states s ON s.organization_id = $1 AND s.purpose = p.code AND s.state = 'given' WHERE p.organization_id = $1 AND p.state = 'active' \
             AND (p.content->>'retention_days') IS NOT NULL AND s.at + make_interval(days => (p.content->>'retention_days')::int) <= clock_timestamp() GROUP BY 1",
        ),
        Ground::SubjectRequest | Ground::Unlawful | Ground::Objection | Ground::LegalDuty => None,
    }
}

/// Keeps other proposals of the service waiting until the transaction ends: nobody is proposed twice.
pub async fn hold_proposals(work: &Work) -> Result<(), DbError> {
    let sql = "SELECT FROM pg_advisory_xact_lock(hashtextextended('custodian.erasures.unasked:' || $1::text, 0))";
    work.query(sql, &[&work.organization().uuid().to_string()]).await?;
    Ok(())
}

/// Those whom this ground is given for, in the order of their ids; nobody for a ground that people give.
pub async fn to_propose(work: &Work, ground: Ground, limit: i64) -> Result<Vec<Uuid>, DbError> {
    let Some(ended) = ended(ground) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT c.id FROM ({ended}) AS w(customer_id, at) JOIN customers c ON c.organization_id = $1 AND c.id = w.customer_id AND c.erased_at IS NULL AND NOT c.restricted \
         WHERE NOT {STILL_AGREED} AND NOT ({HELD_OTHERWISE}) ORDER BY c.id LIMIT $2"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &limit]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
