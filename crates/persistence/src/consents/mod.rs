//! Consents: what was recorded, every event, and what stands now.

mod decisions;
mod opt_outs;
mod reader;
mod recipients;
mod write;

use chrono::{DateTime, Utc};
use custodian_domain::consents::{Standing, State};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

pub use decisions::{Asked, StandingRow, known_contacts, past_purpose, standings_at, standings_now};
pub use opt_outs::{OptOutRow, insert_opt_outs, last_opt_outs, opt_outs_of, opted_out, selling};
pub use reader::{Answered, DecisionReader, PurposeNow, Stands};
pub use recipients::{
    OpenCase, RecipientRow, Whom, acknowledge, cases_of, lock_open_cases, note_reminded, open_cases, overdue_parties,
    overdue_purposes, recipients_by_request, recipients_of,
};
pub use write::{Event, insert_events, insert_records, put_states};

use crate::customers::{Consents, CustomerRow, bare};
use crate::{DbError, Work};

/// Whether an opt-out of this customer stops the purpose `p`: it sells or shares, and the person has not agreed to it since, by any channel (`opt_out_stands`). Every
/// door that asks about many people asks in these words, and of one person by the function `purposes_stopped`, which says the same; whoever never opted out costs
/// one look-up, and that for such purposes alone.
macro_rules! stopped_by_opt_out {
    ($customer:literal) => {
        concat!(
            "(p.sells_or_shares AND EXISTS (SELECT FROM opt_outs o WHERE o.organization_id = p.organization_id AND o.customer_id = ",
            $customer,
            " AND NOT EXISTS (SELECT FROM consent_states g WHERE g.organization_id = o.organization_id AND g.customer_id = o.customer_id \
             AND g.purpose = p.code AND g.state = 'given' AND g.at > o.at)))"
        )
    };
}
pub(crate) use stopped_by_opt_out;

/// One record of consent or refusal. Never changed.
#[derive(Clone, Debug)]
pub struct ConsentRow {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub customer: Uuid,
    /// Code of the purpose.
    pub purpose: String,
    /// The purpose's version then.
    pub purpose_version: i32,
    /// A channel, or `*`.
    pub channel: String,
    /// The version of the notice that it was given under.
    pub notice: Uuid,
    /// `given` or `refused`.
    pub outcome: String,
    /// How, where, and what proves it.
    pub evidence: Value,
    /// Who agreed for a child.
    pub guardian: Option<Value>,
    /// When.
    pub at: DateTime<Utc>,
    /// When it runs out.
    pub expires_at: Option<DateTime<Utc>>,
    /// Kind of who recorded it.
    pub by_kind: String,
    /// Who recorded it.
    pub by: Uuid,
}

const COLUMNS: &str = "k.id, k.customer_id, k.purpose, k.purpose_version, k.channel, k.notice_id, k.outcome, k.evidence, k.guardian, k.at, k.expires_at, k.by_kind, k.by_id";

impl From<&Row> for ConsentRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            customer: row.get(1),
            purpose: row.get(2),
            purpose_version: row.get(3),
            channel: row.get(4),
            notice: row.get(5),
            outcome: row.get(6),
            evidence: row.get(7),
            guardian: row.get(8),
            at: row.get(9),
            expires_at: row.get(10),
            by_kind: row.get(11),
            by: row.get(12),
        }
    }
}

/// A record with where it stands.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The record.
    pub consent: ConsentRow,
    /// The state of its last event.
    pub state: String,
    /// When that happened.
    pub changed_at: DateTime<Utc>,
    /// Consents of the purpose count from here on.
    pub renewed_from: DateTime<Utc>,
}

fn listed(row: &Row) -> Listed {
    Listed { consent: ConsentRow::from(row), state: row.get(13), changed_at: row.get(14), renewed_from: row.get(15) }
}

