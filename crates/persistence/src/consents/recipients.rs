//! Who must hear of a withdrawal, and who has.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use super::Event;
use crate::{DbError, Work};

/// One recipient of one withdrawal.
#[derive(Clone, Debug)]
pub struct RecipientRow {
    /// The withdrawal.
    pub id: Uuid,
    /// The third party.
    pub third_party: Uuid,
    /// Its name.
    pub name: String,
    /// The record that was withdrawn.
    pub consent: Uuid,
    /// Whose.
    pub customer: Uuid,
    /// Code of the purpose.
    pub purpose: String,
    /// A channel, or `*`.
    pub channel: String,
    /// When it was withdrawn.
    pub at: DateTime<Utc>,
    /// Until when it must be acknowledged.
    pub due_at: DateTime<Utc>,
    /// When it was acknowledged.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Whether it is late, by the database's clock.
    pub overdue: bool,
    /// Whether its word that it has acted was signed.
    pub signed: bool,
    /// When it was told: by the first of its webhooks that took the news; where none was to be told, since one of its live keys may read it. None until then.
    pub notified_at: Option<DateTime<Utc>>,
}

impl From<&Row> for RecipientRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            third_party: row.get(1),
            name: row.get(2),
            consent: row.get(3),
            customer: row.get(4),
            purpose: row.get(5),
            channel: row.get(6),
            at: row.get(7),
            due_at: row.get(8),
            acknowledged_at: row.get(9),
            overdue: row.get(10),
            signed: row.get(11),
            notified_at: row.get(12),
        }
    }
}

// News of a case has the id of the case. Only what was queued for it counts, never what a webhook takes today: a change of one must not change what has been. What was dropped
// untried was none of its business. Until news has its place nobody knows whose it is, and whoever has a webhook waits: what was told would be taken back.
const SELECT: &str = "SELECT r.id, r.third_party_id, t.name, r.consent_id, r.customer_id, r.purpose, r.channel, r.at, r.due_at, r.acknowledged_at, \
     r.acknowledged_at IS NULL AND r.due_at <= clock_timestamp(), r.signed, coalesce(\
       (SELECT min((one ->> 'at')::timestamptz) FROM webhooks w \
         JOIN webhook_deliveries d ON d.organization_id = w.organization_id AND d.webhook_id = w.id AND d.event_id = r.id \
         CROSS JOIN jsonb_array_elements(d.tries) AS one \
         WHERE w.organization_id = r.organization_id AND w.third_party_id = r.third_party_id AND one ->> 'outcome' = 'delivered'), \
       (SELECT min(greatest(r.at, k.created_at)) FROM api_keys k WHERE k.organization_id = r.organization_id AND k.third_party_id = r.third_party_id \
         AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()) \
         AND k.permissions && ARRAY['withdrawals.acknowledge', 'events.read'] AND (cardinality(k.purposes) = 0 OR r.purpose = ANY(k.purposes)) \
         AND NOT EXISTS (SELECT FROM webhooks w \
           LEFT JOIN webhook_deliveries d ON d.organization_id = w.organization_id AND d.webhook_id = w.id AND d.event_id = r.id \
           WHERE w.organization_id = r.organization_id AND w.third_party_id = r.third_party_id AND CASE WHEN d.id IS NOT NULL THEN d.state <> 'dropped' OR d.tries <> '[]' \
             ELSE w.disabled IS NULL AND EXISTS (SELECT FROM events e WHERE e.organization_id = r.organization_id AND e.id = r.id AND e.position IS NULL) END))) \
     FROM withdrawal_recipients r \
     JOIN third_parties t ON t.organization_id = r.organization_id AND t.id = r.third_party_id WHERE r.organization_id = $1";

/// Who receives what a purpose hands on, beside those with a key that is bound to it.
#[derive(Clone, Copy, Debug)]
pub struct Whom<'a> {
    /// Names of third parties.
    pub named: &'a [String],
    /// Codes of permissions: with one of them a key that is bound to no purpose serves each.
    pub readers: &'a [&'a str],
}

/// Opens a case with every recipient of the purpose: those that it names, and those that hold a live key bound to it, or one that reads and is bound to none.
/// How many there are.
pub async fn open_cases(work: &Work, events: &[Event], whom: Whom<'_>, due: DateTime<Utc>) -> Result<u64, DbError> {
    const SQL: &str = "INSERT INTO withdrawal_recipients (organization_id, id, third_party_id, consent_id, customer_id, purpose, channel, at, due_at) \
         SELECT $1, e.id, t.id, e.consent_id, e.customer_id, e.purpose, e.channel, e.at, $3 \
         FROM unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::timestamptz[]) AS e(id, consent_id, customer_id, purpose, channel, at) \
         JOIN third_parties t ON t.organization_id = $1 WHERE (t.name = ANY($2) OR EXISTS (SELECT FROM api_keys k WHERE k.organization_id = $1 \
           AND k.third_party_id = t.id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()) AND (e.purpose = ANY(k.purposes) \
             OR cardinality(k.purposes) = 0 AND k.permissions && $10::text[])))";
    let each = |read: fn(&Event) -> Uuid| events.iter().map(read).collect::<Vec<_>>();
    let text = |read: fn(&Event) -> &str| events.iter().map(read).collect::<Vec<&str>>();
    let at: Vec<DateTime<Utc>> = events.iter().map(|event| event.at).collect();
    let (ids, consents, customers) =
        (each(|event| event.id), each(|event| event.consent), each(|event| event.customer));
    let (purposes, channels) = (text(|event| &event.purpose), text(|event| &event.channel));
    let organization = work.organization().uuid();
    let params: crate::work::Params<'_> =
        &[&organization, &whom.named, &due, &ids, &consents, &customers, &purposes, &channels, &at, &whom.readers];
    work.execute(SQL, params).await
}

