//! Who must hear of what was corrected or restricted, and who has said to have acted on it.

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
    /// The request.
    pub request: Uuid,
    /// The third party.
    pub third_party: Uuid,
    /// Its name; filled in by the database.
    pub name: String,
    /// Whose data.
    pub customer: Uuid,
    /// `rectified`, `restricted` or `restriction_lifted`.
    pub kind: String,
    /// Keys of the fields that were corrected.
    pub fields: Vec<String>,
    /// When it was told.
    pub at: DateTime<Utc>,
    /// When it was acknowledged.
    pub acknowledged_at: Option<DateTime<Utc>>,
}

const SELECT: &str = "SELECT n.id, n.request_id, n.third_party_id, t.name, n.customer_id, n.kind, n.fields, n.at, n.acknowledged_at FROM privacy_notifications n \
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
    const SQL: &str = "INSERT INTO privacy_notifications (organization_id, id, request_id, third_party_id, customer_id, kind, fields, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let NotificationRow { id, request, third_party, customer, kind, fields, at, .. } = row;
    let organization = work.organization().uuid();
    let params: [&(dyn ToSql + Sync); 8] = [&organization, id, request, third_party, customer, kind, fields, at];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// Everybody who was told because of a request, oldest first.
pub async fn notifications_of(work: &Work, request: Uuid) -> Result<Vec<NotificationRow>, DbError> {
    let sql = format!("{SELECT} AND n.request_id = $2 ORDER BY n.id");
    let rows = work.query(&sql, &[&work.organization().uuid(), &request]).await?;
    Ok(rows.iter().map(NotificationRow::from).collect())
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
