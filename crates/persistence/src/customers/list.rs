//! Lists and searches, always inside a scope.

use chrono::{DateTime, Utc};
use custodian_domain::access::RowScope;
use custodian_domain::kernel::{CustomerId, DepartmentId, UserId};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{Consents, CustomerRow, IN_FORCE, ScopeSql, shown};
use crate::consents::{IN_FORCE as AGREED, JOIN_PURPOSE, OBJECTED, stopped_by_opt_out};
use crate::{DbError, Work};

/// What a customer is looked for by; every part given must match.
#[derive(Debug, Default, Clone)]
pub struct Filter {
    /// Blind-index tags that the customer must carry.
    pub tags: Vec<[u8; 16]>,
    /// Stage code.
    pub stage: Option<String>,
    /// Source code.
    pub source: Option<String>,
    /// Owner.
    pub owner: Option<Uuid>,
    /// Department.
    pub department: Option<Uuid>,
    /// ISO 3166-2 region.
    pub region: Option<String>,
    /// Changed at or after.
    pub updated_since: Option<DateTime<Utc>>,
    /// Codes of tags that it carries, all of them.
    pub codes: Vec<String>,
    /// Whether it lies in the archive.
    pub archived: Archived,
    /// What a purpose needs of the person. Whoever does not give it is on no page, not even as the place where the next one begins.
    pub ground: Option<Ground>,
}

/// What a purpose needs of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ground {
    /// Consent to the purpose of this code is in force, by whatever channel.
    Agreed(String),
    /// Nothing is objected to the purpose of this code, and no opt-out stops it.
    NotObjected(String),
}

impl Ground {
    fn purpose(&self) -> &String {
        let (Self::Agreed(purpose) | Self::NotObjected(purpose)) = self;
        purpose
    }

    /// With `?` for the purpose's code.
    fn sql(&self) -> String {
        let of = "WHERE s.organization_id = $1 AND s.customer_id = c.id AND s.purpose = ?";
        match self {
            Self::Agreed(_) => format!("EXISTS (SELECT FROM consent_states s {JOIN_PURPOSE} {of} AND {AGREED})"),
            Self::NotObjected(_) => format!(
                "NOT EXISTS (SELECT FROM consent_states s {of} AND {OBJECTED}) \
                 AND NOT EXISTS (SELECT FROM purposes p WHERE p.organization_id = $1 AND p.code = ? AND {})",
                stopped_by_opt_out!("c.id")
            ),
        }
    }
}

/// What is wanted of the archive.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Archived {
    /// Nobody who lies in it.
    #[default]
    No,
    /// Those alone who lie in it.
    Only,
    /// Everybody, in it or not.
    Any,
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    /// Order of creation, which is the order of ids.
    CreatedAt,
    /// Last change.
    UpdatedAt,
}

/// Sorting and the place to go on from.
#[derive(Debug, Clone)]
pub struct Order {
    /// The key.
    pub by: SortKey,
    /// Newest first.
    pub descending: bool,
    /// The last row of the page before: its `updated_at` (for that key) and id.
    pub after: Option<(DateTime<Utc>, Uuid)>,
}

/// A scope and a filter as SQL over `customers c`; `$1` is the organisation.
pub(crate) struct Where {
    /// What follows FROM. Joined and not looked up: each customer has a tag once, and the index tells them by tag in the order of their ids, so that a page
    /// of those who share four digits ends where it is full.
    pub from: String,
    /// What follows WHERE. It tells nothing of blind-index tags: `from` joins them.
    pub sql: String,
    scope: ScopeSql,
    tags: Vec<Vec<u8>>,
}

impl Where {
    /// `first` is the number of its first parameter.
    pub fn new(scope: &RowScope, filter: &Filter, first: usize) -> Self {
        let scope = ScopeSql::new(scope, first);
        let mut counted = Vec::new();
        scope.push_params(&mut counted);
        let mut next = first + counted.len();
        let mut from = "customers c".to_owned();
        for (n, _) in filter.tags.iter().enumerate() {
            from.push_str(&format!(
                " JOIN blind_indexes b{n} ON b{n}.organization_id = $1 AND b{n}.tag = ${next} AND b{n}.customer_id = c.id"
            ));
            next += 1;
        }
        let mut sql = format!("c.organization_id = $1 AND c.archived_at IS NULL AND {}", scope.clause);
        let mut part = |present: bool, text: &str| {
            if present {
                sql.push_str(" AND ");
                sql.push_str(&text.replace('?', &format!("${next}")));
                next += 1;
            }
        };
        let Filter { tags, stage, source, owner, department, region, updated_since, codes, archived, ground } = filter;
        part(stage.is_some(), "c.stage = ?");
        part(source.is_some(), "c.source = ?");
        part(owner.is_some(), "c.owner_id = ?");
        part(department.is_some(), "c.department_id = ?");
        part(region.is_some(), "c.region = ?");
        part(updated_since.is_some(), "c.updated_at >= ?");
        for _ in codes {
            part(
                true,
                "c.id IN (SELECT g.customer_id FROM customer_tags g WHERE g.organization_id = $1 AND g.code = ?)",
            );
        }
        if let Some(ground) = ground {
            part(true, &ground.sql());
        }
        sql.push_str(match archived {
            Archived::No => " AND c.shelved_at IS NULL",
            Archived::Only => " AND c.shelved_at IS NOT NULL",
            Archived::Any => "",
        });
        Self { from, sql, scope, tags: tags.iter().map(|tag| tag.to_vec()).collect() }
    }

