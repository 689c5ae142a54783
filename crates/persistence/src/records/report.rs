//! Sums over opportunities, inside a scope of customers.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use custodian_domain::access::RowScope;
use custodian_domain::records::Counted;
use tokio_postgres::types::ToSql;

use crate::customers::ScopeSql;
use crate::{DbError, Work};

/// What opportunities are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// All together.
    Stage,
    /// Who sees to them, or to their customer.
    Owner,
    /// The department of their customer.
    Department,
    /// The month in which they were entered, `YYYY-MM` in UTC.
    Period,
}

impl By {
    fn expression(self) -> &'static str {
        match self {
            Self::Stage => "''",
            Self::Owner => "coalesce(coalesce(r.owner_id, c.owner_id)::text, '')",
            Self::Department => "coalesce(c.department_id::text, '')",
            Self::Period => "to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM')",
        }
    }
}

/// Opportunities by group and stage, with the sums of their amounts by currency; of those entered in the time given. Customers whose processing is
/// restricted are left out.
pub async fn counted(
    work: &Work,
    scope: &RowScope,
    by: By,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
) -> Result<Vec<Counted>, DbError> {
    let organization = work.organization().uuid();
    let scope = ScopeSql::new(scope, 2);
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&organization];
    scope.push_params(&mut params);
    let next = params.len() + 1;
    params.push(&from);
    params.push(&until);
    let sql = format!(
        "SELECT {} AS part, r.state, r.currency, count(*), sum(r.amount)::text FROM records r \
         JOIN customers c ON c.organization_id = r.organization_id AND c.id = r.customer_id \
         WHERE r.organization_id = $1 AND r.record_type = 'opportunity' AND r.archived_at IS NULL AND c.archived_at IS NULL AND NOT c.restricted AND r.state IS NOT NULL \
         AND {} AND (${next}::timestamptz IS NULL OR r.created_at >= ${next}) AND (${}::timestamptz IS NULL OR r.created_at < ${}) \
         GROUP BY 1, 2, 3",
        by.expression(),
        scope.clause,
        next + 1,
        next + 1
    );
    let mut found: BTreeMap<(String, String), Counted> = BTreeMap::new();
    for row in work.query(&sql, &params).await? {
        let (group, stage): (String, String) = (row.get(0), row.get(1));
        let (currency, sum): (Option<String>, Option<String>) = (row.get(2), row.get(4));
        let empty = || Counted { group: group.clone(), stage: stage.clone(), count: 0, amounts: Vec::new() };
        let one = found.entry((group.clone(), stage.clone())).or_insert_with(empty);
        one.count += row.get::<_, i64>(3);
        one.amounts.extend(currency.zip(sum));
    }
    Ok(found.into_values().collect())
}
