//! What is counted to notice somebody who tries many doors, and the alarms. Every count is made under a lock of its own, so that of two instances at once
//! one sees what the other counted.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{Database, DbError, Work};

const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";

/// Notes that a log-in failed for an account from an address; both are keyed tags. For how many different accounts it did within the window, this one
/// included.
pub async fn note_failed_login(
    db: &Database,
    source: &[u8],
    account: &[u8],
    window_seconds: f64,
) -> Result<i64, DbError> {
    const NOTE: &str = "INSERT INTO login_probes (source, account, at) VALUES ($1, $2, clock_timestamp()) \
         ON CONFLICT (source, account) DO UPDATE SET at = excluded.at";
    const COUNT: &str =
        "SELECT count(*) FROM login_probes WHERE source = $1 AND at > clock_timestamp() - make_interval(secs => $2)";
    let mut client = db.client().await?;
    let transaction = client.transaction().await?;
    let name: String = source.iter().map(|byte| format!("{byte:02x}")).collect();
    transaction.query(&transaction.prepare_cached(LOCK).await?, &[&format!("custodian.login:{name}")]).await?;
    transaction.execute(&transaction.prepare_cached(NOTE).await?, &[&source, &account]).await?;
    let counted = transaction.query_one(&transaction.prepare_cached(COUNT).await?, &[&source, &window_seconds]).await?;
    transaction.commit().await?;
    Ok(counted.get(0))
}

/// Forgets that a log-in failed: its owner only mistyped.
pub async fn forget_failed_login(db: &Database, source: &[u8], account: &[u8]) -> Result<(), DbError> {
    let client = db.client().await?;
    let statement = client.prepare_cached("DELETE FROM login_probes WHERE source = $1 AND account = $2").await?;
    client.execute(&statement, &[&source, &account]).await?;
    Ok(())
}

/// The organisations that have one of the accounts tried from an address within the window.
pub async fn organizations_tried(db: &Database, source: &[u8], window_seconds: f64) -> Result<Vec<Uuid>, DbError> {
    const SQL: &str = "SELECT DISTINCT c.organization_id FROM login_probes p JOIN credential_lookups c ON c.lookup = p.account \
         WHERE p.source = $1 AND p.at > clock_timestamp() - make_interval(secs => $2) ORDER BY 1";
    let client = db.client().await?;
    let statement = client.prepare_cached(SQL).await?;
    Ok(client.query(&statement, &[&source, &window_seconds]).await?.iter().map(|row| row.get(0)).collect())
}

/// Notes that a log-in failed for an account of the organisation; both are keyed tags. For how many different accounts it did within the window, this one
/// included, and what the busiest windows of so many days before today come to.
pub async fn note_failed_account(
    work: &Work,
    account: &[u8],
    source: &[u8],
    (window_seconds, days): (f64, i32),
) -> Result<(i64, i64), DbError> {
    const NOTE: &str = "INSERT INTO login_failures (organization_id, account, source, at) VALUES ($1, $2, $3, clock_timestamp()) \
         ON CONFLICT (organization_id, account, source) DO UPDATE SET at = excluded.at";
    const COUNT: &str = "SELECT (SELECT count(DISTINCT account) FROM login_failures WHERE organization_id = $1 \
         AND at > clock_timestamp() - make_interval(secs => $2)), \
         (SELECT coalesce(sum(accounts), 0) FROM login_failure_peaks WHERE organization_id = $1 AND day < (clock_timestamp() AT TIME ZONE 'UTC')::date \
         AND day >= (clock_timestamp() AT TIME ZONE 'UTC')::date - $3::int)";
    let organization = work.organization().uuid();
    work.query(LOCK, &[&format!("custodian.logins:{organization}")]).await?;
    work.execute(NOTE, &[&organization, &account, &source]).await?;
    let counted = work.query_one(COUNT, &[&organization, &window_seconds, &days]).await?;
    Ok((counted.get(0), counted.get(1)))
}

/// Notes how many it were in a window that is no alarm.
pub async fn note_peak(work: &Work, accounts: i32) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO login_failure_peaks AS p (organization_id, day, accounts) VALUES ($1, (clock_timestamp() AT TIME ZONE 'UTC')::date, $2) \
         ON CONFLICT (organization_id, day) DO UPDATE SET accounts = excluded.accounts WHERE p.accounts < excluded.accounts";
    work.execute(SQL, &[&work.organization().uuid(), &accounts]).await?;
    Ok(())
}

