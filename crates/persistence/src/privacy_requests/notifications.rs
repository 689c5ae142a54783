//! Who must hear of what was corrected, restricted or erased, and who has said to have acted on it.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{DbError, Work};

/// One recipient of one piece of news.
#[derive(Clone, Debug)]
pub struct NotificationRow {
    /// Its id: another one for each recipient.
    pub id: Uuid,
    /// The request that it comes from.
    pub request: Option<Uuid>,
    /// The erasure, where it is one.
    pub erasure: Option<Uuid>,
    /// The third party.
    pub third_party: Uuid,
    /// Its name; filled in by the database.
    pub name: String,
    /// Whose data.
    pub customer: Uuid,
    /// `rectified`, `restricted`, `restriction_lifted` or `erased`.
    pub kind: String,
    /// Keys of the fields that were corrected.
    pub fields: Vec<String>,
    /// When it was told.
    pub at: DateTime<Utc>,
    /// Until when it must be acknowledged.
    pub due_at: DateTime<Utc>,
    /// When it was acknowledged.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Whether it is late, by the database's clock.
    pub overdue: bool,
}

const SELECT: &str = "SELECT n.id, n.request_id, n.third_party_id, t.name, n.customer_id, n.kind, n.fields, n.at, n.acknowledged_at, n.erasure_id, \
     n.due_at, n.acknowledged_at IS NULL AND n.due_at <= clock_timestamp() FROM privacy_notifications n \
     JOIN third_parties t ON t.organization_id = n.organization_id AND t.id = n.third_party_id WHERE n.organization_id = $1";

impl From<&Row> for NotificationRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            request: row.get(1),
            third_party: row.get(2),
            name: row.get(3),
            customer: row.get(4),
            kind: row.get(5),
            fields: row.get(6),
            at: row.get(7),
            acknowledged_at: row.get(8),
            erasure: row.get(9),
            due_at: row.get(10),
            overdue: row.get(11),
        }
    }
}

