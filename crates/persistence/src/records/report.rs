//! Sums over opportunities, inside a scope of customers.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveTime, Utc};
use custodian_domain::access::RowScope;
use custodian_domain::records::Counted;
use tokio_postgres::Row;
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
    /// Of single opportunities, `r`, and their customers, `c`.
    fn of_records(self) -> &'static str {
        match self {
            Self::Stage => "''",
            Self::Owner => "coalesce(coalesce(r.owner_id, c.owner_id)::text, '')",
            Self::Department => "coalesce(c.department_id::text, '')",
            Self::Period => "to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM')",
        }
    }

    /// The same of kept sums, `c`.
    fn of_sums(self) -> &'static str {
        match self {
            Self::Stage => "''",
            Self::Owner => "coalesce(c.seen_to_by::text, '')",
            Self::Department => "coalesce(c.department_id::text, '')",
            Self::Period => "to_char(c.month, 'YYYY-MM')",
        }
    }
}

/// The whole months of a time, in UTC: from the first moment of the first to that of the one after the last. No bound where the time has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Months {
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

impl Months {
    /// None where the time holds no whole month, and where a bound lies beyond what can be reckoned with.
    fn within(from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Option<Self> {
        let whole = Self {
            from: match from {
                Some(from) => Some(first_at_or_after(from)?),
                None => None,
            },
            until: match until {
                Some(until) => Some(first_of(until)?),
                None => None,
            },
        };
        let some = whole.from.zip(whole.until).is_none_or(|(from, until)| from < until);
        some.then_some(whole)
    }
}

/// The first moment of its month.
fn first_of(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    at.date_naive().with_day(1).map(|day| day.and_time(NaiveTime::MIN).and_utc())
}

fn first_at_or_after(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let first = first_of(at)?;
    if first == at { Some(first) } else { first.checked_add_months(chrono::Months::new(1)) }
}

/// Opportunities by group and stage, with the sums of their amounts by currency; of those entered in the time given. Customers whose processing is
/// restricted are left out.
///
/// Whole months come from the sums that the database keeps, which know whose a customer is, and neither collaborators nor single customers: those are
/// counted one by one, as are the parts of months at both ends.
pub async fn counted(
    work: &Work,
    scope: &RowScope,
    by: By,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
) -> Result<Vec<Counted>, DbError> {
    let (organization, months) = (work.organization().uuid(), Months::within(from, until));
    let reach = ScopeSql::new(scope, 2);
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&organization];
    reach.push_params(&mut params);
    let rows = match &months {
        None => one_by_one(by, &reach.clause, &span(&bounds(&mut params, &from, &until))),
        Some(months) => {
            let whole = bounds(&mut params, &months.from, &months.until);
            let whose = &reach.whose;
            let mut arms = vec![kept(by, whose, &whole)];
            let besides = reach.named.as_ref().map(|named| format!("{named} AND {whose} IS NOT TRUE"));
            arms.extend(besides.map(|besides| one_by_one(by, &besides, &span(&whole))));
            if (from, until) != (months.from, months.until) {
                let ([first, last], [at_or_after, before]) = (whole, bounds(&mut params, &from, &until));
                let ends = format!(
                    "((r.created_at >= {at_or_after} AND r.created_at < {first}) OR (r.created_at >= {last} AND r.created_at < {before}))"
                );
                arms.push(one_by_one(by, &reach.clause, &ends));
            }
            arms.join(" UNION ALL ")
        }
    };
    let sql = format!(
        "SELECT part, state, currency, sum(counted)::bigint, sum(amount)::text FROM ({rows}) AS s GROUP BY 1, 2, 3 HAVING sum(counted) <> 0 ORDER BY 1, 2, 3"
    );
    Ok(gathered(&work.query(&sql, &params).await?))
}

/// Adds two moments to the parameters, and says where they are.
fn bounds<'a>(
    params: &mut Vec<&'a (dyn ToSql + Sync)>,
    from: &'a Option<DateTime<Utc>>,
    until: &'a Option<DateTime<Utc>>,
) -> [String; 2] {
    params.extend([from as &(dyn ToSql + Sync), until]);
    [params.len() - 1, params.len()].map(|place| format!("${place}::timestamptz"))
}

/// Entered between two moments, each of which may be missing.
fn span([at_or_after, before]: &[String; 2]) -> String {
    format!(
        "({at_or_after} IS NULL OR r.created_at >= {at_or_after}) AND ({before} IS NULL OR r.created_at < {before})"
    )
}