/// Forgets that a log-in failed for an account of the organisation from an address: its owner only mistyped.
pub async fn forget_failed_account(work: &Work, account: &[u8], source: &[u8]) -> Result<(), DbError> {
    let sql = "DELETE FROM login_failures WHERE organization_id = $1 AND account = $2 AND source = $3";
    work.execute(sql, &[&work.organization().uuid(), &account, &source]).await?;
    Ok(())
}

/// Notes that a caller asked for something in vain. For how many different things within the window, this one included.
pub async fn note_probe(
    work: &Work,
    actor: Uuid,
    kind: &str,
    what: &[u8],
    window_seconds: f64,
) -> Result<i64, DbError> {
    const NOTE: &str = "INSERT INTO detection_probes (organization_id, actor_id, kind, what, at) VALUES ($1, $2, $3, $4, clock_timestamp()) \
         ON CONFLICT (organization_id, actor_id, kind, what) DO UPDATE SET at = excluded.at";
    const COUNT: &str = "SELECT count(*) FROM detection_probes WHERE organization_id = $1 AND actor_id = $2 AND kind = $3 \
         AND at > clock_timestamp() - make_interval(secs => $4)";
    let organization = work.organization().uuid();
    work.query(LOCK, &[&format!("custodian.probe:{organization}:{actor}:{kind}")]).await?;
    work.execute(NOTE, &[&organization, &actor, &kind, &what]).await?;
    Ok(work.query_one(COUNT, &[&organization, &actor, &kind, &window_seconds]).await?.get(0))
}

/// Drops what no window reaches back to any more: a day is the longest.
pub async fn purge_logins(db: &Database) -> Result<u64, DbError> {
    let client = db.client().await?;
    let sql = "DELETE FROM login_probes WHERE at < clock_timestamp() - interval '1 day'";
    Ok(client.execute(&client.prepare_cached(sql).await?, &[]).await?)
}

/// The same of what callers of the organisation asked for in vain, of its log-ins that failed, and of days too long ago to say what is usual.
pub async fn purge_probes(work: &Work) -> Result<u64, DbError> {
    const OLD: [&str; 3] = [
        "DELETE FROM detection_probes WHERE organization_id = $1 AND at < clock_timestamp() - interval '1 day'",
        "DELETE FROM login_failures WHERE organization_id = $1 AND at < clock_timestamp() - interval '1 day'",
        "DELETE FROM login_failure_peaks WHERE organization_id = $1 AND day < (clock_timestamp() - interval '31 days')::date",
    ];
    let mut gone = 0;
    for sql in OLD {
        gone += work.execute(sql, &[&work.organization().uuid()]).await?;
    }
    Ok(gone)
}

/// One alarm.
#[derive(Clone, Debug)]
pub struct AlertRow {
    /// Its id.
    pub id: Uuid,
    /// Code of what was noticed.
    pub rule: String,
    /// `staff` or `partner`, for an alarm about a caller.
    pub actor_kind: Option<String>,
    /// That caller.
    pub actor: Option<Uuid>,
    /// Keyed tag of the network address, for an alarm about nobody who is known; absent, too, for one about the organisation as a whole.
    pub source: Option<Vec<u8>>,
    /// How many different things it was.
    pub counted: i32,
    /// Within so many seconds.
    pub window_seconds: i32,
    /// When.
    pub raised_at: DateTime<Utc>,
    /// When somebody had looked into it.
    pub closed_at: Option<DateTime<Utc>>,
    /// Who.
    pub closed_by: Option<Uuid>,
    /// `confirmed` or `harmless`; `resolved` where what it told of ended by itself.
    pub outcome: Option<String>,
    /// Counts changes.
    pub version: i32,
}

const COLUMNS: &str = "id, rule, actor_kind, actor_id, source, counted, window_seconds, raised_at, closed_at, closed_by, outcome, version";

impl From<&Row> for AlertRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            rule: row.get(1),
            actor_kind: row.get(2),
            actor: row.get(3),
            source: row.get(4),
            counted: row.get(5),
            window_seconds: row.get(6),
            raised_at: row.get(7),
            closed_at: row.get(8),
            closed_by: row.get(9),
            outcome: row.get(10),
            version: row.get(11),
        }
    }
}

