//! The worked dates of each law, and the rules of who may ask.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use chrono::{DateTime, NaiveDate, Utc};

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn dates(jurisdiction: Jurisdiction, right: Right, received: &str, own: OwnLimits) -> Result<Dates, MissingYear> {
    let rule = Rule::of(jurisdiction, right).unwrap();
    rule.dates(day(received), 0, &own, &Calendar::built_in(jurisdiction))
}

fn own(working_days: u16, rolls: bool) -> OwnLimits {
    OwnLimits { working_days, rolls }
}

#[test]
fn every_right_has_one_rule_under_every_law() {
    for jurisdiction in Jurisdiction::ALL {
        for right in Right::ALL {
            let found = RULES.iter().filter(|rule| rule.jurisdiction == *jurisdiction && rule.rights.contains(right));
            assert_eq!(found.count(), 1, "{} {}", jurisdiction.as_str(), right.as_str());
        }
    }
}

#[test]
fn a_month_of_the_gdpr_ends_on_the_same_day_or_the_last() {
    let at = |received, rolls| dates(Jurisdiction::Eu, Right::Access, received, own(15, rolls)).unwrap();
    let january = at("2026-01-31", false);
    assert_eq!((january.due, january.longest), (day("2026-02-28"), Some(day("2026-04-30"))));
    assert_eq!(at("2026-01-31", true).due, day("2026-03-02"), "a Saturday, rolled");
    let november = at("2026-11-22", false);
    assert_eq!((november.due, november.longest), (day("2026-12-22"), Some(day("2027-02-22"))));
    assert_eq!(november.acknowledge, None);
}

#[test]
fn california_counts_business_days_for_some_and_calendar_days_for_others() {
    let know = dates(Jurisdiction::UsCa, Right::Access, "2026-11-23", OwnLimits::default()).unwrap();
    assert_eq!((know.due, know.longest), (day("2027-01-07"), Some(day("2027-02-21"))));
    assert_eq!(know.acknowledge, Some(day("2026-12-08")), "the 26th is a holiday");
    let opt_out = dates(Jurisdiction::UsCa, Right::Objection, "2026-11-23", OwnLimits::default()).unwrap();
    assert_eq!((opt_out.due, opt_out.longest), (day("2026-12-15"), None));
    let naive = Calendar::weekends_only();
    assert_eq!(naive.after(day("2026-11-23"), 10), Ok(day("2026-12-07")));
    assert_eq!(naive.after(day("2026-11-23"), 15), Ok(day("2026-12-14")));
}

#[test]
fn china_counts_holidays_and_the_weekends_worked_for_them() {
    let at = |received, days| dates(Jurisdiction::Cn, Right::Erasure, received, own(days, false)).unwrap();
    assert_eq!(at("2026-09-23", 15).due, day("2026-10-21"));
    assert_eq!(at("2026-09-01", 30).due, day("2026-10-19"));
    assert_eq!(Calendar::weekends_only().after(day("2026-09-23"), 15), Ok(day("2026-10-14")), "the wrong answer");
    assert_eq!(at("2026-09-23", 15).warn, Some(day("2026-10-23")));
    assert_eq!(at("2026-09-23", 15).longest, None);
    assert_eq!(Calendar::built_in(Jurisdiction::Cn).is_worked(day("2026-10-10")), Ok(true), "a Saturday");
}

#[test]
fn a_year_without_a_calendar_is_missing_until_it_is_given() {
    let late = dates(Jurisdiction::Cn, Right::Access, "2026-12-20", OwnLimits::default());
    assert_eq!(late, Err(MissingYear(2027)));
    let mut calendar = Calendar::built_in(Jurisdiction::Cn);
    calendar.add(2027, &[day("2027-01-01")], &[]);
    let rule = Rule::of(Jurisdiction::Cn, Right::Access).unwrap();
    let dates = rule.dates(day("2026-12-20"), 0, &OwnLimits::default(), &calendar).unwrap();
    assert_eq!(dates.due, day("2027-01-11"), "the first of January is free");
    assert_eq!(
        Rule::of(Jurisdiction::Eu, Right::Access)
            .unwrap()
            .dates(day("2031-05-05"), 0, &own(15, true), &Calendar::built_in(Jurisdiction::Eu))
            .map(|dates| dates.due),
        Ok(day("2031-06-05"))
    );
}

