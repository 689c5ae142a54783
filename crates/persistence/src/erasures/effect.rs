//! What an erasure takes away, statement by statement, and what it only counts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use custodian_domain::kernel::CustomerId;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{DbError, Work};

/// How many rows, by what they were.
pub type Removed = BTreeMap<&'static str, i64>;

/// What goes: its name, the statement that takes it away and tells how many, and the one that only counts it. $1 organisation, $2 customer.
const GOES: &[(&str, &str, &str)] = &[
    (
        "import_changes",
        "DELETE FROM import_changes WHERE organization_id = $1 AND thing_id = ANY(ARRAY(SELECT id FROM customers WHERE organization_id = $1 AND id = $2 UNION ALL SELECT id FROM records WHERE organization_id = $1 AND customer_id = $2))",
        "SELECT count(*) FROM import_changes WHERE organization_id = $1 AND thing_id = ANY(ARRAY(SELECT id FROM customers WHERE organization_id = $1 AND id = $2 UNION ALL SELECT id FROM records WHERE organization_id = $1 AND customer_id = $2))",
    ),
    (
        "versions",
        "DELETE FROM customer_versions WHERE organization_id = $1 AND customer_id = $2",
        "SELECT count(*) FROM customer_versions WHERE organization_id = $1 AND customer_id = $2",
    ),
    // By who looked and when, which is what they are found by: an index by customer would cost every look.
    (
        "looks_counted",
        "DELETE FROM access_budget_people p USING access_budget_days d WHERE d.organization_id = $1 AND d.kind = 'reveals' \
         AND p.organization_id = $1 AND p.caller_id = d.caller_id AND p.day = d.day AND p.customer_id = $2",
        "SELECT count(*) FROM access_budget_people p JOIN access_budget_days d ON d.organization_id = p.organization_id AND d.caller_id = p.caller_id \
         AND d.day = p.day AND d.kind = 'reveals' WHERE p.organization_id = $1 AND p.customer_id = $2",
    ),
    (
        "pending_requests",
        "DELETE FROM access_request_customers c USING access_requests r WHERE c.organization_id = $1 AND c.customer_id = $2 \
         AND r.organization_id = $1 AND r.id = c.request_id AND r.state = 'pending'",
        "SELECT count(*) FROM access_request_customers c JOIN access_requests r ON r.organization_id = c.organization_id AND r.id = c.request_id \
         WHERE c.organization_id = $1 AND c.customer_id = $2 AND r.state = 'pending'",
    ),
    (
        "grants",
        "DELETE FROM access_grant_customers WHERE organization_id = $1 AND customer_id = $2",
        "SELECT count(*) FROM access_grant_customers WHERE organization_id = $1 AND customer_id = $2",
    ),
    (
        "retention_warnings",
        "DELETE FROM retention_warnings WHERE organization_id = $1 AND customer_id = $2",
        "SELECT count(*) FROM retention_warnings WHERE organization_id = $1 AND customer_id = $2",
    ),
    (
        "attachment_pieces",
        "DELETE FROM attachment_chunks p USING attachments a WHERE p.organization_id = $1 AND a.organization_id = $1 AND a.customer_id = $2 AND p.attachment_id = a.id",
        "SELECT count(*) FROM attachment_chunks p JOIN attachments a ON a.organization_id = p.organization_id AND a.id = p.attachment_id \
         WHERE a.organization_id = $1 AND a.customer_id = $2",
    ),
    (
        "attachments",
        "DELETE FROM attachments WHERE organization_id = $1 AND customer_id = $2",
        "SELECT count(*) FROM attachments WHERE organization_id = $1 AND customer_id = $2",
    ),
    (
        "record_warnings",
        "DELETE FROM retention_record_warnings WHERE organization_id = $1 AND customer_id = $2",
        "SELECT count(*) FROM retention_record_warnings WHERE organization_id = $1 AND customer_id = $2",
    ),
    (
        "merges",
        "DELETE FROM customer_merges WHERE organization_id = $1 AND (survivor_id = $2 OR merged_id = $2)",
        "SELECT count(*) FROM customer_merges WHERE organization_id = $1 AND (survivor_id = $2 OR merged_id = $2)",
    ),
    (
        "collaborators",
        "DELETE FROM customer_collaborators WHERE organization_id = $1 AND customer_id = $2",
        "SELECT count(*) FROM customer_collaborators WHERE organization_id = $1 AND customer_id = $2",
    ),
    (
        "customer_tags",
        "DELETE FROM customer_tags WHERE organization_id = $1 AND customer_id = $2",
        "SELECT count(*) FROM customer_tags WHERE organization_id = $1 AND customer_id = $2",
    ),
    (
        "record_indexes",
        "DELETE FROM record_indexes WHERE organization_id = $1 AND customer_id = $2",
        "SELECT count(*) FROM record_indexes WHERE organization_id = $1 AND customer_id = $2",
    ),
    (
        "record_versions",
        "DELETE FROM record_versions WHERE organization_id = $1 AND customer_id = $2",
        "SELECT count(*) FROM record_versions WHERE organization_id = $1 AND customer_id = $2",
    ),
    (
        "records",
        "DELETE FROM records WHERE organization_id = $1 AND customer_id = $2",
        "SELECT count(*) FROM records WHERE organization_id = $1 AND customer_id = $2",
    ),
    (
        "form_submissions",
        "DELETE FROM form_submissions WHERE organization_id = $1 AND customer_id = $2",
        "SELECT count(*) FROM form_submissions WHERE organization_id = $1 AND customer_id = $2",
    ),
    (
        "letters",
        "DELETE FROM mail_outbox WHERE organization_id = $1 AND customer_id = $2",
        "SELECT count(*) FROM mail_outbox WHERE organization_id = $1 AND customer_id = $2",
    ),
    (
        "own_visits",
        "DELETE FROM self_visits WHERE organization_id = $1 AND customer_id = $2",
        "SELECT count(*) FROM self_visits WHERE organization_id = $1 AND customer_id = $2",
    ),
    (
        "own_sessions",
        "DELETE FROM self_sessions WHERE organization_id = $1 AND customer_id = $2",
        "SELECT count(*) FROM self_sessions WHERE organization_id = $1 AND customer_id = $2",
    ),
    (
        "own_preferences",
        "DELETE FROM self_preferences WHERE organization_id = $1 AND customer_id = $2",
        "SELECT count(*) FROM self_preferences WHERE organization_id = $1 AND customer_id = $2",
    ),
    (
        "deleted_contacts",
        "DELETE FROM deleted_contacts WHERE organization_id = $1 AND customer_id = $2",
        "SELECT count(*) FROM deleted_contacts WHERE organization_id = $1 AND customer_id = $2",
    ),
    (
        "typed_reasons",
        "UPDATE consent_events SET reason = NULL WHERE organization_id = $1 AND customer_id = $2 AND reason IS NOT NULL",
        "SELECT count(*) FROM consent_events WHERE organization_id = $1 AND customer_id = $2 AND reason IS NOT NULL",
    ),
];