/// The recipients of every withdrawal of a record, oldest first.
pub async fn recipients_of(work: &Work, consent: Uuid) -> Result<Vec<RecipientRow>, DbError> {
    let sql = format!("{SELECT} AND r.consent_id = $2 ORDER BY r.at, t.name");
    Ok(work.query(&sql, &[&work.organization().uuid(), &consent]).await?.iter().map(RecipientRow::from).collect())
}

/// The recipients of what a customer objected to by a request, oldest first.
pub async fn recipients_by_request(work: &Work, customer: Uuid, request: Uuid) -> Result<Vec<RecipientRow>, DbError> {
    let sql = format!(
        "{SELECT} AND r.customer_id = $2 AND r.consent_id IN (SELECT c.id FROM consents c WHERE c.organization_id = $1 AND c.customer_id = $2 \
         AND c.evidence ->> 'reference' = $3) ORDER BY r.at, t.name"
    );
    let reference = request.to_string();
    let rows = work.query(&sql, &[&work.organization().uuid(), &customer, &reference]).await?;
    Ok(rows.iter().map(RecipientRow::from).collect())
}

/// A page of what a third party has to acknowledge, or has, oldest first.
pub async fn cases_of(
    work: &Work,
    third_party: Uuid,
    open: Option<bool>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<RecipientRow>, DbError> {
    let sql = format!(
        "{SELECT} AND r.third_party_id = $2 AND ($3::boolean IS NULL OR (r.acknowledged_at IS NULL) = $3) \
         AND ($4::uuid IS NULL OR r.id > $4) ORDER BY r.id LIMIT $5"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &third_party, &open, &after, &limit]).await?;
    Ok(rows.iter().map(RecipientRow::from).collect())
}

/// Notes that a third party has acted on a withdrawal; the first time counts, and whether this was it is answered. `None` where it is none of theirs.
pub async fn acknowledge(
    work: &Work,
    id: Uuid,
    third_party: Uuid,
    by: Uuid,
    signed: bool,
) -> Result<Option<(RecipientRow, bool)>, DbError> {
    const SQL: &str = "UPDATE withdrawal_recipients SET acknowledged_at = clock_timestamp(), acknowledged_by = $4, signed = $5 \
         WHERE organization_id = $1 AND id = $2 AND third_party_id = $3 AND acknowledged_at IS NULL";
    let organization = work.organization().uuid();
    let first = work.execute(SQL, &[&organization, &id, &third_party, &by, &signed]).await? == 1;
    let sql = format!("{SELECT} AND r.id = $2 AND r.third_party_id = $3");
    let row = work.query_opt(&sql, &[&organization, &id, &third_party]).await?;
    Ok(row.as_ref().map(|row| (RecipientRow::from(row), first)))
}

/// A recipient who has not acknowledged a withdrawal.
#[derive(Clone, Debug)]
pub struct OpenCase {
    /// The case.
    pub row: RecipientRow,
    /// How often it was reminded.
    pub reminded: u32,
}

/// Those of a withdrawal, held until the transaction ends.
pub async fn lock_open_cases(work: &Work, id: Uuid) -> Result<Vec<OpenCase>, DbError> {
    let select = SELECT.replace(" FROM withdrawal_recipients r", ", r.reminded FROM withdrawal_recipients r");
    let sql = format!("{select} AND r.id = $2 AND r.acknowledged_at IS NULL ORDER BY r.third_party_id FOR UPDATE OF r");
    let rows = work.query(&sql, &[&work.organization().uuid(), &id]).await?;
    let case =
        |row: &Row| OpenCase { row: row.into(), reminded: u32::try_from(row.get::<_, i32>(13)).unwrap_or_default() };
    Ok(rows.iter().map(case).collect())
}

/// Notes how often a recipient was reminded.
pub async fn note_reminded(work: &Work, row: &RecipientRow, reminded: u32) -> Result<(), DbError> {
    let sql =
        "UPDATE withdrawal_recipients SET reminded = $4 WHERE organization_id = $1 AND id = $2 AND third_party_id = $3";
    let count = i32::try_from(reminded).unwrap_or(i32::MAX);
    work.execute(sql, &[&work.organization().uuid(), &row.id, &row.third_party, &count]).await?;
    Ok(())
}

/// Codes of the purposes for which a third party is late in acknowledging a withdrawal.
pub async fn overdue_purposes(work: &Work, third_party: Uuid) -> Result<Vec<String>, DbError> {
    const SQL: &str = "SELECT DISTINCT purpose FROM withdrawal_recipients WHERE organization_id = $1 AND third_party_id = $2 \
         AND acknowledged_at IS NULL AND due_at <= clock_timestamp()";
    Ok(work.query(SQL, &[&work.organization().uuid(), &third_party]).await?.iter().map(|row| row.get(0)).collect())
}

/// The third parties that are late in acknowledging withdrawals: since when, and how many.
pub async fn overdue_parties(work: &Work) -> Result<Vec<(Uuid, DateTime<Utc>, i64)>, DbError> {
    const SQL: &str = "SELECT third_party_id, min(due_at), count(*) FROM withdrawal_recipients WHERE organization_id = $1 \
         AND acknowledged_at IS NULL AND due_at <= clock_timestamp() GROUP BY third_party_id";
    let rows = work.query(SQL, &[&work.organization().uuid()]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}
