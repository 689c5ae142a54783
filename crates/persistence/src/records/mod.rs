//! Records as they are stored: sealed under their customer's key, with the few facts of trade that stand in the clear.

mod bulk;
mod hand_over;
mod list;
mod moving;
mod reindex;
mod remind;
mod report;
mod write;

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{CustomerId, UserId};
use tokio_postgres::Row;
use uuid::Uuid;

pub use bulk::{by_unique_tags, hanging_on, insert_many};
pub use hand_over::{hand_over, lock_owned};
pub use list::{Filter, Order, due, list};
pub use moving::{Past, lock_of, move_pasts, move_records, pasts, scrub_versions};
pub use reindex::{held_by_others, lock_whatever, next_ids, retag, total, without};
pub use remind::{Owned, ToTell, begin_day, owned, take_untold};
pub use report::{By, counted, fold_sums};
pub use write::{RecordVersionRow, archive, change_owner, insert, store_change, versions};

use crate::customers::{COLUMNS as CUSTOMER_COLUMNS, CustomerRow, SealedFields, WIDTH};
use crate::{DbError, Work};

/// One row of `records`.
#[derive(Clone, Debug)]
pub struct RecordRow {
    /// Its id.
    pub id: Uuid,
    /// The customer that it hangs on.
    pub customer: CustomerId,
    /// Code of its type.
    pub record_type: String,
    /// Counts changes.
    pub version: i32,
    /// Who sees to it.
    pub owner: Option<UserId>,
    /// When it happened, or was entered.
    pub at: DateTime<Utc>,
    /// When something is due.
    pub due_at: Option<DateTime<Utc>>,
    /// State, stage or channel.
    pub state: Option<String>,
    /// Amount as decimal text, and its currency.
    pub amount: Option<(String, String)>,
    /// Nothing is due any more.
    pub ended: bool,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Uuid,
    /// The sealed values, packed.
    pub fields: SealedFields,
    /// Blind-index tags, 16 bytes each.
    pub tags: Vec<u8>,
}

/// A record with the customer that it hangs on, both of one snapshot.
#[derive(Clone, Debug)]
pub struct Hung {
    /// The record.
    pub record: RecordRow,
    /// The customer.
    pub customer: CustomerRow,
}

/// Columns of the record, after those of the customer.
const COLUMNS: &str = "r.id, r.customer_id, r.record_type, r.version, r.owner_id, r.at, r.due_at, r.state, r.amount::text, r.currency, r.ended, \
     r.created_at, r.created_by, r.updated_at, r.updated_by, r.fields, r.tags";
/// Where the record's columns begin.
const AFTER_CUSTOMER: usize = WIDTH;

fn record(row: &Row, from: usize) -> RecordRow {
    let amount: Option<String> = row.get(from + 8);
    let currency: Option<String> = row.get(from + 9);
    RecordRow {
        id: row.get(from),
        customer: CustomerId::from(row.get::<_, Uuid>(from + 1)),
        record_type: row.get(from + 2),
        version: row.get(from + 3),
        owner: row.get::<_, Option<Uuid>>(from + 4).map(UserId::from),
        at: row.get(from + 5),
        due_at: row.get(from + 6),
        state: row.get(from + 7),
        amount: amount.zip(currency),
        ended: row.get(from + 10),
        created_at: row.get(from + 11),
        created_by: row.get(from + 12),
        updated_at: row.get(from + 13),
        updated_by: row.get(from + 14),
        fields: SealedFields::from_packed(row.get(from + 15)),
        tags: row.get(from + 16),
    }
}

impl From<&Row> for Hung {
    fn from(row: &Row) -> Self {
        Self { customer: CustomerRow::from(row), record: record(row, AFTER_CUSTOMER) }
    }
}

/// The statement that reads records with their customers, up to its conditions.
fn select() -> String {
    format!(
        "SELECT {CUSTOMER_COLUMNS}, {COLUMNS} FROM records r JOIN customers c ON c.organization_id = r.organization_id AND c.id = r.customer_id \
         WHERE r.organization_id = $1 AND r.archived_at IS NULL AND c.archived_at IS NULL"
    )
}

/// One record with its customer.
pub async fn find(work: &Work, record_type: &str, id: Uuid) -> Result<Option<Hung>, DbError> {
    let sql = format!("{} AND r.record_type = $2 AND r.id = $3", select());
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &record_type, &id]).await?.as_ref().map(Hung::from))
}

/// The records of a customer of every type, the latest first.
pub async fn of_customer(work: &Work, customer: Uuid, limit: i64) -> Result<Vec<RecordRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM records r WHERE r.organization_id = $1 AND r.customer_id = $2 AND r.archived_at IS NULL ORDER BY r.at DESC, r.id DESC LIMIT $3"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &customer, &limit]).await?;
    Ok(rows.iter().map(|row| record(row, 0)).collect())
}

/// The same, both held against other changes until the transaction ends; the customer first, as everywhere.
pub async fn lock(work: &Work, record_type: &str, id: Uuid) -> Result<Option<Hung>, DbError> {
    let sql = "SELECT customer_id FROM records WHERE organization_id = $1 AND record_type = $2 AND id = $3 AND archived_at IS NULL";
    let found = work.query_opt(sql, &[&work.organization().uuid(), &record_type, &id]).await?;
    let Some(customer) = found.map(|row| CustomerId::from(row.get::<_, Uuid>(0))) else { return Ok(None) };
    let Some(customer) = crate::customers::lock(work, customer).await? else { return Ok(None) };
    let sql = format!(
        "SELECT {COLUMNS} FROM records r WHERE r.organization_id = $1 AND r.id = $2 AND r.archived_at IS NULL FOR UPDATE"
    );
    let row = work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?;
    Ok(row.map(|row| Hung { record: record(&row, 0), customer }))
}

/// What is due on these customers and is seen to by these people, held until the transaction ends: pairs of one length.
pub async fn lock_due(work: &Work, customers: &[CustomerId], owners: &[UserId]) -> Result<Vec<RecordRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM records r JOIN unnest($2::uuid[], $3::uuid[]) AS u(customer_id, owner_id) \
         ON u.customer_id = r.customer_id AND u.owner_id = r.owner_id \
         WHERE r.organization_id = $1 AND r.archived_at IS NULL AND r.due_at IS NOT NULL AND NOT r.ended ORDER BY r.customer_id, r.id FOR UPDATE OF r"
    );
    let customers: Vec<Uuid> = customers.iter().map(|id| id.uuid()).collect();
    let owners: Vec<Uuid> = owners.iter().map(|id| id.uuid()).collect();
    let rows = work.query(&sql, &[&work.organization().uuid(), &customers, &owners]).await?;
    Ok(rows.iter().map(|row| record(row, 0)).collect())
}