#[test]
fn a_year_that_will_be_needed_is_told_of_before_it_is() {
    let told = |jurisdiction, today| {
        let calendar = Calendar::built_in(jurisdiction);
        missing_year(jurisdiction, day(today), &OwnLimits::default(), &calendar)
    };
    assert_eq!(told(Jurisdiction::Cn, "2026-06-01"), None);
    assert_eq!(
        told(Jurisdiction::Cn, "2026-11-23"),
        Some(MissingYear(2027)),
        "a request of January has its days in it"
    );
    assert_eq!(told(Jurisdiction::UsCa, "2026-11-23"), None);
    assert_eq!(told(Jurisdiction::UsCa, "2027-12-20"), Some(MissingYear(2028)));
    assert_eq!(told(Jurisdiction::Eu, "2031-12-30"), None, "weekends suffice");
    for known in BUILT_IN {
        let first = NaiveDate::from_ymd_opt(known.year, 1, 1).unwrap();
        assert_eq!(Calendar::built_in(known.jurisdiction).is_worked(first), Ok(false), "{known:?}");
    }
}

#[test]
fn holidays_of_one_year_take_no_other_away() {
    let mut calendar = Calendar::built_in(Jurisdiction::Eu);
    calendar.add(2027, &[day("2027-05-06")], &[]);
    assert_eq!(calendar.rolled(day("2027-05-06")), Ok(day("2027-05-07")));
    assert_eq!(
        calendar.rolled(day("2026-05-09")),
        Ok(day("2026-05-11")),
        "of another year weekends suffice, as before"
    );
}

#[test]
fn days_on_which_the_clock_stood_still_do_not_count() {
    let rule = Rule::of(Jurisdiction::Eu, Right::Access).unwrap();
    let calendar = Calendar::built_in(Jurisdiction::Eu);
    let paused = rule.dates(day("2026-01-31"), 5, &OwnLimits::default(), &calendar).unwrap();
    assert_eq!(paused.due, day("2026-03-05"));
    assert!(!Rule::of(Jurisdiction::UsCa, Right::Access).unwrap().pauses, "whatever verification takes");
}

#[test]
fn the_day_of_receipt_and_the_end_of_the_last_day_are_local() {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    assert_eq!(Jurisdiction::Cn.day_of(at("2026-11-22T16:30:00Z")), day("2026-11-23"));
    assert_eq!(Jurisdiction::UsCa.day_of(at("2026-11-22T07:30:00Z")), day("2026-11-21"));
    assert_eq!(Jurisdiction::Cn.end_of(day("2026-12-11")), at("2026-12-11T16:00:00Z"));
    for jurisdiction in Jurisdiction::ALL {
        let end = jurisdiction.end_of(day("2026-07-01"));
        assert!(jurisdiction.day_of(end - chrono::TimeDelta::seconds(1)) == day("2026-07-01"));
    }
}

#[test]
fn nothing_comes_back_from_where_it_ended() {
    for from in State::ALL {
        let next: Vec<_> = State::ALL.iter().filter(|to| from.may_become(**to)).collect();
        assert_eq!(from.is_closed(), next.is_empty(), "{}", from.as_str());
        assert!(!from.may_become(State::Received) && !from.may_become(*from));
    }
    assert!(!State::Received.may_become(State::Completed), "not before it is known who asks");
    assert!(!State::Verifying.may_become(State::Completed));
}

#[test]
fn who_speaks_for_another_says_on_what_ground() {
    let codes =
        |who, right, claim| claim_faults(who, right, claim).into_iter().map(|fault| fault.pointer).collect::<Vec<_>>();
    let none = Claim::default();
    assert!(codes(Requester::Subject, Right::Objection, none).is_empty());
    assert_eq!(codes(Requester::Agent, Right::Access, none), ["/requester/authorization"]);
    assert_eq!(codes(Requester::Guardian, Right::Access, none), ["/requester/relationship"]);
    let blank = Claim { relationship: Some("daughter"), interest: Some("  "), authorization: None };
    assert_eq!(codes(Requester::Relative, Right::Access, blank), ["/requester/interest"]);
    let full = Claim { interest: Some("inheritance"), ..blank };
    assert!(codes(Requester::Relative, Right::Erasure, full).is_empty());
    assert_eq!(codes(Requester::Relative, Right::WithdrawConsent, full), ["/right"]);
}

#[test]
fn every_right_may_be_turned_down_on_some_ground_and_none_on_any() {
    for jurisdiction in Jurisdiction::ALL {
        for right in Right::ALL {
            let open = GROUNDS.iter().filter(|one| one.article(*jurisdiction, *right).is_some()).count();
            assert!(open >= 3 && open < GROUNDS.len(), "{} {}", jurisdiction.as_str(), right.as_str());
        }
        assert!(remedy(*jurisdiction).iter().all(|text| text.len() > 20));
    }
    assert_eq!(ground("compelling_grounds").unwrap().article(Jurisdiction::Cn, Right::Objection), None);
    assert_eq!(ground("retention_required").unwrap().article(Jurisdiction::Cn, Right::Access), None);
    assert!(ground("we_would_rather_not").is_none());
}
