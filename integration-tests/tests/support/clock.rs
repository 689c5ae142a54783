//! Time that a test moves.

use std::sync::Mutex;

use chrono::{DateTime, Duration, Utc};
use custodian_application::{Clock, SystemClock};

/// The machine's time with a distance from it, or a time that stands still. Moves forward only, as the log demands.
///
/// It begins with the machine's time, because Postgres compares the end of a session with its own.
pub struct TestClock(Mutex<State>);

enum State {
    Running(Duration),
    Stopped(DateTime<Utc>),
}

impl TestClock {
    /// Goes with the machine's time.
    pub fn running() -> Self {
        Self(Mutex::new(State::Running(Duration::zero())))
    }

    /// Stands still until advanced.
    pub fn stopped() -> Self {
        Self(Mutex::new(State::Stopped(SystemClock.now())))
    }

    /// Moves on.
    pub fn advance(&self, by: Duration) {
        assert!(by >= Duration::zero(), "time does not go back");
        match &mut *self.0.lock().unwrap() {
            State::Running(distance) => *distance += by,
            State::Stopped(at) => *at += by,
        }
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        match &*self.0.lock().unwrap() {
            State::Running(distance) => SystemClock.now() + *distance,
            State::Stopped(at) => *at,
        }
    }
}
