//! Rights that end by themselves. Whether one is in force is asked of the database, each time, by its own clock.

use chrono::{DateTime, Utc};
use custodian_domain::access::Grant;
use custodian_domain::kernel::{CustomerId, OrganizationId, UserId};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{Database, DbError, Work};

/// One right.
#[derive(Clone, Debug)]
pub struct GrantRow {
    /// Its id.
    pub id: Uuid,
    /// The request that it came from.
    pub request: Uuid,
    /// `fields` or `emergency`.
    pub kind: String,
    /// Who has it.
    pub user: UserId,
    /// Keys of the fields.
    pub fields: Vec<String>,
    /// The purpose that it was given for.
    pub purpose: Option<String>,
    /// How many customers.
    pub customer_count: i32,
    /// From then on.
    pub starts_at: DateTime<Utc>,
    /// Until then.
    pub ends_at: DateTime<Utc>,
    /// When it was ended before its time.
    pub revoked_at: Option<DateTime<Utc>>,
    /// By whom.
    pub revoked_by: Option<Uuid>,
    /// When it was first used.
    pub first_used_at: Option<DateTime<Utc>>,
    /// Whether it is in force, by the database's clock.
    pub in_force: bool,
}

const COLUMNS: &str = "g.id, g.request_id, g.kind, g.user_id, g.fields, g.purpose, g.customer_count, g.starts_at, g.ends_at, g.revoked_at, g.revoked_by, \
     g.first_used_at, g.revoked_at IS NULL AND g.ends_at > clock_timestamp()";

impl From<&Row> for GrantRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            request: row.get(1),
            kind: row.get(2),
            user: UserId::from(row.get::<_, Uuid>(3)),
            fields: row.get(4),
            purpose: row.get(5),
            customer_count: row.get(6),
            starts_at: row.get(7),
            ends_at: row.get(8),
            revoked_at: row.get(9),
            revoked_by: row.get(10),
            first_used_at: row.get(11),
            in_force: row.get(12),
        }
    }
}

/// Every right in force, oldest first.
pub async fn grants_in_force(work: &Work) -> Result<Vec<GrantRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM access_grants g WHERE g.organization_id = $1 AND g.revoked_at IS NULL AND g.ends_at > clock_timestamp() ORDER BY g.id"
    );
    Ok(work.query(&sql, &[&work.organization().uuid()]).await?.iter().map(GrantRow::from).collect())
}

/// A right in force, as far as a decision about the customers asked for is concerned.
#[derive(Clone, Debug)]
pub struct HeldGrant {
    /// Who has it.
    pub user: UserId,
    /// As the decision takes it. Of its customers those alone that were asked about.
    pub grant: Grant,
    /// The purpose that it was given for.
    pub purpose: Option<String>,
    /// Whether nobody has used it yet.
    pub unused: bool,
}

/// Rights in force, and when the database was asked.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// The rights.
    pub grants: Vec<HeldGrant>,
    /// By the database's clock; `None` where there is none in force.
    pub at: Option<DateTime<Utc>>,
}

const HELD: &str =
    "SELECT g.id, g.user_id, m.customer_id, g.fields, g.ends_at, g.purpose, g.first_used_at IS NULL, clock_timestamp()";
const IN_FORCE: &str = "g.revoked_at IS NULL AND g.ends_at > clock_timestamp()";

/// The rights of these people to these customers, pair by pair: `$2` and `$3` are of one length.
pub(crate) const HELD_PAIRS: &str = "SELECT g.id, g.user_id, m.customer_id, g.fields, g.ends_at, g.purpose, g.first_used_at IS NULL, clock_timestamp() \
     FROM unnest($2::uuid[], $3::uuid[]) AS a(user_id, customer_id) \
     JOIN access_grant_customers m ON m.organization_id = $1 AND m.user_id = a.user_id AND m.customer_id = a.customer_id \
     JOIN access_grants g ON g.organization_id = $1 AND g.id = m.grant_id WHERE g.revoked_at IS NULL AND g.ends_at > clock_timestamp()";