const LISTED: &str = "e.state, e.at, p.consents_from FROM consents k \
     JOIN purposes p ON p.organization_id = k.organization_id AND p.code = k.purpose \
     JOIN LATERAL (SELECT state, at FROM consent_events e WHERE e.organization_id = k.organization_id AND e.customer_id = k.customer_id \
       AND e.purpose = k.purpose AND e.channel = k.channel AND e.consent_id = k.id ORDER BY at DESC, id DESC LIMIT 1) e ON true";

/// One record with where it stands.
pub async fn find(work: &Work, id: Uuid) -> Result<Option<Listed>, DbError> {
    let sql = format!("SELECT {COLUMNS}, {LISTED} WHERE k.organization_id = $1 AND k.id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(listed))
}

/// Those of these records that there are, each with where it stands.
pub async fn find_many(work: &Work, ids: &[Uuid]) -> Result<Vec<Listed>, DbError> {
    let sql = format!("SELECT {COLUMNS}, {LISTED} WHERE k.organization_id = $1 AND k.id = ANY($2)");
    Ok(work.query(&sql, &[&work.organization().uuid(), &ids]).await?.iter().map(listed).collect())
}

/// The customers of these records whom no other transaction holds, locked until this one ends. Without their sealed values: a decision looks at none.
pub async fn lock_free_people(work: &Work, ids: &[Uuid], consents: Consents) -> Result<Vec<CustomerRow>, DbError> {
    let columns = bare(consents);
    let sql = format!(
        "SELECT {columns} FROM customers c WHERE c.organization_id = $1 AND c.id = ANY(ARRAY(SELECT k.customer_id FROM consents k \
         WHERE k.organization_id = $1 AND k.id = ANY($2))) AND c.archived_at IS NULL ORDER BY c.id FOR UPDATE SKIP LOCKED"
    );
    Ok(work.query(&sql, &[&work.organization().uuid(), &ids]).await?.iter().map(CustomerRow::from).collect())
}

/// A page of a customer's records, newest first.
pub async fn of_customer(
    work: &Work,
    customer: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Listed>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS}, {LISTED} WHERE k.organization_id = $1 AND k.customer_id = $2 AND ($3::uuid IS NULL OR k.id < $3) ORDER BY k.id DESC LIMIT $4"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &customer, &before, &limit]).await?;
    Ok(rows.iter().map(listed).collect())
}

/// An event as a receipt tells it.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// `given`, `refused`, `withdrawn` or `superseded`.
    pub state: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Kind of who did it.
    pub by_kind: String,
}

/// Every event of a record, oldest first.
pub async fn events_of(work: &Work, customer: Uuid, consent: Uuid) -> Result<Vec<EventRow>, DbError> {
    const SQL: &str = "SELECT state, at, by_kind FROM consent_events WHERE organization_id = $1 AND customer_id = $2 AND consent_id = $3 ORDER BY at, id";
    let rows = work.query(SQL, &[&work.organization().uuid(), &customer, &consent]).await?;
    Ok(rows.iter().map(|row| EventRow { state: row.get(0), at: row.get(1), by_kind: row.get(2) }).collect())
}

/// The moment of a change of consents, or of what they count for, by the database's clock. Changes go on side by side; who asks about the past with
/// [`settle_past`] waits for those under way, so that none is stamped before an answer that did not know it.
pub async fn moment(work: &Work) -> Result<DateTime<Utc>, DbError> {
    const SQL: &str =
        "SELECT clock_timestamp() FROM pg_advisory_xact_lock_shared(hashtextextended('custodian.consents:' || $1, 0))";
    Ok(work.query_one(SQL, &[&work.organization().to_string()]).await?.get(0))
}

/// Waits for every change that is under way; then says what time it is.
pub async fn settle_past(work: &Work) -> Result<DateTime<Utc>, DbError> {
    const SQL: &str =
        "SELECT clock_timestamp() FROM pg_advisory_xact_lock(hashtextextended('custodian.consents:' || $1, 0))";
    Ok(work.query_one(SQL, &[&work.organization().to_string()]).await?.get(0))
}

