//! Opt-outs by a signal of the browser: each once, for good.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{DbError, Work};

/// One opt-out.
#[derive(Clone, Debug)]
pub struct OptOutRow {
    /// Its id.
    pub id: Uuid,
    /// `gpc`.
    pub signal: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// When each of these customers last opted out, until a moment.
pub async fn opted_out(
    work: &Work,
    customers: &[Uuid],
    until: DateTime<Utc>,
) -> Result<HashMap<Uuid, DateTime<Utc>>, DbError> {
    const SQL: &str = "SELECT customer_id, max(at) FROM opt_outs WHERE organization_id = $1 AND customer_id = ANY($2) AND at <= $3 GROUP BY customer_id";
    let rows = work.query(SQL, &[&work.organization().uuid(), &customers, &until]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// When each of these customers last opted out.
pub async fn last_opt_outs(work: &Work, customers: &[Uuid]) -> Result<HashMap<Uuid, DateTime<Utc>>, DbError> {
    const SQL: &str = "SELECT customer_id, max(at) FROM opt_outs WHERE organization_id = $1 AND customer_id = ANY($2) GROUP BY customer_id";
    let rows = work.query(SQL, &[&work.organization().uuid(), &customers]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Codes of the purposes that an opt-out speaks of, in whatever state they are.
pub async fn selling(work: &Work) -> Result<Vec<String>, DbError> {
    const SQL: &str = "SELECT code FROM purposes WHERE organization_id = $1 AND sells_or_shares ORDER BY code";
    let rows = work.query(SQL, &[&work.organization().uuid()]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Adds opt-outs: pairs of id and customer.
pub async fn insert_opt_outs(
    work: &Work,
    rows: &[(Uuid, Uuid)],
    at: DateTime<Utc>,
    by_kind: &str,
    by: Uuid,
) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO opt_outs (organization_id, id, customer_id, signal, at, by_kind, by_id) \
         SELECT $1, u.id, u.customer, 'gpc', $4, $5, $6 FROM unnest($2::uuid[], $3::uuid[]) AS u(id, customer)";
    let (ids, customers): (Vec<Uuid>, Vec<Uuid>) = rows.iter().copied().unzip();
    work.execute(SQL, &[&work.organization().uuid(), &ids, &customers, &at, &by_kind, &by]).await?;
    Ok(())
}

/// The opt-outs of a customer, newest first.
pub async fn opt_outs_of(work: &Work, customer: Uuid) -> Result<Vec<OptOutRow>, DbError> {
    let sql = "SELECT id, signal, at FROM opt_outs WHERE organization_id = $1 AND customer_id = $2 ORDER BY at DESC, id DESC LIMIT 1000";
    let rows = work.query(sql, &[&work.organization().uuid(), &customer]).await?;
    Ok(rows.iter().map(|row| OptOutRow { id: row.get(0), signal: row.get(1), at: row.get(2) }).collect())
}
