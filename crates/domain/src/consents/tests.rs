//! Judgements by example and by property; records by kind.
#![allow(clippy::unwrap_used)]

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::*;
use crate::purposes::{ConsentKind, Purpose, starters};

fn starter(code: &str) -> Purpose {
    starters().into_iter().find(|one| one.code == code).unwrap().purpose
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
}

fn standing(channel: &str, state: State, seconds: i64) -> Standing {
    Standing {
        channel: channel.to_owned(),
        state,
        at: at(seconds),
        expires_at: None,
        consent: Uuid::from_u128(1),
        notice: Uuid::from_u128(2),
    }
}

fn asked(purpose: &Purpose, channel: Option<&str>, standings: &[Standing]) -> Reason {
    judge(&Question { purpose: Some(purpose), channel, renewed_from: at(0), at: at(100) }, standings).reason
}

#[test]
fn each_state_has_its_reason() {
    let marketing = starter("marketing");
    let one = |state| asked(&marketing, Some("sms"), &[standing("*", state, 10)]);
    assert_eq!(one(State::Given), Reason::ConsentInForce);
    assert_eq!(one(State::Refused), Reason::Refused);
    assert_eq!(one(State::Withdrawn), Reason::Withdrawn);
    assert_eq!(one(State::Superseded), Reason::NoConsent);
    assert_eq!(asked(&marketing, Some("sms"), &[]), Reason::NoConsent);
    assert_eq!(asked(&marketing, Some("ads"), &[standing("*", State::Given, 10)]), Reason::ChannelNotCovered);
    assert_eq!(asked(&marketing, Some("sms"), &[standing("*", State::Given, -10)]), Reason::NeedsRenewal);
    let ended = Standing { expires_at: Some(at(100)), ..standing("*", State::Given, 10) };
    assert_eq!(asked(&marketing, Some("sms"), std::slice::from_ref(&ended)), Reason::Expired);
    let nobody = Question { purpose: None, channel: None, renewed_from: at(0), at: at(100) };
    assert_eq!(judge(&nobody, &[ended]).reason, Reason::PurposeNotInForce);
}

#[test]
fn one_channel_stopped_leaves_the_others() {
    let marketing = starter("marketing");
    let standings = [standing("*", State::Given, 10), standing("sms", State::Withdrawn, 20)];
    assert_eq!(asked(&marketing, Some("sms"), &standings), Reason::Withdrawn);
    assert_eq!(asked(&marketing, Some("email"), &standings), Reason::ConsentInForce);
    assert_eq!(asked(&marketing, None, &standings), Reason::ConsentInForce);
}

/// A purpose that sells or shares, by sms, e-mail and advertisements.
fn selling() -> Purpose {
    let channels = ["sms", "email", "ads"].into_iter().map(str::to_owned).collect();
    Purpose { channels, ..starter("marketing") }
}

#[test]
fn after_an_opt_out_a_yes_counts_for_its_own_channel_alone() {
    let purpose = selling();
    let reason = |channel, standings: &[Standing]| {
        let question = Question { purpose: Some(&purpose), channel, renewed_from: at(0), at: at(100) };
        judge_after(&question, standings, Some(at(50))).reason
    };
    let (old, new) = (standing("sms", State::Given, 10), standing("email", State::Given, 60));
    let both = [old.clone(), new.clone()];
    assert_eq!(reason(Some("sms"), &both), Reason::OptOutSignal);
    assert_eq!(reason(Some("email"), &both), Reason::ConsentInForce);
    assert_eq!(reason(None, &both), Reason::ConsentInForce);
    let ended = Standing { expires_at: Some(at(70)), ..new };
    assert_eq!(reason(None, &[old.clone(), ended]), Reason::OptOutSignal, "the old yes does not come back");
    assert_eq!(reason(None, &[old.clone(), standing("email", State::Withdrawn, 70)]), Reason::OptOutSignal);
    assert_eq!(reason(Some("sms"), &[old, standing("*", State::Given, 60)]), Reason::ConsentInForce, "for every one");
    assert_eq!(reason(None, &[standing("*", State::Given, 50)]), Reason::OptOutSignal, "at the same moment");
}

#[test]
fn another_ground_needs_nobody_to_agree_but_an_objection_ends_it() {
    let care = starter("care");
    assert_eq!(asked(&care, None, &[]), Reason::OtherBasis);
    assert_eq!(asked(&care, None, &[standing("*", State::Withdrawn, 1)]), Reason::Objected);
}

#[test]
fn reasons_have_codes_of_their_own() {
    let mut codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Reason::ALL.len());
    assert_eq!(Reason::ALL.iter().filter(|reason| reason.allows()).count(), 2);
}

