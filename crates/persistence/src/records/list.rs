//! Lists of records, always inside a scope of customers.

use chrono::{DateTime, Utc};
use custodian_domain::access::RowScope;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{Hung, select};
use crate::customers::ScopeSql;
use crate::{DbError, Work};

/// What a record is looked for by; every part given must match.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Blind-index tags that the record must carry.
    pub tags: Vec<[u8; 16]>,
    /// Code of its type.
    pub record_type: Option<String>,
    /// The customer that it hangs on.
    pub customer: Option<Uuid>,
    /// Who sees to it.
    pub owner: Option<Uuid>,
    /// State, stage or channel.
    pub state: Option<String>,
    /// Changed at or after.
    pub updated_since: Option<DateTime<Utc>>,
}

/// The order and where to go on: the moment and the id of the last row of the page before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Latest first, by id.
    Newest(Option<Uuid>),
    /// By when it happened, latest first.
    Happened(Option<(DateTime<Utc>, Uuid)>),
}

type Param<'a> = &'a (dyn ToSql + Sync);

/// One page inside the scope.
pub async fn list(
    work: &Work,
    scope: &RowScope,
    filter: &Filter,
    order: Order,
    limit: i64,
) -> Result<Vec<Hung>, DbError> {
    let organization = work.organization().uuid();
    let scope = ScopeSql::new(scope, 2);
    let mut params: Vec<Param<'_>> = vec![&organization];
    scope.push_params(&mut params);
    let mut sql = format!("{} AND {}", select(), scope.clause);
    let Filter { tags, record_type, customer, owner, state, updated_since } = filter;
    let tags: Vec<Vec<u8>> = tags.iter().map(|tag| tag.to_vec()).collect();
    let mut given: Vec<(&str, Param<'_>)> = Vec::new();
    for tag in &tags {
        given.push((
            "EXISTS (SELECT FROM record_indexes b WHERE b.organization_id = $1 AND b.tag = ? AND b.record_id = r.id AND b.customer_id = r.customer_id)",
            tag,
        ));
    }
    given.extend(record_type.iter().map(|value| ("r.record_type = ?", value as Param<'_>)));
    given.extend(customer.iter().map(|value| ("r.customer_id = ?", value as Param<'_>)));
    given.extend(owner.iter().map(|value| ("r.owner_id = ?", value as Param<'_>)));
    given.extend(state.iter().map(|value| ("r.state = ?", value as Param<'_>)));
    given.extend(updated_since.iter().map(|value| ("r.updated_at >= ?", value as Param<'_>)));
    for (text, value) in given {
        params.push(value);
        sql.push_str(&format!(" AND {}", text.replace('?', &format!("${}", params.len()))));
    }
    match &order {
        Order::Newest(None) => sql.push_str(" ORDER BY r.id DESC"),
        Order::Newest(Some(id)) => {
            params.push(id);
            sql.push_str(&format!(" AND r.id < ${} ORDER BY r.id DESC", params.len()));
        }
        Order::Happened(None) => sql.push_str(" ORDER BY r.at DESC, r.id DESC"),
        Order::Happened(Some((at, id))) => {
            let first = params.len() + 1;
            params.extend([at as Param<'_>, id]);
            sql.push_str(&format!(" AND (r.at, r.id) < (${first}, ${}) ORDER BY r.at DESC, r.id DESC", first + 1));
        }
    }
    params.push(&limit);
    sql.push_str(&format!(" LIMIT ${}", params.len()));
    Ok(work.query(&sql, &params).await?.iter().map(Hung::from).collect())
}

/// What is due before a moment inside the scope, first things first, after the last of the page before.
pub async fn due(
    work: &Work,
    scope: &RowScope,
    before: DateTime<Utc>,
    owners: Option<&[Uuid]>,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Hung>, DbError> {
    let organization = work.organization().uuid();
    let scope = ScopeSql::new(scope, 2);
    let mut params: Vec<Param<'_>> = vec![&organization];
    scope.push_params(&mut params);
    params.push(&before);
    let mut sql = format!(
        "{} AND {} AND NOT r.ended AND c.shelved_at IS NULL AND r.due_at < ${}",
        select(),
        scope.clause,
        params.len()
    );
    if let Some(owners) = &owners {
        params.push(owners);
        sql.push_str(&format!(" AND coalesce(r.owner_id, c.owner_id) = ANY(${})", params.len()));
    }
    if let Some((at, id)) = &after {
        params.push(at);
        params.push(id);
        sql.push_str(&format!(" AND (r.due_at, r.id) > (${}, ${})", params.len() - 1, params.len()));
    }
    params.push(&limit);
    sql.push_str(&format!(" ORDER BY r.due_at, r.id LIMIT ${}", params.len()));
    Ok(work.query(&sql, &params).await?.iter().map(Hung::from).collect())
}