    /// Adds the parameters in the order in which the SQL numbers them.
    pub fn push_params<'a>(&'a self, filter: &'a Filter, params: &mut Vec<&'a (dyn ToSql + Sync)>) {
        self.scope.push_params(params);
        let Filter { tags: _, stage, source, owner, department, region, updated_since, codes, archived: _, ground } =
            filter;
        params.extend(self.tags.iter().map(|tag| tag as &(dyn ToSql + Sync)));
        params.extend([stage, source].into_iter().flatten().map(|v| v as &(dyn ToSql + Sync)));
        params.extend([owner, department].into_iter().flatten().map(|v| v as &(dyn ToSql + Sync)));
        params.extend(region.iter().map(|v| v as &(dyn ToSql + Sync)));
        params.extend(updated_since.iter().map(|v| v as &(dyn ToSql + Sync)));
        params.extend(codes.iter().map(|v| v as &(dyn ToSql + Sync)));
        params.extend(ground.iter().map(|ground| ground.purpose() as &(dyn ToSql + Sync)));
    }
}

/// Rows of a page of the usual size, with the one that tells whether there are more. Written out, so that the planner need not expect a tenth of the table
/// and plan every page anew, which takes as long as reading it.
const USUAL: i64 = 51;

/// One page inside the scope, in order.
pub async fn list(
    work: &Work,
    scope: &RowScope,
    filter: &Filter,
    order: &Order,
    limit: i64,
    consents: Consents,
) -> Result<Vec<CustomerRow>, DbError> {
    let organization = work.organization().uuid();
    let matching = Where::new(scope, filter, 2);
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&organization];
    matching.push_params(filter, &mut params);
    // Whatever else is asked for, the best way to it hangs on the value: there each page is planned for itself.
    let planned_once = params.len() == 1;
    let (compare, direction) = if order.descending { ("<", "DESC") } else { (">", "ASC") };
    let mut after = String::new();
    if let Some((at, id)) = &order.after {
        let n = params.len();
        match order.by {
            SortKey::CreatedAt => {
                after = format!(" AND c.id {compare} ${}", n + 1);
                params.push(id);
            }
            SortKey::UpdatedAt => {
                after = format!(" AND (c.updated_at, c.id) {compare} (${}, ${})", n + 1, n + 2);
                params.push(at);
                params.push(id);
            }
        }
    }
    let sort = match order.by {
        SortKey::CreatedAt => format!("c.id {direction}"),
        SortKey::UpdatedAt => format!("c.updated_at {direction}, c.id {direction}"),
    };
    let wanted = if planned_once && limit == USUAL {
        USUAL.to_string()
    } else {
        params.push(&limit);
        format!("${}", params.len())
    };
    let sql = format!(
        "SELECT {} FROM {} WHERE {}{after} ORDER BY {sort} LIMIT {wanted}",
        shown(consents),
        matching.from,
        matching.sql
    );
    Ok(work.query(&sql, &params).await?.iter().map(CustomerRow::from).collect())
}

/// The ids of those that match inside the scope, oldest first.
pub async fn ids(work: &Work, scope: &RowScope, filter: &Filter, limit: i64) -> Result<Vec<Uuid>, DbError> {
    let organization = work.organization().uuid();
    let matching = Where::new(scope, filter, 2);
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&organization];
    matching.push_params(filter, &mut params);
    params.push(&limit);
    let Where { from, sql, .. } = &matching;
    let sql = format!("SELECT c.id FROM {from} WHERE {sql} ORDER BY c.id LIMIT ${}", params.len());
    Ok(work.query(&sql, &params).await?.iter().map(|row| row.get(0)).collect())
}

