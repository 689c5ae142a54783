//! When a recipient that has not acknowledged a withdrawal hears of it again.

use chrono::{DateTime, Utc};

/// How often it is told, the last time when its time is over.
pub const REMINDERS: u32 = 3;

/// When it is told next, after so many times: at each third of the time that it has.
pub fn reminder_at(at: DateTime<Utc>, due_at: DateTime<Utc>, reminded: u32) -> Option<DateTime<Utc>> {
    let next = i32::try_from(reminded).ok()?.checked_add(1)?;
    (reminded < REMINDERS).then(|| at + (due_at - at) * next / 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn it_is_told_at_each_third_and_last_when_it_is_late() {
        let at = DateTime::UNIX_EPOCH;
        let due = at + TimeDelta::hours(72);
        let told: Vec<_> = (0..5).map(|reminded| reminder_at(at, due, reminded)).collect();
        let hour = |hours| Some(at + TimeDelta::hours(hours));
        assert_eq!(told, [hour(24), hour(48), hour(72), None, None]);
        assert_eq!(reminder_at(at, due, u32::MAX), None);
    }
}
