//! Requests of the people whom data is about: where each stands, and everything that happened to it.

mod codes;
mod deadlines;
mod expire;
mod held;
mod log;
mod notifications;
mod restrictions;
mod settings;
mod waiting;

use chrono::{DateTime, NaiveDate, Utc};
use custodian_domain::kernel::CustomerId;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

pub use codes::{CodeRow, insert_code, made_since, purge_codes, set_digest, spend_code, try_code};
pub use deadlines::{DaysRow, OpenRow, count_open, open_after, put_days};
pub use expire::{ended_before, remove_ended};
pub use held::{answered_apart, hold, lock, lock_alone, lock_open, pointing_to};
pub use log::{LogRow, log_lines};
pub use notifications::{
    NotificationRow, acknowledge_notification, insert_notification, late_parties, notifications_for, notifications_of,
    notifications_of_erasure, recipients_among, shown_to, to_remind,
};
pub use restrictions::{
    RestrictionRow, announce_lifting, insert_restriction, lift_restriction, lock_restriction, restricted_at,
};
pub use settings::{
    CalendarRow, SettingsRow, arranged_otherwise, calendars, insert_arrangement, put_calendar, put_settings, settings,
};
pub use waiting::{Waiting, asked_to_be_erased, open_of, waiting_for};

use crate::{DbError, Work, mail, self_service};

/// One request.
#[derive(Clone, Debug)]
pub struct RequestRow {
    /// Its id, and that of the job that watches its times.
    pub id: Uuid,
    /// Code of the right.
    pub right: String,
    /// Code of the jurisdiction.
    pub jurisdiction: String,
    /// Where it stands.
    pub state: String,
    /// Whose data it is about, where that is known.
    pub customer: Option<Uuid>,
    /// Kind of who asks.
    pub requester: String,
    /// How it came in.
    pub channel: String,
    /// Codes of the purposes that it is about; all when empty.
    pub purposes: Vec<String>,
    /// When its receipt was confirmed.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Who asks and what was said; sealed under the organisation's data key.
    pub sealed_details: Option<Vec<u8>>,
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// When it was filed.
    pub created_at: DateTime<Utc>,
    /// Kind of who filed it.
    pub created_by_kind: String,
    /// Who filed it.
    pub created_by: Uuid,
    /// Its receipt is to be confirmed by the end of this day.
    pub acknowledge_by: Option<NaiveDate>,
    /// Its last day.
    pub due_on: NaiveDate,
    /// The first moment after that day.
    pub due_at: DateTime<Utc>,
    /// From then on the organisation's own limit is hard to argue.
    pub warn_on: Option<NaiveDate>,
    /// It can be extended before this moment.
    pub window_ends_at: DateTime<Utc>,
    /// When it was extended.
    pub extended_at: Option<DateTime<Utc>>,
    /// Since when the clock stands still.
    pub paused_at: Option<DateTime<Utc>>,
    /// For how long it has stood still before.
    pub paused_seconds: i64,
    /// How it was proved who asks.
    pub proof: Option<String>,
    /// When that was.
    pub verified_at: Option<DateTime<Utc>>,
    /// Who works on it.
    pub assignee: Option<Uuid>,
    /// The one that it repeats.
    pub duplicate_of: Option<Uuid>,
    /// Code of the ground on which it was turned down.
    pub ground: Option<String>,
    /// The article that the ground rests on.
    pub article: Option<String>,
    /// What the person was told to do about it, by language.
    pub remedy: Option<Value>,
    /// What was answered; sealed under the organisation's data key.
    pub sealed_answer: Option<Vec<u8>>,
    /// When it ended.
    pub closed_at: Option<DateTime<Utc>>,
    /// 1: it was said that it is due soon; 2: that it is overdue.
    pub told: i32,
    /// Counts changes.
    pub version: i32,
    /// When its package was fetched.
    pub packaged_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "id, right_code, jurisdiction, state, customer_id, requester, channel, sealed_details, received_at, created_at, created_by_kind, created_by, \
     acknowledge_by, due_on, due_at, warn_on, window_ends_at, extended_at, paused_at, paused_seconds, proof, verified_at, assignee_id, duplicate_of, ground, \
     article, remedy, sealed_answer, closed_at, told, version, purposes, acknowledged_at, packaged_at";

impl From<&Row> for RequestRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            right: row.get(1),
            jurisdiction: row.get(2),
            state: row.get(3),
            customer: row.get(4),
            requester: row.get(5),
            channel: row.get(6),
            sealed_details: row.get(7),
            received_at: row.get(8),
            created_at: row.get(9),
            created_by_kind: row.get(10),
            created_by: row.get(11),
            acknowledge_by: row.get(12),
            due_on: row.get(13),
            due_at: row.get(14),
            warn_on: row.get(15),
            window_ends_at: row.get(16),
            extended_at: row.get(17),
            paused_at: row.get(18),
            paused_seconds: row.get(19),
            proof: row.get(20),
            verified_at: row.get(21),
            assignee: row.get(22),
            duplicate_of: row.get(23),
            ground: row.get(24),
            article: row.get(25),
            remedy: row.get(26),
            sealed_answer: row.get(27),
            closed_at: row.get(28),
            told: row.get(29),
            version: row.get(30),
            purposes: row.get(31),
            acknowledged_at: row.get(32),
            packaged_at: row.get(33),
        }
    }
}