#[test]
fn fourteen_is_counted_by_birthdays() {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    assert!(is_under_fourteen(day(2012, 11, 23), day(2026, 11, 22)));
    assert!(!is_under_fourteen(day(2012, 11, 22), day(2026, 11, 22)));
    assert!(!is_under_fourteen(day(1980, 2, 29), day(2026, 11, 22)));
}

fn record() -> Record {
    let evidence = Evidence { method: "web_form".into(), reference: None, sha256: None, place: None };
    Record { given: true, channel: "*".into(), evidence, guardian: None, expires_at: None, unasked: false }
}

#[test]
fn a_record_must_fit_the_kind_of_consent() {
    let told = ["marketing".to_owned(), "care".to_owned()];
    let codes = |record: &Record, purpose: &Purpose, told: &[String]| {
        faults(record, purpose, told, at(0)).into_iter().map(|fault| (fault.pointer, fault.code)).collect::<Vec<_>>()
    };
    let of = |kind| Purpose { consent_kind: kind, ..starter("marketing") };
    assert_eq!(codes(&record(), &of(ConsentKind::Consent), &told), []);
    let bundled = ("/notice_version".to_owned(), "separate_consent_bundled");
    assert_eq!(codes(&record(), &of(ConsentKind::Separate), &told), [bundled]);
    assert_eq!(codes(&record(), &of(ConsentKind::Separate), &told[..1]), []);
    let unwritten = ("/evidence".to_owned(), "written_evidence_needed");
    assert_eq!(codes(&record(), &of(ConsentKind::Written), &told[..1]), [unwritten]);
    let orphan = ("/guardian".to_owned(), "guardian_needed");
    assert_eq!(codes(&record(), &of(ConsentKind::Guardian), &told[..1]), [orphan]);
    let care = ("/purpose".to_owned(), "basis_needs_no_consent");
    assert_eq!(codes(&record(), &starter("care"), &told), [care]);
    let late = Record { expires_at: Some(at(0)), ..record() };
    assert_eq!(codes(&late, &of(ConsentKind::Consent), &told), [("/expires_at".to_owned(), "in_the_past")]);
}

#[test]
fn after_a_refusal_nobody_is_asked_again_for_the_days_of_the_purpose() {
    let marketing = starter("marketing");
    let refused = [standing("*", State::Refused, 0)];
    let days = |days| at(0) + TimeDelta::days(days);
    assert!(record().comes_too_soon(&marketing, &refused, days(179)));
    assert!(!record().comes_too_soon(&marketing, &refused, days(180)));
    assert!(!Record { unasked: true, ..record() }.comes_too_soon(&marketing, &refused, days(1)));
    assert!(!record().comes_too_soon(&marketing, &[standing("*", State::Withdrawn, 0)], days(1)));
}

prop_compose! {
    fn any_standing()(channel in select(vec!["*", "sms", "email"]), state in select(vec![State::Given, State::Refused, State::Withdrawn, State::Superseded]),
        seconds in -50_i64..150, end in option::of(0_i64..200)) -> Standing {
        Standing { expires_at: end.map(at), ..standing(channel, state, seconds) }
    }
}

proptest! {
    #[test]
    fn nothing_is_allowed_without_a_consent_that_was_given(all in vec(any_standing(), 0..4), channel in option::of(select(vec!["sms", "email", "ads"]))) {
        let marketing = starter("marketing");
        let question = Question { purpose: Some(&marketing), channel, renewed_from: at(0), at: at(100) };
        if judge(&question, &all).reason.allows() {
            let good = |one: &Standing| one.state == State::Given && one.at >= at(0) && one.expires_at.is_none_or(|end| end > at(100));
            prop_assert!(all.iter().any(good));
        }
    }

    #[test]
    fn after_an_opt_out_only_a_later_yes_allows(all in vec(any_standing(), 0..4), channel in option::of(select(vec!["sms", "email", "ads"])), out in 0_i64..100) {
        let purpose = selling();
        let question = Question { purpose: Some(&purpose), channel, renewed_from: at(0), at: at(100) };
        let judged = judge_after(&question, &all, Some(at(out))).reason;
        if judged.allows() {
            let covers = |one: &Standing| channel.is_none_or(|channel| one.channel == channel || one.channel == "*");
            let good = |one: &Standing| one.state == State::Given && one.at > at(out) && one.expires_at.is_none_or(|end| end > at(100)) && covers(one);
            prop_assert!(all.iter().any(good));
        }
        prop_assert_eq!(judge_after(&question, &all, None), judge(&question, &all));
    }

    #[test]
    fn a_withdrawal_for_every_channel_leaves_nothing(channel in option::of(select(vec!["sms", "email"])), seconds in 0_i64..100) {
        let marketing = starter("marketing");
        let question = Question { purpose: Some(&marketing), channel, renewed_from: at(0), at: at(100) };
        prop_assert!(!judge(&question, &[standing("*", State::Withdrawn, seconds)]).reason.allows());
    }
}
