//! What becomes of consents when two rows about one person are made one: a yes goes along where nothing speaks against it, and a no always wins.

use super::{EVERY_CHANNEL, Standing, State};

/// What to do, by the places of the standings that were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Of the one that goes: these are taken over.
    pub adopt: Vec<usize>,
    /// Of the one that stays: these end.
    pub stop: Vec<usize>,
}

const fn says_no(state: State) -> bool {
    matches!(state, State::Refused | State::Withdrawn)
}

/// Whether what was said for one channel reaches another.
fn reaches(said: &str, channel: &str) -> bool {
    said == EVERY_CHANNEL || said == channel
}

/// Where the two stand with one purpose. A no of either ends or keeps out every yes that it reaches, and a yes for every channel is not taken over
/// where any channel was refused.
pub fn merged(stays: &[Standing], goes: &[Standing]) -> Merged {
    let mut merged = Merged::default();
    for (at, one) in stays.iter().enumerate().filter(|(_, one)| one.state == State::Given) {
        if goes.iter().any(|no| says_no(no.state) && reaches(&no.channel, &one.channel)) {
            merged.stop.push(at);
        }
    }
    for (at, one) in goes.iter().enumerate().filter(|(_, one)| one.state != State::Superseded) {
        let own =
            stays.iter().enumerate().find(|(_, own)| own.channel == one.channel && own.state != State::Superseded);
        let stopped = own.is_some_and(|(place, _)| merged.stop.contains(&place));
        let adopted = if says_no(one.state) {
            // Where a yes of its own ends, that is its no.
            !stopped && own.is_none_or(|(_, own)| !says_no(own.state))
        } else {
            let refused = stays
                .iter()
                .any(|no| says_no(no.state) && (reaches(&no.channel, &one.channel) || one.channel == EVERY_CHANNEL));
            own.is_none() && !refused
        };
        if adopted {
            merged.adopt.push(at);
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::slice::from_ref;

    use super::*;
    use chrono::DateTime;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn standing(channel: &str, state: State) -> Standing {
        let at = DateTime::UNIX_EPOCH;
        Standing { channel: channel.into(), state, at, expires_at: None, consent: Uuid::nil(), notice: Uuid::nil() }
    }

    /// Where they stand afterwards.
    fn after(stays: &[Standing], goes: &[Standing]) -> Vec<Standing> {
        let Merged { adopt, stop } = merged(stays, goes);
        let mut all: Vec<Standing> = stays.to_vec();
        for at in stop {
            all[at].state = State::Withdrawn;
        }
        for at in adopt {
            all.retain(|one| one.channel != goes[at].channel);
            all.push(goes[at].clone());
        }
        all
    }

    #[test]
    fn a_yes_goes_along_and_a_no_wins() {
        let (yes, no) = (standing("email", State::Given), standing("email", State::Withdrawn));
        assert_eq!(merged(&[], from_ref(&yes)), Merged { adopt: vec![0], stop: vec![] });
        assert_eq!(merged(from_ref(&yes), from_ref(&no)), Merged { adopt: vec![], stop: vec![0] });
        assert_eq!(merged(from_ref(&no), from_ref(&yes)), Merged::default());
        assert_eq!(merged(&[], &[no]), Merged { adopt: vec![0], stop: vec![] });
        let everywhere = standing("*", State::Withdrawn);
        assert_eq!(merged(from_ref(&yes), &[everywhere]), Merged { adopt: vec![0], stop: vec![0] });
        let all = standing("*", State::Given);
        assert_eq!(merged(&[standing("sms", State::Refused)], &[all]), Merged::default());
    }

    fn standings() -> impl Strategy<Value = Vec<Standing>> {
        let state =
            prop_oneof![Just(State::Given), Just(State::Refused), Just(State::Withdrawn), Just(State::Superseded)];
        vec((prop_oneof![Just("*"), Just("sms"), Just("email")], state), 0..4).prop_map(|drawn| {
            let mut all: Vec<Standing> = Vec::new();
            for (channel, state) in drawn {
                if !all.iter().any(|one: &Standing| one.channel == channel) {
                    all.push(standing(channel, state));
                }
            }
            all
        })
    }

    /// What one channel is allowed by these standings alone.
    fn allows(all: &[Standing], channel: &str) -> Option<bool> {
        let of = |channel: &str| all.iter().find(|one| one.channel == channel && one.state != State::Superseded);
        of(channel).or_else(|| of("*")).map(|one| one.state == State::Given)
    }

    proptest! {
        #[test]
        fn what_either_refused_is_refused_afterwards(stays in standings(), goes in standings()) {
            let both = after(&stays, &goes);
            for channel in ["sms", "email"] {
                if allows(&stays, channel) == Some(false) || allows(&goes, channel) == Some(false) {
                    prop_assert_ne!(allows(&both, channel), Some(true), "{}: {:?} and {:?}", channel, stays, goes);
                }
                if allows(&both, channel) == Some(true) {
                    prop_assert!(allows(&stays, channel) == Some(true) || allows(&goes, channel) == Some(true));
                }
            }
        }
    }
}