/// Who waits to be handed over is not. Files that hold the person end before anybody takes them away; from such as are not written yet the person is left out. $1 organisation, $2 customer.
const EXPORTS: [&str; 5] = [
    "UPDATE hand_overs SET customer_ids = array_remove(customer_ids, $2::uuid) WHERE organization_id = $1 AND $2::uuid = ANY(customer_ids)",
    "UPDATE exports x SET stage = 'expired', wrapped_key = NULL, token_digest = NULL WHERE x.organization_id = $1 AND x.wrapped_key IS NOT NULL \
     AND EXISTS (SELECT FROM export_members m WHERE m.organization_id = $1 AND m.export_id = x.id AND $2::uuid = ANY(m.customer_ids))",
    "DELETE FROM export_chunks c USING exports x WHERE c.organization_id = $1 AND x.organization_id = $1 AND x.id = c.export_id AND x.stage = 'expired' AND $2::uuid IS NOT NULL",
    "DELETE FROM export_members m USING exports x WHERE m.organization_id = $1 AND x.organization_id = $1 AND x.id = m.export_id AND x.stage = 'expired' AND $2::uuid IS NOT NULL",
    "UPDATE export_members SET customer_ids = array_remove(customer_ids, $2::uuid), shown = array_remove(shown, $2::uuid) WHERE organization_id = $1 AND $2::uuid = ANY(customer_ids)",
];

/// What would be left without anybody: requests for nobody are taken back, rights to nobody are ended. $1 organisation, $2 customer, $3 who, $4 when.
const REQUESTS: &str = "UPDATE access_requests r SET customer_count = greatest(r.customer_count - 1, 0), \
     state = CASE WHEN r.customer_count <= 1 THEN 'cancelled' ELSE r.state END, closed_at = CASE WHEN r.customer_count <= 1 THEN $3 ELSE r.closed_at END \
     FROM access_request_customers c WHERE r.organization_id = $1 AND c.organization_id = $1 AND c.customer_id = $2 AND r.id = c.request_id AND r.state = 'pending'";
