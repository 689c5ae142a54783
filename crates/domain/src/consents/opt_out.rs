//! How long an opt-out by a signal of the browser lasts.

use chrono::{DateTime, Utc};

use super::{Standing, State};

/// Whether an opt-out of then still stands: until the person expressly agrees later. That the signal does not come again changes nothing (11 CCR 7025).
pub fn opt_out_stands(at: DateTime<Utc>, standings: &[Standing]) -> bool {
    !standings.iter().any(|one| one.state == State::Given && one.at > at)
}

#[cfg(test)]
mod tests {
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
}