/// Codes of the purposes that each of these customers has agreed to, as it stands at this statement.
pub async fn agreed(work: &Work, customers: &[Uuid], purpose: &str) -> Result<Vec<Uuid>, DbError> {
    let sql = format!(
        "SELECT DISTINCT s.customer_id FROM consent_states s {} WHERE s.organization_id = $1 AND s.customer_id = ANY($2) AND s.purpose = $3 AND {}",
        JOIN_PURPOSE, IN_FORCE
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &customers, &purpose]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Those of these customers who object to a purpose that needs no consent, by an opt-out as well, as it stands at this statement.
pub async fn objecting(work: &Work, customers: &[Uuid], purpose: &str) -> Result<Vec<Uuid>, DbError> {
    let sql = format!(
        "SELECT s.customer_id FROM consent_states s WHERE s.organization_id = $1 AND s.customer_id = ANY($2) AND s.purpose = $3 AND {OBJECTED} \
         UNION SELECT i.id FROM unnest($2::uuid[]) AS i(id) JOIN purposes p ON p.organization_id = $1 AND p.code = $3 WHERE {}",
        stopped_by_opt_out!("i.id")
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &customers, &purpose]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Codes of the purposes that a customer has agreed to, by whatever channel, as it stands at this statement.
pub async fn agreed_by(work: &Work, customer: Uuid) -> Result<Vec<String>, DbError> {
    let sql = format!(
        "SELECT DISTINCT s.purpose FROM consent_states s {JOIN_PURPOSE} WHERE s.organization_id = $1 AND s.customer_id = $2 AND {IN_FORCE} ORDER BY 1"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &customer]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// How many people's consent to each of these purposes is in force; a purpose that nobody has agreed to is missing.
pub async fn people_agreed(work: &Work, purposes: &[String]) -> Result<Vec<(String, i64)>, DbError> {
    let sql = format!(
        "SELECT s.purpose, count(DISTINCT s.customer_id) FROM consent_states s {JOIN_PURPOSE} \
         WHERE s.organization_id = $1 AND s.purpose = ANY($2) AND {IN_FORCE} GROUP BY s.purpose ORDER BY s.purpose"
    );
    let rows = work.query(&sql, &[&work.organization().uuid(), &purposes]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Where a customer stands with every purpose: its code, and the last event of a channel.
pub async fn standings_of(work: &Work, customer: Uuid) -> Result<Vec<(String, Standing)>, DbError> {
    const SQL: &str = "SELECT purpose, channel, state, at, expires_at, consent_id, notice_id FROM consent_states \
         WHERE organization_id = $1 AND customer_id = $2 ORDER BY purpose, channel";
    let rows = work.query(SQL, &[&work.organization().uuid(), &customer]).await?;
    let standing = |row: &Row| Standing {
        channel: row.get(1),
        state: State::from_code(row.get(2)).unwrap_or(State::Withdrawn),
        at: row.get(3),
        expires_at: row.get(4),
        consent: row.get(5),
        notice: row.get(6),
    };
    Ok(rows.iter().map(|row| (row.get(0), standing(row))).collect())
}

pub(crate) const JOIN_PURPOSE: &str = "JOIN purposes p ON p.organization_id = s.organization_id AND p.code = s.purpose";
/// Said against a purpose that needs no consent.
pub(crate) const OBJECTED: &str = "s.channel = '*' AND s.state IN ('refused', 'withdrawn')";
/// A yes that counts: where the purpose sells or shares, none from before an opt-out does (`ended_by_opt_out`; of one person the function of that name).
pub(crate) const IN_FORCE: &str = "s.state = 'given' AND s.at >= p.consents_from AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp()) \
     AND NOT (p.sells_or_shares AND EXISTS (SELECT FROM opt_outs o WHERE o.organization_id = s.organization_id AND o.customer_id = s.customer_id \
     AND o.at >= s.at))";