/// What the database keeps of these months.
fn kept(by: By, scope: &str, [first, last]: &[String; 2]) -> String {
    format!(
        "SELECT {} AS part, c.state, c.currency, c.counted, c.amount FROM opportunity_sums c WHERE c.organization_id = $1 AND {scope} \
         AND ({first} IS NULL OR c.month >= ({first} AT TIME ZONE 'UTC')::date) AND ({last} IS NULL OR c.month < ({last} AT TIME ZONE 'UTC')::date)",
        by.of_sums()
    )
}

/// Opportunities themselves, entered as the condition says.
fn one_by_one(by: By, scope: &str, entered: &str) -> String {
    format!(
        "SELECT {} AS part, r.state, r.currency, 1 AS counted, r.amount FROM records r \
         JOIN customers c ON c.organization_id = r.organization_id AND c.id = r.customer_id \
         WHERE r.organization_id = $1 AND r.record_type = 'opportunity' AND r.archived_at IS NULL AND c.archived_at IS NULL AND NOT c.restricted \
         AND r.state IS NOT NULL AND {scope} AND {entered}",
        by.of_records()
    )
}

fn gathered(rows: &[Row]) -> Vec<Counted> {
    let mut found: BTreeMap<(String, String), Counted> = BTreeMap::new();
    for row in rows {
        let (group, stage): (String, String) = (row.get(0), row.get(1));
        let (currency, sum): (Option<String>, Option<String>) = (row.get(2), row.get(4));
        let empty = || Counted { group: group.clone(), stage: stage.clone(), count: 0, amounts: Vec::new() };
        let one = found.entry((group.clone(), stage.clone())).or_insert_with(empty);
        one.count += row.get::<_, i64>(3);
        one.amounts.extend(currency.zip(sum));
    }
    found.into_values().collect()
}

/// Adds up alike sums, so that there are no more of them than groups. Whoever reads at the same moment sees either.
pub async fn fold_sums(work: &Work) -> Result<u64, DbError> {
    const SQL: &str = "WITH alike AS (SELECT place, count(*) OVER (PARTITION BY month, state, currency, seen_to_by, owner_id, department_id, region) AS rows \
             FROM opportunity_sums WHERE organization_id = $1), \
         gone AS (DELETE FROM opportunity_sums s USING alike a WHERE s.organization_id = $1 AND s.place = a.place AND a.rows > 1 RETURNING s.*) \
         INSERT INTO opportunity_sums (organization_id, month, state, currency, seen_to_by, owner_id, department_id, region, counted, amount) \
         SELECT organization_id, month, state, currency, seen_to_by, owner_id, department_id, region, sum(counted), sum(amount) FROM gone \
         GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(counted) <> 0 OR sum(amount) <> 0";
    work.execute(SQL, &[&work.organization().uuid()]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn months(from: Option<&str>, until: Option<&str>) -> Option<(Option<String>, Option<String>)> {
        let read = |text: Option<&str>| text.and_then(|text| text.parse().ok());
        let told = |at: Option<DateTime<Utc>>| at.map(|at| at.format("%FT%T").to_string());
        Months::within(read(from), read(until)).map(|months| (told(months.from), told(months.until)))
    }

    #[test]
    fn a_time_holds_the_months_that_lie_in_it_whole() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(months(None, None), Some((None, None)));
        assert_eq!(
            months(Some("2026-01-01T00:00:00Z"), Some("2026-03-01T00:00:00Z")),
            Some((some("2026-01-01T00:00:00"), some("2026-03-01T00:00:00")))
        );
        assert_eq!(
            months(Some("2025-12-31T16:00:00Z"), Some("2026-03-31T16:00:00Z")),
            Some((some("2026-01-01T00:00:00"), some("2026-03-01T00:00:00")))
        );
        assert_eq!(months(Some("2026-12-01T00:00:00.000001Z"), None), Some((some("2027-01-01T00:00:00"), None)));
        assert_eq!(months(Some("2026-01-01T00:00:01Z"), Some("2026-02-28T23:59:59Z")), None);
        assert_eq!(months(Some("2026-05-01T00:00:00Z"), Some("2026-02-01T00:00:00Z")), None);
    }

    #[test]
    fn what_lies_beyond_the_calendar_is_counted_one_by_one() {
        assert_eq!(Months::within(Some(DateTime::<Utc>::MAX_UTC), None), None);
    }
}