/// Rows of customers put together by right.
pub(crate) fn held_rows(rows: &[Row]) -> Held {
    let mut held = Held::default();
    for row in rows {
        let (id, customer) = (row.get::<_, Uuid>(0), CustomerId::from(row.get::<_, Uuid>(2)));
        held.at = Some(row.get(7));
        if let Some(known) = held.grants.iter_mut().find(|one| one.grant.id == id) {
            known.grant.customers.insert(customer);
            continue;
        }
        let fields = row.get::<_, Vec<String>>(3).into_iter().collect();
        let grant = Grant { customers: [customer].into(), fields, until: row.get(4), id };
        let user = UserId::from(row.get::<_, Uuid>(1));
        held.grants.push(HeldGrant { user, grant, purpose: row.get(5), unused: row.get(6) });
    }
    held
}

/// Opens a transaction with every right of a person that is in force, in one way to the database and back.
pub async fn begin_holding(db: &Database, organization: OrganizationId, user: UserId) -> Result<(Work, Held), DbError> {
    let sql = format!(
        "{HELD} FROM access_grants g JOIN access_grant_customers m ON m.organization_id = $1 AND m.user_id = g.user_id AND m.grant_id = g.id \
         WHERE g.organization_id = $1 AND g.user_id = $2 AND {IN_FORCE}"
    );
    let (work, rows) = Work::begin_asking(db, organization, &sql, &[&organization.uuid(), &user.uuid()]).await?;
    Ok((work, held_rows(&rows)))
}

/// A person's rights to one customer, held until the transaction ends: none of them is revoked before it.
pub async fn held_locked(work: &Work, user: UserId, customer: CustomerId) -> Result<Held, DbError> {
    let sql = format!(
        "{HELD} FROM access_grant_customers m JOIN access_grants g ON g.organization_id = $1 AND g.id = m.grant_id \
         WHERE m.organization_id = $1 AND m.user_id = $2 AND m.customer_id = $3 AND {IN_FORCE} FOR SHARE OF g"
    );
    Ok(held_rows(&work.query(&sql, &[&work.organization().uuid(), &user.uuid(), &customer.uuid()]).await?))
}

/// Everybody's rights to one customer.
pub async fn naming(work: &Work, customer: CustomerId) -> Result<Held, DbError> {
    let sql = format!(
        "{HELD} FROM access_grant_customers m JOIN access_grants g ON g.organization_id = $1 AND g.id = m.grant_id \
         WHERE m.organization_id = $1 AND m.customer_id = $2 AND {IN_FORCE}"
    );
    Ok(held_rows(&work.query(&sql, &[&work.organization().uuid(), &customer.uuid()]).await?))
}

/// Notes that these rights were used, once each.
pub async fn note_use(work: &Work, grants: &[Uuid]) -> Result<(), DbError> {
    let sql = "UPDATE access_grants SET first_used_at = clock_timestamp() WHERE organization_id = $1 AND id = ANY($2) AND first_used_at IS NULL";
    work.execute(sql, &[&work.organization().uuid(), &grants]).await?;
    Ok(())
}

/// Adds a right to the customers of its request, from now on by the database's clock, for so many minutes.
pub async fn insert_grant(work: &Work, id: Uuid, request: Uuid) -> Result<GrantRow, DbError> {
    const SQL: &str = "INSERT INTO access_grants (organization_id, id, request_id, kind, user_id, fields, purpose, customer_count, starts_at, ends_at) \
         SELECT $1, $2, r.id, r.kind, r.requester_id, r.fields, r.purpose, r.customer_count, t.now, t.now + make_interval(mins => r.duration_minutes) \
         FROM access_requests r, (SELECT clock_timestamp() AS now) t WHERE r.organization_id = $1 AND r.id = $3";
    const CUSTOMERS: &str = "INSERT INTO access_grant_customers (organization_id, user_id, customer_id, grant_id) \
         SELECT $1, r.requester_id, c.customer_id, $2 FROM access_request_customers c JOIN access_requests r ON r.organization_id = $1 AND r.id = c.request_id \
         WHERE c.organization_id = $1 AND c.request_id = $3";
    let organization = work.organization().uuid();
    work.execute(SQL, &[&organization, &id, &request]).await?;
    work.execute(CUSTOMERS, &[&organization, &id, &request]).await?;
    find_grant(work, id).await?.ok_or_else(|| DbError::Internal("a right was not stored".into()))
}