/// The ids of those inside the scope that a person's offboarding or deactivation handed to a successor whose they are still, oldest first.
pub async fn handed_over_from(work: &Work, scope: &RowScope, user: UserId, limit: i64) -> Result<Vec<Uuid>, DbError> {
    let (organization, filter, user) = (work.organization().uuid(), Filter::default(), user.uuid());
    let matching = Where::new(scope, &filter, 2);
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&organization];
    matching.push_params(&filter, &mut params);
    params.extend([&user as &(dyn ToSql + Sync), &limit]);
    let (user, limit) = (params.len() - 1, params.len());
    let sql = format!(
        "WITH left_by AS (SELECT successor_id, offboarded_at AS at FROM offboardings WHERE organization_id = $1 AND user_id = ${user} \
         UNION ALL SELECT successor_id, deactivated_at FROM deactivations WHERE organization_id = $1 AND user_id = ${user}) \
         SELECT c.id FROM {} WHERE {} AND EXISTS (SELECT FROM left_by l JOIN customer_versions v ON v.changed_at = l.at \
         WHERE v.organization_id = $1 AND v.customer_id = c.id AND v.previous->>'owner_id' = ${user}::uuid::text AND c.owner_id = l.successor_id) \
         ORDER BY c.id LIMIT ${limit}",
        matching.from, matching.sql
    );
    Ok(work.query(&sql, &params).await?.iter().map(|row| row.get(0)).collect())
}

/// Those of these customers who are still there, as they are now. Scope is decided above.
pub async fn by_ids(work: &Work, ids: &[CustomerId], consents: Consents) -> Result<Vec<CustomerRow>, DbError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let columns = shown(consents);
    let sql = format!(
        "SELECT {columns} FROM customers c WHERE c.organization_id = $1 AND c.id = ANY($2) AND c.archived_at IS NULL"
    );
    work.collect(&sql, &[&work.organization().uuid(), &ids]).await
}

/// Those inside the scope who share some of these tags with a customer, the archive included: those who share most first.
pub async fn sharing(
    work: &Work,
    scope: &RowScope,
    tags: &[[u8; 16]],
    but: CustomerId,
    limit: i64,
    consents: Consents,
) -> Result<Vec<CustomerRow>, DbError> {
    if tags.is_empty() {
        return Ok(Vec::new());
    }
    let (organization, but) = (work.organization().uuid(), but.uuid());
    let tags: Vec<&[u8]> = tags.iter().map(<[u8; 16]>::as_slice).collect();
    let scope = ScopeSql::new(scope, 5);
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&organization, &tags, &but, &limit];
    scope.push_params(&mut params);
    let sql = format!(
        "SELECT {} FROM (SELECT b.customer_id, count(*) AS shared FROM blind_indexes b WHERE b.organization_id = $1 AND b.tag = ANY($2) \
         AND b.customer_id <> $3 GROUP BY 1) s JOIN customers c ON c.organization_id = $1 AND c.id = s.customer_id \
         WHERE c.archived_at IS NULL AND {} ORDER BY s.shared DESC, c.id LIMIT $4",
        shown(consents),
        scope.clause
    );
    Ok(work.query(&sql, &params).await?.iter().map(CustomerRow::from).collect())
}

/// How many match inside the scope.
pub async fn count(work: &Work, scope: &RowScope, filter: &Filter) -> Result<i64, DbError> {
    let organization = work.organization().uuid();
    let matching = Where::new(scope, filter, 2);
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&organization];
    matching.push_params(filter, &mut params);
    let sql = format!("SELECT count(*) FROM {} WHERE {}", matching.from, matching.sql);
    Ok(work.query_one(&sql, &params).await?.get(0))
}

/// Customers that no decision can tell apart, as long as no grant names one of them.
#[derive(Clone, Debug)]
pub struct Alike {
    /// Who they are assigned to.
    pub owner: Option<UserId>,
    /// Their department.
    pub department: Option<DepartmentId>,
    /// Their ISO 3166-2 region.
    pub region: Option<String>,
    /// Whether processing is restricted.
    pub restricted: bool,
    /// Who works on them beside their owner.
    pub collaborators: Vec<UserId>,
    /// How many there are.
    pub count: i64,
}

/// Every customer of the organisation, counted by what a decision looks at.
pub async fn alike(work: &Work) -> Result<Vec<Alike>, DbError> {
    let sql = format!(
        "SELECT c.owner_id, c.department_id, c.region, c.restricted, coalesce(n.users, '{{}}'), count(*) FROM customers c \
         LEFT JOIN (SELECT k.customer_id, array_agg(k.user_id ORDER BY k.user_id) AS users FROM customer_collaborators k \
             WHERE k.organization_id = $1 AND {IN_FORCE} GROUP BY 1) n ON n.customer_id = c.id \
         WHERE c.organization_id = $1 AND c.archived_at IS NULL GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
    );
    let rows = work.query(&sql, &[&work.organization().uuid()]).await?;
    let of = |row: &tokio_postgres::Row| Alike {
        owner: row.get::<_, Option<Uuid>>(0).map(UserId::from),
        department: row.get::<_, Option<Uuid>>(1).map(DepartmentId::from),
        region: row.get(2),
        restricted: row.get(3),
        collaborators: row.get::<_, Vec<Uuid>>(4).into_iter().map(UserId::from).collect(),
        count: row.get(5),
    };
    Ok(rows.iter().map(of).collect())
}
