//! The months of the log: made ahead of time by the server, let go by the operator.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Database, DbError};

/// How many months are kept ready.
const AHEAD: i32 = 3;

/// Makes what is missing of the partitions of this month and the next ones; answers how many were made.
pub async fn make(db: &Database) -> Result<i32, DbError> {
    let client = db.client().await?;
    Ok(client.query_one("SELECT audit_make_partitions($1)", &[&AHEAD]).await?.get(0))
}

/// A partition of the entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its table.
    pub table: String,
    /// The first id beyond it.
    pub until: Uuid,
}

/// Partitions whose ids all lie before `time`, oldest first. The one for ids of no month is never among them.
pub async fn before(db: &Database, time: DateTime<Utc>) -> Result<Vec<Partition>, DbError> {
    const SQL: &str = "SELECT c.relname::text, (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''([0-9a-f-]{36})''\\)'))[1]::uuid AS until \
         FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'public.audit_entries'::regclass ORDER BY 2";
    let client = db.client().await?;
    let rows = client.query(SQL, &[]).await?;
    let border = Uuid::from_u128(u128::try_from(time.timestamp_millis()).unwrap_or(0) << 80);
    let bounded =
        rows.iter().filter_map(|row| Some(Partition { table: row.get(0), until: row.get::<_, Option<Uuid>>(1)? }));
    Ok(bounded.filter(|partition| partition.until <= border).collect())
}

/// Lets a partition go, with what is found by it. As the owner; what is gone is gone.
pub async fn drop_one(owner: &Database, partition: &Partition) -> Result<(), DbError> {
    let client = owner.dedicated().await?;
    let subjects = partition.table.replacen("audit_entries", "audit_subjects", 1);
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', ""));
    client
        .batch_execute(&format!(
            "BEGIN; DROP TABLE {}; DROP TABLE {}; COMMIT",
            quoted(&partition.table),
            quoted(&subjects)
        ))
        .await?;
    Ok(())
}