/// Something that happened to a request. Never changed.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// Its id.
    pub id: Uuid,
    /// What: a code.
    pub kind: String,
    /// Where the request stood afterwards.
    pub state: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Kind of who did it.
    pub by_kind: String,
    /// Who did it.
    pub by: Uuid,
    /// Codes, ids and dates.
    pub details: Value,
}

/// Adds a request.
pub async fn insert(work: &Work, row: &RequestRow) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO privacy_requests (organization_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
         $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35)"
    );
    let organization = work.organization().uuid();
    let params: [&(dyn ToSql + Sync); 35] = [
        &organization,
        &row.id,
        &row.right,
        &row.jurisdiction,
        &row.state,
        &row.customer,
        &row.requester,
        &row.channel,
        &row.sealed_details,
        &row.received_at,
        &row.created_at,
        &row.created_by_kind,
        &row.created_by,
        &row.acknowledge_by,
        &row.due_on,
        &row.due_at,
        &row.warn_on,
        &row.window_ends_at,
        &row.extended_at,
        &row.paused_at,
        &row.paused_seconds,
        &row.proof,
        &row.verified_at,
        &row.assignee,
        &row.duplicate_of,
        &row.ground,
        &row.article,
        &row.remedy,
        &row.sealed_answer,
        &row.closed_at,
        &row.told,
        &row.version,
        &row.purposes,
        &row.acknowledged_at,
        &row.packaged_at,
    ];
    work.execute(&sql, &params).await?;
    Ok(())
}

/// Notes where a request stands now.
pub async fn update(work: &Work, row: &RequestRow) -> Result<(), DbError> {
    const SQL: &str = "UPDATE privacy_requests SET state = $3, customer_id = $4, due_on = $5, due_at = $6, warn_on = $7, window_ends_at = $8, extended_at = $9, \
         paused_at = $10, paused_seconds = $11, proof = $12, verified_at = $13, assignee_id = $14, duplicate_of = $15, ground = $16, article = $17, remedy = $18, \
         sealed_answer = $19, closed_at = $20, told = $21, acknowledged_at = $22, version = version + 1 WHERE organization_id = $1 AND id = $2";
    let organization = work.organization().uuid();
    let params: [&(dyn ToSql + Sync); 22] = [
        &organization,
        &row.id,
        &row.state,
        &row.customer,
        &row.due_on,
        &row.due_at,
        &row.warn_on,
        &row.window_ends_at,
        &row.extended_at,
        &row.paused_at,
        &row.paused_seconds,
        &row.proof,
        &row.verified_at,
        &row.assignee,
        &row.duplicate_of,
        &row.ground,
        &row.article,
        &row.remedy,
        &row.sealed_answer,
        &row.closed_at,
        &row.told,
        &row.acknowledged_at,
    ];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// One request.
pub async fn find(work: &Work, id: Uuid) -> Result<Option<RequestRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM privacy_requests WHERE organization_id = $1 AND id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(RequestRow::from))
}

/// Which requests are wanted; every part given must match.
#[derive(Clone, Debug, Default)]
pub struct RequestFilter {
    /// In this state.
    pub state: Option<String>,
    /// For this right.
    pub right: Option<String>,
    /// Under this law.
    pub jurisdiction: Option<String>,
    /// Given to this person.
    pub assignee: Option<Uuid>,
    /// Of this customer, known by proof.
    pub customer: Option<Uuid>,
    /// Open, not paused, and past their last day.
    pub overdue: bool,
    /// Open, and due before this moment.
    pub due_before: Option<DateTime<Utc>>,
    /// Closed since then.
    pub received_since: Option<DateTime<Utc>>,
    /// Before this one.
    pub before: Option<Uuid>,
}

