//! How many calls a partner key may make in a day, by all instances together. Each draws a few calls at a time from the database.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use custodian_domain::kernel::{ApiKeyId, DomainError, OrganizationId};
use custodian_persistence::api_keys as stored;

use crate::App;

/// Calls drawn and not made yet, by key; of one day.
#[derive(Default)]
pub struct Drawn(Mutex<HashMap<ApiKeyId, (NaiveDate, i32)>>);

impl Drawn {
    fn take(&self, key: ApiKeyId, day: NaiveDate) -> bool {
        let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match drawn.get_mut(&key) {
            Some((known, left)) if *known == day && *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    fn add(&self, key: ApiKeyId, day: NaiveDate, calls: i32) {
        let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.retain(|_, (known, _)| *known == day);
        let (_, left) = drawn.entry(key).or_insert((day, 0));
        *left += calls;
    }
}

/// Counts one call of a key against its day (UTC). A restart forgets at most a hundredth of the quota, and never adds to it.
///
/// Errors: 429 `quota_exhausted` with the seconds until the next day.
pub(super) async fn count_call(
    app: &App,
    organization: OrganizationId,
    key: ApiKeyId,
    quota: i32,
) -> Result<(), DomainError> {
    let (now, drawn) = (app.now(), &app.auth().drawn);
    let day = now.date_naive();
    if drawn.take(key, day) {
        return Ok(());
    }
    let work = app.begin(organization).await?;
    let got = stored::draw_calls(&work, key, day, (quota / 100).clamp(1, 100), quota).await?;
    work.commit().await?;
    match got {
        0 => Err(DomainError::wait("quota_exhausted", until_midnight(now))),
        got => {
            drawn.add(key, day, got - 1);
            Ok(())
        }
    }
}

/// Whole seconds until the next day begins, rounded up.
fn until_midnight(now: DateTime<Utc>) -> i64 {
    let next = now.date_naive().checked_add_days(Days::new(1)).map(|day| day.and_time(NaiveTime::MIN).and_utc());
    next.map_or(86_400, |next| ((next - now).num_milliseconds() + 999) / 1000)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_left_of_the_day_is_told_to_the_second() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(until_midnight(at("2026-11-22T23:59:59.500Z")), 1);
        assert_eq!(until_midnight(at("2026-11-22T00:00:00Z")), 86_400);
    }

    #[test]
    fn calls_drawn_for_one_day_are_no_good_on_the_next() {
        let (drawn, key) = (Drawn::default(), ApiKeyId::from(uuid::Uuid::from_u128(1)));
        let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        drawn.add(key, day(22), 2);
        assert!(drawn.take(key, day(22)) && !drawn.take(key, day(23)));
        drawn.add(key, day(23), 1);
        assert!(drawn.take(key, day(23)) && !drawn.take(key, day(23)));
    }
}
