//! Which request of a person came from which partner.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{DbError, Work};

/// One request that a partner passed on.
#[derive(Clone, Debug)]
pub struct ExchangeRow {
    /// The id of the request.
    pub id: Uuid,
    /// Who passed it on.
    pub partner: Uuid,
    /// In which protocol.
    pub protocol: String,
    /// The partner's own id of it.
    pub external_id: Option<String>,
    /// What was asked for, in the protocol's words.
    pub asked: String,
    /// Whose names the partner uses.
    pub naming: String,
    /// Where the partner wants to be told.
    pub callback_urls: Vec<String>,
    /// Where it stood when the partner was last told.
    pub told: String,
    /// When it came in.
    pub created_at: DateTime<Utc>,
}

const COLUMNS: &str = "id, partner_id, protocol, external_id, asked, naming, callback_urls, told, created_at";

impl From<&Row> for ExchangeRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            partner: row.get(1),
            protocol: row.get(2),
            external_id: row.get(3),
            asked: row.get(4),
            naming: row.get(5),
            callback_urls: row.get(6),
            told: row.get(7),
            created_at: row.get(8),
        }
    }
}

/// Adds one.
pub async fn insert_exchange(work: &Work, row: &ExchangeRow) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO rights_exchanges (organization_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    let ExchangeRow { id, partner, protocol, external_id, asked, naming, callback_urls, told, created_at } = row;
    let organization = work.organization().uuid();
    work.execute(
        &sql,
        &[&organization, id, partner, protocol, external_id, asked, naming, callback_urls, told, created_at],
    )
    .await?;
    Ok(())
}

/// The one of a request.
pub async fn find_exchange(work: &Work, request: Uuid) -> Result<Option<ExchangeRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM rights_exchanges WHERE organization_id = $1 AND id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &request]).await?.as_ref().map(ExchangeRow::from))
}

/// The one that a partner knows by this id.
pub async fn exchange_by_external(
    work: &Work,
    partner: Uuid,
    external_id: &str,
) -> Result<Option<ExchangeRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM rights_exchanges WHERE organization_id = $1 AND partner_id = $2 AND external_id = $3"
    );
    let row = work.query_opt(&sql, &[&work.organization().uuid(), &partner, &external_id]).await?;
    Ok(row.as_ref().map(ExchangeRow::from))
}

/// Notes where it stood when the partner was last told.
pub async fn note_told(work: &Work, request: Uuid, told: &str) -> Result<(), DbError> {
    let sql = "UPDATE rights_exchanges SET told = $3 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &request, &told]).await?;
    Ok(())
}