const GRANTS: &str = "UPDATE access_grants g SET revoked_at = $4, revoked_by = $3 FROM access_grant_customers c \
     WHERE g.organization_id = $1 AND c.organization_id = $1 AND c.customer_id = $2 AND g.id = c.grant_id AND g.revoked_at IS NULL AND g.ends_at > $4 \
     AND NOT EXISTS (SELECT FROM access_grant_customers o WHERE o.organization_id = $1 AND o.user_id = g.user_id AND o.grant_id = g.id AND o.customer_id <> $2)";

/// What stays, by the names of the rules.
const STAYS: &[(&str, &str)] = &[
    ("consents", "SELECT count(*) FROM consents WHERE organization_id = $1 AND customer_id = $2"),
    ("opt_outs", "SELECT count(*) FROM opt_outs WHERE organization_id = $1 AND customer_id = $2"),
    ("notice_showings", "SELECT count(*) FROM notice_showings WHERE organization_id = $1 AND customer_id = $2"),
    (
        "access_requests",
        "SELECT count(*) FROM access_request_customers c JOIN access_requests r ON r.organization_id = c.organization_id AND r.id = c.request_id \
         WHERE c.organization_id = $1 AND c.customer_id = $2 AND r.state <> 'pending'",
    ),
    ("privacy_requests", "SELECT count(*) FROM privacy_requests WHERE organization_id = $1 AND customer_id = $2"),
    ("legal_holds", "SELECT count(*) FROM legal_hold_customers WHERE organization_id = $1 AND customer_id = $2"),
    // Of each its id, once it is gone.
    ("record_tombstones", "SELECT count(*) FROM records WHERE organization_id = $1 AND customer_id = $2"),
    ("erasure_batches", "SELECT count(*) FROM erasure_batch_customers WHERE organization_id = $1 AND customer_id = $2"),
];

/// Which ids were those of records, and of whom. $1 organisation, $2 customer.
const LEAVE_IDS: &str = "INSERT INTO erased_records (organization_id, record_id, customer_id) SELECT organization_id, id, customer_id FROM records \
     WHERE organization_id = $1 AND customer_id = $2 ON CONFLICT DO NOTHING";

/// All that goes in one statement, and how many rows each took: two dozen of their own would be waited for one after the other. They see the same rows, and
/// find what they find by other tables as if none of them had begun.
static TAKE_ALL: LazyLock<String> = LazyLock::new(|| {
    let parts: Vec<_> =
        GOES.iter().enumerate().map(|(at, (_, remove, _))| format!("g{at} AS ({remove} RETURNING 1)")).collect();
    let counts: Vec<_> = (0..GOES.len()).map(|at| format!("(SELECT count(*) FROM g{at})")).collect();
    format!("WITH {} SELECT {}", parts.join(", "), counts.join(", "))
});
static COUNT_ALL: LazyLock<String> = LazyLock::new(|| one_row(GOES.iter().map(|(_, _, count)| *count)));
static COUNT_STAYING: LazyLock<String> = LazyLock::new(|| one_row(STAYS.iter().map(|(_, count)| *count)));

/// Several counts as the columns of one row.
fn one_row<'a>(counts: impl Iterator<Item = &'a str>) -> String {
    let columns: Vec<_> = counts.map(|count| format!("({count})")).collect();
    format!("SELECT {}", columns.join(", "))
}

/// The columns of a row by their names.
fn named<'a>(
    names: impl Iterator<Item = &'static str> + 'a,
    row: &'a Row,
) -> impl Iterator<Item = (&'static str, i64)> + 'a {
    names.enumerate().map(|(at, name)| (name, row.get(at)))
}

fn going() -> impl Iterator<Item = &'static str> {
    GOES.iter().map(|(what, ..)| *what)
}

fn staying() -> impl Iterator<Item = &'static str> {
    STAYS.iter().map(|(what, _)| *what)
}

/// Who erases, and when.
#[derive(Clone, Copy, Debug)]
pub struct Removal {
    /// The person or the system.
    pub by: Uuid,
    /// The database's own time.
    pub at: DateTime<Utc>,
    /// Stage, source and region stay: with no value, no key and no name they are nobody's any more.
    pub anonymise: bool,
}