/// One right.
pub async fn find_grant(work: &Work, id: Uuid) -> Result<Option<GrantRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM access_grants g WHERE g.organization_id = $1 AND g.id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(GrantRow::from))
}

/// One right, held until the transaction ends.
pub async fn lock_grant(work: &Work, id: Uuid) -> Result<Option<GrantRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM access_grants g WHERE g.organization_id = $1 AND g.id = $2 FOR UPDATE");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(GrantRow::from))
}

/// The rights that came from these requests.
pub async fn grants_of(work: &Work, requests: &[Uuid]) -> Result<Vec<GrantRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM access_grants g WHERE g.organization_id = $1 AND g.request_id = ANY($2)");
    Ok(work.query(&sql, &[&work.organization().uuid(), &requests]).await?.iter().map(GrantRow::from).collect())
}

/// Which rights are wanted; every part given must match.
#[derive(Clone, Debug, Default)]
pub struct GrantFilter {
    /// In force, or not any more.
    pub in_force: Option<bool>,
    /// Used, or never.
    pub used: Option<bool>,
    /// Of this person.
    pub user: Option<Uuid>,
    /// To this customer.
    pub customer: Option<Uuid>,
    /// Of this person, or from a request that they decided.
    pub concerning: Option<Uuid>,
    /// Before this one.
    pub before: Option<Uuid>,
}

/// A page of rights, newest first.
pub async fn list_grants(work: &Work, filter: &GrantFilter, limit: i64) -> Result<Vec<GrantRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM access_grants g WHERE g.organization_id = $1 AND ($2::bool IS NULL OR ({IN_FORCE}) = $2) \
         AND ($3::bool IS NULL OR (g.first_used_at IS NOT NULL) = $3) AND ($4::uuid IS NULL OR g.user_id = $4) \
         AND ($5::uuid IS NULL OR g.user_id = $5 OR EXISTS (SELECT FROM access_request_decisions d \
             WHERE d.organization_id = $1 AND d.request_id = g.request_id AND (d.approver_id = $5 OR d.on_behalf_of = $5))) \
         AND ($6::uuid IS NULL OR EXISTS (SELECT FROM access_grant_customers m \
             WHERE m.organization_id = $1 AND m.user_id = g.user_id AND m.customer_id = $6 AND m.grant_id = g.id)) \
         AND ($7::uuid IS NULL OR g.id < $7) ORDER BY g.id DESC LIMIT $8"
    );
    let GrantFilter { in_force, used, user, customer, concerning, before } = filter;
    let params: [&(dyn ToSql + Sync); 8] =
        [&work.organization().uuid(), in_force, used, user, concerning, customer, before, &limit];
    Ok(work.query(&sql, &params).await?.iter().map(GrantRow::from).collect())
}

/// Ends a right now.
pub async fn revoke_grant(work: &Work, id: Uuid, by: Uuid) -> Result<(), DbError> {
    let sql = "UPDATE access_grants SET revoked_at = clock_timestamp(), revoked_by = $3 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id, &by]).await?;
    Ok(())
}

/// Ends every right of a person that is in force; the requests that they came from.
pub async fn revoke_grants_of(work: &Work, user: UserId, by: Uuid) -> Result<Vec<Uuid>, DbError> {
    const SQL: &str = "WITH ended AS (UPDATE access_grants g SET revoked_at = clock_timestamp(), revoked_by = $3 WHERE g.organization_id = $1 AND g.user_id = $2 \
         AND g.revoked_at IS NULL AND g.ends_at > clock_timestamp() RETURNING g.request_id) \
         UPDATE access_requests r SET state = 'revoked', closed_at = clock_timestamp() FROM ended WHERE r.organization_id = $1 AND r.id = ended.request_id RETURNING r.id";
    let rows = work.query(SQL, &[&work.organization().uuid(), &user.uuid(), &by]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
