//! How long an opt-out by a signal of the browser lasts.

use chrono::{DateTime, Months, Utc};

use super::{EVERY_CHANNEL, Judgement, Question, Reason, Standing, State, judge};

/// Whether an opt-out of then still stands: until the person expressly agrees later. That the signal does not come again changes nothing (11 CCR 7025).
pub fn opt_out_stands(at: DateTime<Utc>, standings: &[Standing]) -> bool {
    !standings.iter().any(|one| agreed_since(one, at))
}

/// Whether an opt-out of then still stands against asking for this channel, or for every one (`*`): until a later yes covers that very channel. A yes for one opens no
/// other, as in [`judge_after`].
pub fn opt_out_stands_for(channel: &str, at: DateTime<Utc>, standings: &[Standing]) -> bool {
    !standings.iter().any(|one| agreed_since(one, at) && covers(one, channel))
}

fn agreed_since(one: &Standing, at: DateTime<Utc>) -> bool {
    one.state == State::Given && one.at > at
}

fn covers(one: &Standing, channel: &str) -> bool {
    one.channel == channel || one.channel == EVERY_CHANNEL
}

/// Whether this is a yes that an opt-out of then ended: it was given no later. It counts never again, whatever else is agreed to afterwards.
pub fn ended_by_opt_out(standing: &Standing, opted_out: DateTime<Utc>) -> bool {
    standing.state == State::Given && standing.at <= opted_out
}

/// As [`judge`], of somebody who last opted out then: where the purpose sells or shares, only what was agreed to since counts, for its own channel.
pub fn judge_after(question: &Question<'_>, standings: &[Standing], opted_out: Option<DateTime<Utc>>) -> Judgement {
    let all = judge(question, standings);
    let selling = question.purpose.filter(|purpose| purpose.sells_or_shares());
    let Some((purpose, out)) = selling.zip(opted_out) else { return all };
    let stopped = Judgement { reason: Reason::OptOutSignal, ..all.clone() };
    let since: Vec<Standing> = standings.iter().filter(|one| !ended_by_opt_out(one, out)).cloned().collect();
    if purpose.needs_consent() {
        let later = judge(question, &since);
        return match (later.reason.allows(), all.reason.allows()) {
            (true, _) => later,
            (false, true) => stopped,
            (false, false) => all,
        };
    }
    let meant = |one: &Standing| question.channel.is_none_or(|channel| covers(one, channel));
    let agreed = since.iter().any(|one| one.state == State::Given && meant(one));
    if all.reason.allows() && !agreed { stopped } else { all }
}

/// Months in which nobody who opted out is asked to agree after all (Cal. Civ. Code 1798.135(c)(4)).
const WAIT: Months = Months::new(12);

/// Whether somebody who opted out then may be asked again at this moment. Whoever comes forward by themselves was not asked.
pub fn may_be_asked_again(opted_out: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    opted_out.checked_add_months(WAIT).is_some_and(|end| end <= now)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use chrono::TimeDelta;
    use uuid::Uuid;

    #[test]
    fn it_lasts_until_the_person_agrees_later() {
        let at = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let standing = |state, at| Standing {
            channel: "*".to_owned(),
            state,
            at,
            expires_at: None,
            consent: Uuid::nil(),
            notice: Uuid::nil(),
        };
        let (before, after) = (at - TimeDelta::hours(1), at + TimeDelta::hours(1));
        assert!(opt_out_stands(at, &[]));
        assert!(opt_out_stands(at, &[standing(State::Given, before)]), "what was agreed before ends with it");
        assert!(opt_out_stands(at, &[standing(State::Refused, after)]));
        assert!(!opt_out_stands(at, &[standing(State::Given, after)]));
    }

    #[test]
    fn a_channel_is_asked_for_only_after_a_later_yes_that_covers_it() {
        let at = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let standing = |channel: &str, state, hours| Standing {
            channel: channel.to_owned(),
            state,
            at: at + TimeDelta::hours(hours),
            expires_at: None,
            consent: Uuid::nil(),
            notice: Uuid::nil(),
        };
        let stands = |standings: &[Standing]| {
            ["sms", "email", EVERY_CHANNEL].map(|channel| opt_out_stands_for(channel, at, standings))
        };
        let email = standing("email", State::Given, 1);
        assert_eq!(stands(&[]), [true; 3]);
        assert_eq!(stands(&[standing("sms", State::Given, -1), email.clone()]), [true, false, true]);
        assert_eq!(stands(&[standing("sms", State::Given, 1), email]), [false, false, true], "two are not every one");
        assert_eq!(stands(&[standing("*", State::Given, 1)]), [false; 3]);
        assert_eq!(stands(&[standing("*", State::Given, 0)]), [true; 3], "at the same moment");
        assert_eq!(stands(&[standing("email", State::Withdrawn, 1)]), [true; 3]);
    }

    #[test]
    fn nobody_is_asked_again_before_twelve_months_are_over() {
        let day = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let out = day("2026-11-22T08:00:00Z");
        assert!(!may_be_asked_again(out, out));
        assert!(!may_be_asked_again(out, day("2027-11-22T07:59:59Z")));
        assert!(may_be_asked_again(out, day("2027-11-22T08:00:00Z")));
        assert!(
            !may_be_asked_again(day("2028-02-29T00:00:00Z"), day("2029-02-27T23:59:59Z")),
            "months are calendar months"
        );
        assert!(may_be_asked_again(day("2028-02-29T00:00:00Z"), day("2029-02-28T00:00:00Z")));
    }
}