/// A page of requests, newest first.
pub async fn list(work: &Work, filter: &RequestFilter, limit: i64) -> Result<Vec<RequestRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM privacy_requests WHERE organization_id = $1 AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR right_code = $3) \
         AND ($4::text IS NULL OR jurisdiction = $4) AND ($5::uuid IS NULL OR assignee_id = $5) AND ($6::uuid IS NULL OR (customer_id = $6 AND verified_at IS NOT NULL)) \
         AND (NOT $7 OR (closed_at IS NULL AND paused_at IS NULL AND due_at <= clock_timestamp())) \
         AND ($8::timestamptz IS NULL OR (closed_at IS NULL AND due_at < $8)) AND ($9::timestamptz IS NULL OR received_at >= $9) \
         AND ($10::uuid IS NULL OR id < $10) ORDER BY id DESC LIMIT $11"
    );
    let RequestFilter { state, right, jurisdiction, assignee, customer, overdue, due_before, received_since, before } =
        filter;
    let organization = work.organization().uuid();
    let params: [&(dyn ToSql + Sync); 11] = [
        &organization,
        state,
        right,
        jurisdiction,
        assignee,
        customer,
        overdue,
        due_before,
        received_since,
        before,
        &limit,
    ];
    Ok(work.query(&sql, &params).await?.iter().map(RequestRow::from).collect())
}

/// The newest request of a person, or of whoever was merged into them, that was answered with a package, or could be.
pub async fn newest_answered(work: &Work, customer: Uuid) -> Result<Option<Uuid>, DbError> {
    const SQL: &str = "SELECT id FROM privacy_requests WHERE organization_id = $1 AND verified_at IS NOT NULL \
         AND (customer_id = $2 OR customer_id IN (SELECT id FROM customers WHERE organization_id = $1 AND merged_into = $2)) \
         AND state = 'completed' AND right_code IN ('access', 'portability') ORDER BY closed_at DESC, id DESC LIMIT 1";
    Ok(work.query_opt(SQL, &[&work.organization().uuid(), &customer]).await?.map(|row| row.get(0)))
}

/// Notes that the package of a request was fetched.
pub async fn note_packaged(work: &Work, id: Uuid, at: DateTime<Utc>) -> Result<(), DbError> {
    let sql =
        "UPDATE privacy_requests SET packaged_at = $3, version = version + 1 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id, &at]).await?;
    Ok(())
}

/// Adds what happened.
pub async fn insert_event(work: &Work, request: Uuid, row: &EventRow) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO privacy_request_events (organization_id, request_id, id, kind, state, at, by_kind, by_id, details) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let EventRow { id, kind, state, at, by_kind, by, details } = row;
    let organization = work.organization().uuid();
    let params: [&(dyn ToSql + Sync); 9] = [&organization, &request, id, kind, state, at, by_kind, by, details];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// Everything that happened to a request, oldest first.
pub async fn events(work: &Work, request: Uuid) -> Result<Vec<EventRow>, DbError> {
    let sql = "SELECT id, kind, state, at, by_kind, by_id, details FROM privacy_request_events WHERE organization_id = $1 AND request_id = $2 ORDER BY at, id";
    let of = |row: &Row| EventRow {
        id: row.get(0),
        kind: row.get(1),
        state: row.get(2),
        at: row.get(3),
        by_kind: row.get(4),
        by: row.get(5),
        details: row.get(6),
    };
    Ok(work.query(sql, &[&work.organization().uuid(), &request]).await?.iter().map(of).collect())
}

/// Takes away what was said in words in a person's requests, what recipients were told of them, every code and letter under way, and the person's own
/// door: for when the person is gone. The log of the requests stays.
pub async fn forget_person(work: &Work, customer: Uuid) -> Result<u64, DbError> {
    const GO: [&str; 3] = [
        "DELETE FROM privacy_codes c USING privacy_requests r WHERE c.organization_id = $1 AND r.organization_id = $1 \
         AND c.about = r.id AND r.customer_id = $2",
        "DELETE FROM privacy_notifications WHERE organization_id = $1 AND customer_id = $2",
        "DELETE FROM privacy_restrictions WHERE organization_id = $1 AND customer_id = $2",
    ];
    const WORDS: &str = "UPDATE privacy_requests SET sealed_details = NULL, sealed_answer = NULL WHERE organization_id = $1 AND customer_id = $2";
    let organization = work.organization().uuid();
    for sql in GO {
        work.execute(sql, &[&organization, &customer]).await?;
    }
    self_service::forget_person(work, CustomerId::from(customer)).await?;
    mail::remove_all_of_customer(work, CustomerId::from(customer)).await?;
    work.execute(WORDS, &[&organization, &customer]).await
}
