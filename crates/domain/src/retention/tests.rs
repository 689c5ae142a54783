//! Holds: which refuse, which only put off, and when they end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;
use chrono::{TimeDelta, TimeZone};
use proptest::prelude::*;

fn at(day: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap() + TimeDelta::days(day)
}

fn hold(id: u128, kind: HoldKind, until: Option<i64>, released: Option<i64>) -> Hold {
    Hold { id: Uuid::from_u128(id), kind, until: until.map(at), released_at: released.map(at) }
}

#[test]
fn nothing_stands_against_somebody_without_holds() {
    assert_eq!(judge(&[], at(0)), Verdict::Go);
}

#[test]
fn a_dispute_refuses_and_is_named() {
    let holds = [hold(1, HoldKind::Litigation, None, None), hold(2, HoldKind::Statutory, Some(30), None)];
    assert_eq!(judge(&holds, at(0)), Verdict::Refused(vec![Uuid::from_u128(1)]));
}

#[test]
fn statutory_terms_put_off_until_the_last_of_them_ends() {
    let holds = [hold(1, HoldKind::Statutory, Some(10), None), hold(2, HoldKind::Statutory, Some(30), None)];
    let by = vec![Uuid::from_u128(1), Uuid::from_u128(2)];
    assert_eq!(judge(&holds, at(0)), Verdict::Blocked { by, until: at(30) });
    let left = vec![Uuid::from_u128(2)];
    assert_eq!(judge(&holds, at(10)), Verdict::Blocked { by: left, until: at(30) }, "a term ends with its moment");
    assert_eq!(judge(&holds, at(30)), Verdict::Go);
}

#[test]
fn what_was_released_binds_no_more() {
    assert_eq!(judge(&[hold(1, HoldKind::Investigation, None, Some(0))], at(0)), Verdict::Go);
}

fn any_hold() -> impl Strategy<Value = Hold> {
    let kinds = prop::sample::select(HoldKind::ALL);
    (any::<u128>(), kinds, prop::option::of(0_i64..60), prop::option::of(0_i64..60))
        .prop_map(|(id, kind, until, released)| hold(id, kind, until, released))
        .prop_filter("a statutory term has an end", |hold| !hold.kind.has_term() || hold.until.is_some())
}

proptest! {
    #[test]
    fn one_more_hold_never_lets_go_what_was_held(holds in prop::collection::vec(any_hold(), 0..6), more in any_hold(), day in 0_i64..60) {
        let rank = |verdict: Verdict| match verdict { Verdict::Go => 0, Verdict::Blocked { .. } => 1, Verdict::Refused(_) => 2 };
        let before = rank(judge(&holds, at(day)));
        let mut all = holds;
        all.push(more);
        prop_assert!(rank(judge(&all, at(day))) >= before);
    }

    #[test]
    fn when_every_hold_has_ended_nothing_stands_against_it(holds in prop::collection::vec(any_hold(), 0..6)) {
        let ended: Vec<Hold> = holds.into_iter().map(|hold| Hold { released_at: Some(at(0)), ..hold }).collect();
        prop_assert_eq!(judge(&ended, at(1)), Verdict::Go);
    }
}
