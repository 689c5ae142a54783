//! Writing consents, many at once: each table in one statement.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::ConsentRow;
use crate::{DbError, Work};

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its id.
    pub id: Uuid,
    /// The record that it is about.
    pub consent: Uuid,
    /// Whose.
    pub customer: Uuid,
    /// Code of the purpose.
    pub purpose: String,
    /// A channel, or `*`.
    pub channel: String,
    /// `given`, `refused`, `withdrawn` or `superseded`.
    pub state: &'static str,
    /// The notice of the record.
    pub notice: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// When the record runs out.
    pub expires_at: Option<DateTime<Utc>>,
    /// Kind of who did it.
    pub by_kind: String,
    /// Who did it.
    pub by: Uuid,
    /// Why, sealed.
    pub reason: Option<Vec<u8>>,
}

/// Adds records.
pub async fn insert_records(work: &Work, rows: &[ConsentRow]) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO consents (organization_id, id, customer_id, purpose, purpose_version, channel, notice_id, outcome, evidence, guardian, at, \
         expires_at, by_kind, by_id) SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::text[], $7::uuid[], $8::text[], $9::jsonb[], \
         $10::jsonb[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::uuid[])";
    let each = |read: fn(&ConsentRow) -> Uuid| rows.iter().map(read).collect::<Vec<_>>();
    let text = |read: fn(&ConsentRow) -> &str| rows.iter().map(read).collect::<Vec<&str>>();
    let versions: Vec<i32> = rows.iter().map(|row| row.purpose_version).collect();
    let evidence: Vec<&Value> = rows.iter().map(|row| &row.evidence).collect();
    let guardians: Vec<Option<&Value>> = rows.iter().map(|row| row.guardian.as_ref()).collect();
    let at: Vec<DateTime<Utc>> = rows.iter().map(|row| row.at).collect();
    let ends: Vec<Option<DateTime<Utc>>> = rows.iter().map(|row| row.expires_at).collect();
    work.execute(
        SQL,
        &[
            &work.organization().uuid(),
            &each(|row| row.id),
            &each(|row| row.customer),
            &text(|row| &row.purpose),
            &versions,
            &text(|row| &row.channel),
            &each(|row| row.notice),
            &text(|row| &row.outcome),
            &evidence,
            &guardians,
            &at,
            &ends,
            &text(|row| &row.by_kind),
            &each(|row| row.by),
        ],
    )
    .await?;
    Ok(())
}

/// Adds events.
pub async fn insert_events(work: &Work, rows: &[Event]) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO consent_events (organization_id, id, consent_id, customer_id, purpose, channel, state, notice_id, at, expires_at, by_kind, \
         by_id, reason) SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::timestamptz[], \
         $10::timestamptz[], $11::text[], $12::uuid[], $13::bytea[])";
    let each = |read: fn(&Event) -> Uuid| rows.iter().map(read).collect::<Vec<_>>();
    let text = |read: fn(&Event) -> &str| rows.iter().map(read).collect::<Vec<&str>>();
    let at: Vec<DateTime<Utc>> = rows.iter().map(|row| row.at).collect();
    let ends: Vec<Option<DateTime<Utc>>> = rows.iter().map(|row| row.expires_at).collect();
    let reasons: Vec<Option<&[u8]>> = rows.iter().map(|row| row.reason.as_deref()).collect();
    work.execute(
        SQL,
        &[
            &work.organization().uuid(),
            &each(|row| row.id),
            &each(|row| row.consent),
            &each(|row| row.customer),
            &text(|row| &row.purpose),
            &text(|row| &row.channel),
            &text(|row| row.state),
            &each(|row| row.notice),
            &at,
            &ends,
            &text(|row| &row.by_kind),
            &each(|row| row.by),
            &reasons,
        ],
    )
    .await?;
    Ok(())
}

/// Says where customers stand now: the last event of each customer, purpose and channel among these.
pub async fn put_states(work: &Work, rows: &[Event]) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO consent_states (organization_id, customer_id, purpose, channel, consent_id, state, notice_id, at, expires_at) \
         SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::uuid[], $8::timestamptz[], $9::timestamptz[]) \
         ON CONFLICT (organization_id, customer_id, purpose, channel) DO UPDATE SET consent_id = excluded.consent_id, state = excluded.state, \
         notice_id = excluded.notice_id, at = excluded.at, expires_at = excluded.expires_at";
    let mut last: Vec<&Event> = Vec::with_capacity(rows.len());
    let mut seen = std::collections::HashSet::new();
    for row in rows.iter().rev() {
        if seen.insert((row.customer, &row.purpose, &row.channel)) {
            last.push(row);
        }
    }
    let each = |read: fn(&Event) -> Uuid| last.iter().map(|row| read(row)).collect::<Vec<_>>();
    let text = |read: fn(&Event) -> &str| last.iter().map(|row| read(row)).collect::<Vec<&str>>();
    let at: Vec<DateTime<Utc>> = last.iter().map(|row| row.at).collect();
    let ends: Vec<Option<DateTime<Utc>>> = last.iter().map(|row| row.expires_at).collect();
    work.execute(
        SQL,
        &[
            &work.organization().uuid(),
            &each(|row| row.customer),
            &text(|row| &row.purpose),
            &text(|row| &row.channel),
            &each(|row| row.consent),
            &text(|row| row.state),
            &each(|row| row.notice),
            &at,
            &ends,
        ],
    )
    .await?;
    Ok(())
}