/// Adds an alarm, unless there is one about the same within its window. Whether it was added.
pub async fn insert_once(work: &Work, row: &AlertRow) -> Result<bool, DbError> {
    const SQL: &str = "INSERT INTO alerts (organization_id, id, rule, actor_kind, actor_id, source, counted, window_seconds, raised_at) \
         SELECT $1::uuid, $2::uuid, $3::text, $4::text, $5::uuid, $6::bytea, $7::int, $8::int, clock_timestamp() WHERE NOT EXISTS (SELECT FROM alerts \
         WHERE organization_id = $1 AND rule = $3 AND actor_id IS NOT DISTINCT FROM $5 AND source IS NOT DISTINCT FROM $6 \
         AND raised_at > clock_timestamp() - make_interval(secs => $8::int))";
    let organization = work.organization().uuid();
    let AlertRow { id, rule, actor_kind, actor, source, counted, window_seconds, .. } = row;
    work.query(LOCK, &[&format!("custodian.alert:{organization}:{rule}:{actor:?}:{source:?}")]).await?;
    let params: [&(dyn ToSql + Sync); 8] =
        [&organization, id, rule, actor_kind, actor, source, counted, window_seconds];
    Ok(work.execute(SQL, &params).await? == 1)
}

/// Adds an alarm about something that lasts, unless there is one that was raised since it began: one that is open, or that somebody closed. Whether it was added.
pub async fn insert_about(work: &Work, row: &AlertRow, began: DateTime<Utc>) -> Result<bool, DbError> {
    const SQL: &str = "INSERT INTO alerts (organization_id, id, rule, counted, window_seconds, raised_at) \
         SELECT $1::uuid, $2::uuid, $3::text, $4::int, $5::int, clock_timestamp() WHERE NOT EXISTS (SELECT FROM alerts \
         WHERE organization_id = $1 AND rule = $3 AND (closed_at IS NULL OR raised_at > $6 AND outcome <> 'resolved'))";
    let organization = work.organization().uuid();
    let AlertRow { id, rule, counted, window_seconds, .. } = row;
    work.query(LOCK, &[&format!("custodian.alert:{organization}:{rule}")]).await?;
    Ok(work.execute(SQL, &[&organization, id, rule, counted, window_seconds, &began]).await? == 1)
}

/// Ends the open alarms of a rule: what they told of is over. Their ids.
pub async fn resolve(work: &Work, rule: &str) -> Result<Vec<Uuid>, DbError> {
    const SQL: &str = "UPDATE alerts SET closed_at = clock_timestamp(), outcome = 'resolved', version = version + 1 \
         WHERE organization_id = $1 AND rule = $2 AND closed_at IS NULL RETURNING id";
    let rows = work.query(SQL, &[&work.organization().uuid(), &rule]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Which alarms are wanted; every part given must match. Nobody is shown those about themselves.
#[derive(Clone, Debug, Default)]
pub struct AlertFilter {
    /// Who asks.
    pub reader: Uuid,
    /// Open or closed.
    pub open: Option<bool>,
    /// Of this rule.
    pub rule: Option<String>,
    /// Before this one.
    pub before: Option<Uuid>,
}

/// A page of alarms, newest first.
pub async fn list(work: &Work, filter: &AlertFilter, limit: i64) -> Result<Vec<AlertRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM alerts WHERE organization_id = $1 AND actor_id IS DISTINCT FROM $2 AND ($3::bool IS NULL OR (closed_at IS NULL) = $3) \
         AND ($4::text IS NULL OR rule = $4) AND ($5::uuid IS NULL OR id < $5) ORDER BY id DESC LIMIT $6"
    );
    let AlertFilter { reader, open, rule, before } = filter;
    let params: [&(dyn ToSql + Sync); 6] = [&work.organization().uuid(), reader, open, rule, before, &limit];
    Ok(work.query(&sql, &params).await?.iter().map(AlertRow::from).collect())
}

/// One alarm, held until the transaction ends.
pub async fn lock(work: &Work, reader: Uuid, id: Uuid) -> Result<Option<AlertRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM alerts WHERE organization_id = $1 AND actor_id IS DISTINCT FROM $2 AND id = $3 FOR UPDATE"
    );
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &reader, &id]).await?.as_ref().map(AlertRow::from))
}

/// Notes what came of an alarm; the alarm as it is then.
pub async fn close(work: &Work, id: Uuid, by: Uuid, outcome: &str) -> Result<Option<AlertRow>, DbError> {
    let sql = format!(
        "UPDATE alerts SET closed_at = clock_timestamp(), closed_by = $3, outcome = $4, version = version + 1 WHERE organization_id = $1 AND id = $2 RETURNING {COLUMNS}"
    );
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id, &by, &outcome]).await?.as_ref().map(AlertRow::from))
}