/// The third parties of these names, and those that hold a live key to any of these fields; to any field at all where none is named.
pub async fn recipients_among(work: &Work, names: &[String], fields: &[String]) -> Result<Vec<Uuid>, DbError> {
    const SQL: &str = "SELECT t.id FROM third_parties t WHERE t.organization_id = $1 AND (t.name = ANY($2) OR EXISTS (SELECT FROM api_keys k \
         WHERE k.organization_id = $1 AND k.third_party_id = t.id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()) \
         AND (k.fields && $3::text[] OR cardinality($3::text[]) = 0))) ORDER BY 1";
    let rows = work.query(SQL, &[&work.organization().uuid(), &names, &fields]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Tells a recipient.
pub async fn insert_notification(work: &Work, row: &NotificationRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO privacy_notifications (organization_id, id, request_id, third_party_id, customer_id, kind, fields, at, erasure_id, due_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let NotificationRow { id, request, erasure, third_party, customer, kind, fields, at, due_at, .. } = row;
    let organization = work.organization().uuid();
    let params: [&(dyn ToSql + Sync); 10] =
        [&organization, id, request, third_party, customer, kind, fields, at, erasure, due_at];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// Everybody who was told because of a request, oldest first.
pub async fn notifications_of(work: &Work, request: Uuid) -> Result<Vec<NotificationRow>, DbError> {
    let sql = format!("{SELECT} AND n.request_id = $2 ORDER BY n.id");
    let rows = work.query(&sql, &[&work.organization().uuid(), &request]).await?;
    Ok(rows.iter().map(NotificationRow::from).collect())
}

/// Everybody who was told of an erasure, oldest first.
pub async fn notifications_of_erasure(work: &Work, erasure: Uuid) -> Result<Vec<NotificationRow>, DbError> {
    let sql = format!("{SELECT} AND n.erasure_id = $2 ORDER BY n.id");
    let rows = work.query(&sql, &[&work.organization().uuid(), &erasure]).await?;
    Ok(rows.iter().map(NotificationRow::from).collect())
}

/// The third parties whose keys, in force or not, were ever shown something of a customer, as the log tells; with keys to one of these fields alone, if any is
/// named.
pub async fn shown_to(work: &Work, customer: Uuid, fields: &[String]) -> Result<Vec<Uuid>, DbError> {
    const SQL: &str = "SELECT DISTINCT k.third_party_id FROM (SELECT a.actor_id FROM audit_entries a WHERE a.organization_id = $1 AND a.customer_id = $2 \
         AND a.verdict = 'allowed' UNION SELECT a.actor_id FROM audit_subjects s JOIN audit_entries a ON a.organization_id = $1 AND a.id = s.entry_id \
         WHERE s.organization_id = $1 AND s.customer_id = $2 AND a.verdict = 'allowed') AS seen JOIN api_keys k ON k.organization_id = $1 AND k.id = seen.actor_id \
         WHERE (k.fields && $3::text[] OR cardinality($3::text[]) = 0) ORDER BY 1";
    let rows = work.query(SQL, &[&work.organization().uuid(), &customer, &fields]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Those that wait and are to be told so now: half the time has gone, or all of it. Each is held until the transaction ends, and noted as told.
pub async fn to_remind(work: &Work, limit: i64) -> Result<Vec<NotificationRow>, DbError> {
    const NOTE: &str = "UPDATE privacy_notifications SET reminded = CASE WHEN due_at <= clock_timestamp() THEN 2 ELSE 1 END WHERE organization_id = $1 AND id = ANY($2)";
    let sql = format!(
        "{SELECT} AND n.acknowledged_at IS NULL AND (n.reminded < 2 AND n.due_at <= clock_timestamp() \
         OR n.reminded < 1 AND n.at + (n.due_at - n.at) / 2 <= clock_timestamp()) ORDER BY n.due_at LIMIT $2 FOR UPDATE OF n SKIP LOCKED"
    );
    let organization = work.organization().uuid();
    let rows: Vec<NotificationRow> =
        work.query(&sql, &[&organization, &limit]).await?.iter().map(NotificationRow::from).collect();
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    work.execute(NOTE, &[&organization, &ids]).await?;
    Ok(rows)
}

/// The third parties that are late in acting on what they were told: since when, and on how much.
pub async fn late_parties(work: &Work) -> Result<Vec<(Uuid, DateTime<Utc>, i64)>, DbError> {
    const SQL: &str = "SELECT third_party_id, min(due_at), count(*) FROM privacy_notifications WHERE organization_id = $1 \
         AND acknowledged_at IS NULL AND due_at <= clock_timestamp() GROUP BY third_party_id";
    let rows = work.query(SQL, &[&work.organization().uuid()]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}

/// A page of what a third party was told, oldest first.
pub async fn notifications_for(
    work: &Work,
    third_party: Uuid,
    open: Option<bool>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<NotificationRow>, DbError> {
    let sql = format!(
        "{SELECT} AND n.third_party_id = $2 AND ($3::boolean IS NULL OR (n.acknowledged_at IS NULL) = $3) AND ($4::uuid IS NULL OR n.id > $4) ORDER BY n.id LIMIT $5"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &third_party, &open, &after, &limit]).await?;
    Ok(rows.iter().map(NotificationRow::from).collect())
}

/// Notes that a third party has acted on it; the first time counts. `None` where it is none of theirs.
pub async fn acknowledge_notification(
    work: &Work,
    id: Uuid,
    third_party: Uuid,
    by: Uuid,
) -> Result<Option<NotificationRow>, DbError> {
    const SQL: &str = "UPDATE privacy_notifications SET acknowledged_at = coalesce(acknowledged_at, clock_timestamp()), acknowledged_by = coalesce(acknowledged_by, $4) \
         WHERE organization_id = $1 AND id = $2 AND third_party_id = $3";
    let organization = work.organization().uuid();
    work.execute(SQL, &[&organization, &id, &third_party, &by]).await?;
    let sql = format!("{SELECT} AND n.id = $2 AND n.third_party_id = $3");
    Ok(work.query_opt(&sql, &[&organization, &id, &third_party]).await?.as_ref().map(NotificationRow::from))
}
