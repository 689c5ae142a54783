//! Records: what hangs on a customer. Which of their values stand in the clear beside the sealed ones, for lists, reminders and reports.

mod funnel;

pub use funnel::{Counted, Row, Step, funnel};

use chrono::{DateTime, NaiveDate, Utc};

use crate::catalog::{Classification, Field, RecordType};

/// The fields of a record type whose values stand in the clear as well: moments, states and sums of trade. None tells who somebody is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenFacts {
    /// When it happened: a record without one stands where it was entered.
    pub at: Option<&'static str>,
    /// When something is due.
    pub due: Option<&'static str>,
    /// The state, stage or channel.
    pub state: Option<&'static str>,
    /// The amount, where a report adds it up. What is guarded is not among them.
    pub amount: Option<&'static str>,
    /// The states after which nothing is due any more.
    pub ended: &'static [&'static str],
}

/// The open facts of a record type; none for a type of an organisation's own.
pub fn open_facts(record_type: &str) -> OpenFacts {
    let facts = |at, due, state| OpenFacts { at, due, state: Some(state), ..OpenFacts::default() };
    match record_type {
        "interaction" => facts(Some("occurred_at"), Some("next_follow_up_at"), "channel"),
        "opportunity" => OpenFacts {
            amount: Some("amount"),
            ended: &["won", "lost"],
            ..facts(None, Some("expected_close"), "stage")
        },
        "contract" => OpenFacts { ended: &["ended"], ..facts(Some("signed_on"), Some("ends_on"), "status") },
        "payment" => OpenFacts { ended: &["paid", "refunded"], ..facts(Some("paid_at"), Some("due_on"), "status") },
        "ticket" => OpenFacts { ended: &["solved", "closed"], ..facts(None, Some("due_at"), "status") },
        _ => OpenFacts::default(),
    }
}

impl OpenFacts {
    /// What of a record type stands open as the organisation guards its fields: nothing that is guarded, or out of use.
    pub fn of(record_type: &RecordType) -> Self {
        let Self { at, due, state, amount, ended } = open_facts(record_type.code);
        let stands = |key: Option<&'static str>| key.filter(|key| record_type.field(key).is_some_and(Self::may_stand));
        Self { at: stands(at), due: stands(due), state: stands(state), amount: stands(amount), ended }
    }

    /// Whether this field of a record type is one whose values stand open unless they are guarded.
    pub fn speaks_of(record_type: &str, key: &str) -> bool {
        let Self { at, due, state, amount, ended: _ } = open_facts(record_type);
        [at, due, state, amount].contains(&Some(key))
    }

    /// Whether values of this field may stand open: those of a guarded one are sealed alone.
    pub fn may_stand(field: &Field) -> bool {
        field.classification < Classification::Sensitive
    }
}

/// The moment of a stored date or time; a date is its midnight in UTC.
pub fn moment(stored: &str) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(stored) {
        return Some(at.with_timezone(&Utc));
    }
    NaiveDate::parse_from_str(stored, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0).map(|at| at.and_utc())
}

/// Amount and currency of a stored sum of money.
pub fn money(stored: &str) -> Option<(&str, &str)> {
    stored.strip_prefix(r#"{"amount":""#)?.strip_suffix(r#""}"#)?.split_once(r#"","currency":""#)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalog::{Category, Classification, DataType, built_in_types};

    #[test]
    fn what_stands_open_is_a_field_that_is_neither_guarded_nor_tells_who_somebody_is() {
        for one in built_in_types().iter().filter(|one| one.code != "customer") {
            let OpenFacts { at, due, state, amount, ended } = open_facts(one.code);
            for key in [at, due, state, amount].into_iter().flatten() {
                let field = one.field(key).unwrap();
                assert_eq!(field.classification, Classification::Internal, "{}", field.name);
                assert!(matches!(field.category, Category::Behaviour | Category::Business), "{}", field.name);
            }
            let Some(DataType::Enum(choices)) = state.map(|key| one.field(key).unwrap().data_type.clone()) else {
                panic!()
            };
            assert!(ended.iter().all(|code| choices.iter().any(|known| known == code)), "{}", one.code);
        }
        assert_eq!(open_facts("payment").amount, None, "how much was paid stands nowhere open");
        assert_eq!(open_facts("visit_report"), OpenFacts::default());
    }

    #[test]
    fn what_is_guarded_stands_open_no_more() {
        let mut opportunity = built_in_types().iter().find(|one| one.code == "opportunity").unwrap().clone();
        assert_eq!(OpenFacts::of(&opportunity), open_facts("opportunity"));
        let amount = opportunity.fields.iter_mut().find(|field| field.key == "amount").unwrap();
        amount.classification = Classification::Core;
        opportunity.fields.retain(|field| field.key != "expected_close");
        let facts = OpenFacts::of(&opportunity);
        assert_eq!((facts.state, facts.amount, facts.due), (Some("stage"), None, None));
        assert!(OpenFacts::speaks_of("opportunity", "amount") && !OpenFacts::speaks_of("payment", "amount"));
    }

    #[test]
    fn stored_moments_and_sums_are_read() {
        assert_eq!(moment("2026-11-22"), moment("2026-11-22T00:00:00Z"));
        assert!(moment("2026-11-22T08:00:00.5Z").is_some() && moment("soon").is_none());
        assert_eq!(money(r#"{"amount":"12.30","currency":"CNY"}"#), Some(("12.30", "CNY")));
        assert_eq!(money("12.30"), None);
    }
}