/// What there is of a customer: what would go, and what would stay.
pub async fn what_is_there(work: &Work, customer: CustomerId, tags: i64) -> Result<(Removed, Removed), DbError> {
    let params: [&(dyn ToSql + Sync); 2] = [&work.organization().uuid(), &customer.uuid()];
    let mut goes = Removed::from([("blind_indexes", tags)]);
    goes.extend(named(going(), &work.query_one(&COUNT_ALL, &params).await?));
    Ok((goes, stays(work, &params).await?))
}

/// The same of many together.
pub async fn what_is_there_of(work: &Work, customers: &[Uuid]) -> Result<(Removed, Removed), DbError> {
    const TAGS: &str =
        "SELECT coalesce(sum(length(tags) / 16), 0)::bigint FROM customers WHERE organization_id = $1 AND id = ANY($2)";
    let params: [&(dyn ToSql + Sync); 2] = [&work.organization().uuid(), &customers];
    let people = i64::try_from(customers.len()).unwrap_or(i64::MAX);
    let mut goes = Removed::from([("blind_indexes", work.query_one(TAGS, &params).await?.get(0))]);
    let mut stays = Removed::from([("tombstone", people), ("erasures", people)]);
    let of_many = |sql: &str| sql.replace(" = $2", " = ANY($2)");
    goes.extend(named(going(), &work.query_one(&of_many(&COUNT_ALL), &params).await?));
    stays.extend(named(staying(), &work.query_one(&of_many(&COUNT_STAYING), &params).await?));
    Ok((goes, stays))
}

async fn stays(work: &Work, params: &[&(dyn ToSql + Sync)]) -> Result<Removed, DbError> {
    let mut stays = Removed::from([("tombstone", 1), ("erasures", 1)]);
    stays.extend(named(staying(), &work.query_one(&COUNT_STAYING, params).await?));
    Ok(stays)
}

/// Takes everything of a locked customer away and leaves the tombstone. Answers what went and what stays.
pub async fn erase_customer(
    work: &Work,
    customer: CustomerId,
    tags: &[[u8; 16]],
    removal: Removal,
) -> Result<(Removed, Removed), DbError> {
    const TAGS: &str = "DELETE FROM blind_indexes WHERE organization_id = $1 AND customer_id = $2 AND tag = ANY($3)";
    const TOMBSTONE: &str = "UPDATE customers SET erased_at = $3, archived_at = coalesce(archived_at, $3), version = version + 1, \
         stage = CASE WHEN $5 THEN stage END, source = CASE WHEN $5 THEN source END, region = CASE WHEN $5 THEN region END, restricted = false, merged_into = NULL, wrapped_key = '', fields = '', tags = '', had_tags = false, had_collaborators = false, updated_at = $3, updated_by = $4 \
         WHERE organization_id = $1 AND id = $2";
    let (organization, id, Removal { by, at, anonymise }) = (work.organization().uuid(), customer.uuid(), removal);
    let tags: Vec<&[u8]> = tags.iter().map(<[u8; 16]>::as_slice).collect();
    let mut gone = Removed::new();
    let removed = work.execute(TAGS, &[&organization, &id, &tags]).await?;
    gone.insert("blind_indexes", count(removed));
    for statement in EXPORTS {
        work.execute(statement, &[&organization, &id]).await?;
    }
    work.execute(REQUESTS, &[&organization, &id, &at]).await?;
    work.execute(GRANTS, &[&organization, &id, &by, &at]).await?;
    let records = work.execute(LEAVE_IDS, &[&organization, &id]).await?;
    gone.extend(named(going(), &work.query_one(&TAKE_ALL, &[&organization, &id]).await?));
    work.execute(TOMBSTONE, &[&organization, &id, &at, &by, &anonymise]).await?;
    let params: [&(dyn ToSql + Sync); 2] = [&organization, &id];
    let mut kept = stays(work, &params).await?;
    kept.insert("record_tombstones", count(records));
    if anonymise {
        kept.insert("aggregates", 1);
    }
    Ok((gone, kept))
}

fn count(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// The customer on whom an id's record hung, if it went with them.
pub async fn erased_with(work: &Work, record: Uuid) -> Result<Option<CustomerId>, DbError> {
    let sql = "SELECT customer_id FROM erased_records WHERE organization_id = $1 AND record_id = $2";
    let row = work.query_opt(sql, &[&work.organization().uuid(), &record]).await?;
    Ok(row.map(|row| CustomerId::from(row.get::<_, Uuid>(0))))
}

/// Stops everything but storage and protection (PIPL 47(2)).
pub async fn restrict(work: &Work, customer: CustomerId) -> Result<(), DbError> {
    let sql = "UPDATE customers SET restricted = true WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &customer.uuid()]).await?;
    Ok(())
}
