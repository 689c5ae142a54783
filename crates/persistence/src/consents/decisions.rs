//! What decisions read: where customers stand, now and then.

use chrono::{DateTime, Utc};
use custodian_domain::access::RowScope;
use custodian_domain::consents::{Standing, State};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::customers::ScopeSql;
use crate::{DbError, Work};

/// One known customer with one standing, if there is one.
#[derive(Clone, Debug)]
pub struct StandingRow {
    /// The customer.
    pub customer: Uuid,
    /// One of its standings.
    pub standing: Option<Standing>,
}

/// Whom is asked about: ids of customers within a scope.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The customers.
    pub customers: &'a [Uuid],
    /// Those alone count whom it covers.
    pub scope: &'a RowScope,
    /// Code of the purpose.
    pub purpose: &'a str,
}

fn read(row: &Row) -> StandingRow {
    StandingRow { customer: row.get(0), standing: standing_in(row, 1) }
}

/// A state that is unreadable is read as withdrawn: nobody is reached by a broken row. The standing whose columns begin here: channel, state, moment, end, record, notice; none where there is no channel.
pub(super) fn standing_in(row: &Row, first: usize) -> Option<Standing> {
    let state = |code: String| State::from_code(&code).unwrap_or(State::Withdrawn);
    row.get::<_, Option<String>>(first).map(|channel| Standing {
        channel,
        state: state(row.get(first + 1)),
        at: row.get(first + 2),
        expires_at: row.get(first + 3),
        consent: row.get(first + 4),
        notice: row.get(first + 5),
    })
}

/// Where these customers stand now. One that is not there, or outside the scope, is missing from the answer.
pub async fn standings_now(work: &Work, asked: Asked<'_>) -> Result<Vec<StandingRow>, DbError> {
    let scope = ScopeSql::new(asked.scope, 4);
    // OFFSET 0 keeps the look-ups apart: of a table that nobody has analysed yet a join expects so few rows that it goes through all of them for each person.
    let sql = format!(
        "SELECT c.id, s.channel, s.state, s.at, s.expires_at, s.consent_id, s.notice_id FROM customers c \
         LEFT JOIN LATERAL (SELECT channel, state, at, expires_at, consent_id, notice_id FROM consent_states o \
           WHERE o.organization_id = c.organization_id AND o.customer_id = c.id AND o.purpose = $3 OFFSET 0) s ON true \
         WHERE c.organization_id = $1 AND c.id = ANY($2) AND c.archived_at IS NULL AND {}",
        scope.clause
    );
    let organization = work.organization().uuid();
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&organization, &asked.customers, &asked.purpose];
    scope.push_params(&mut params);
    Ok(work.query(&sql, &params).await?.iter().map(read).collect())
}

/// Where they stood at a moment: the last event of each channel until then. Of two at one moment, what begins there goes before what ends there.
pub async fn standings_at(work: &Work, asked: Asked<'_>, at: DateTime<Utc>) -> Result<Vec<StandingRow>, DbError> {
    let scope = ScopeSql::new(asked.scope, 5);
    let sql = format!(
        "SELECT c.id, e.channel, e.state, e.at, e.expires_at, e.consent_id, e.notice_id FROM customers c \
         LEFT JOIN LATERAL (SELECT DISTINCT ON (channel) channel, state, at, expires_at, consent_id, notice_id FROM consent_events e \
           WHERE e.organization_id = c.organization_id AND e.customer_id = c.id AND e.purpose = $3 AND e.at <= $4 \
           ORDER BY channel, at DESC, state = 'superseded', id DESC) e ON true \
         WHERE c.organization_id = $1 AND c.id = ANY($2) AND c.created_at <= $4 AND (c.archived_at IS NULL OR c.archived_at > $4) AND {}",
        scope.clause
    );
    let organization = work.organization().uuid();
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&organization, &asked.customers, &asked.purpose, &at];
    scope.push_params(&mut params);
    Ok(work.query(&sql, &params).await?.iter().map(read).collect())
}

/// What a purpose said at a moment, and since when consents to it counted; `None` where it was not in force then.
pub async fn past_purpose(
    work: &Work,
    code: &str,
    at: DateTime<Utc>,
) -> Result<Option<(Value, DateTime<Utc>)>, DbError> {
    const SQL: &str = "SELECT v.content, v.state, coalesce((SELECT max(r.at) FROM purpose_renewals r WHERE r.organization_id = $1 AND r.code = $2 AND r.at <= $3), \
         'epoch'::timestamptz) FROM purpose_versions v WHERE v.organization_id = $1 AND v.code = $2 AND v.at <= $3 ORDER BY v.version DESC LIMIT 1";
    let row = work.query_opt(SQL, &[&work.organization().uuid(), &code, &at]).await?;
    let active = row.filter(|row| row.get::<_, String>(1) == "active");
    Ok(active.map(|row| (row.get(0), row.get(2))))
}

/// The customers that carry each of these tags: pairs of tag and customer.
pub async fn known_contacts(work: &Work, tags: &[[u8; 16]]) -> Result<Vec<([u8; 16], Uuid)>, DbError> {
    const SQL: &str = "SELECT tag, customer_id FROM blind_indexes WHERE organization_id = $1 AND tag = ANY($2)";
    let tags: Vec<&[u8]> = tags.iter().map(<[u8; 16]>::as_slice).collect();
    let rows = work.query(SQL, &[&work.organization().uuid(), &tags]).await?;
    let pair = |row: &Row| <[u8; 16]>::try_from(row.get::<_, &[u8]>(0)).ok().map(|tag| (tag, row.get(1)));
    Ok(rows.iter().filter_map(pair).collect())
}
