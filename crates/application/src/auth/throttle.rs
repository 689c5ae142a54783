//! Back-off after failed log-ins: waiting grows, nobody is locked out for ever.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};

/// Failures of one account from one address before waiting begins.
const FREE: u32 = 5;
/// Failures of one account from everywhere before waiting begins: high, so that strangers cannot keep its owner out.
const FREE_ACCOUNT: u32 = 50;
/// The longest wait, in seconds.
const LONGEST: i64 = 60;
/// Forget an account or address that had no failure for this long.
const FORGET: i64 = 900;
/// Most entries kept; past it the stale ones go.
const MOST: usize = 100_000;

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: DateTime<Utc>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Pair([u8; 32], Option<IpAddr>),
    Account([u8; 32]),
    Address(IpAddr),
}

/// Counts failures by account and address, by account, and by address.
#[derive(Default)]
pub struct Throttle(Mutex<HashMap<Key, Failures>>);

impl Throttle {
    /// Seconds that this log-in must still wait; 0 when it may be tried.
    pub fn wait(&self, account: [u8; 32], address: Option<IpAddr>, per_address: u32, now: DateTime<Utc>) -> i64 {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys(account, address)
            .map(|(key, free)| failures.get(&key).map_or(0, |f| left(f, free.unwrap_or(per_address), now)))
            .max()
            .unwrap_or(0)
    }

    /// The same from an address that the account is known to log in from: its own failures there alone count.
    pub fn wait_there(&self, account: [u8; 32], address: Option<IpAddr>, now: DateTime<Utc>) -> i64 {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(&Key::Pair(account, address)).map_or(0, |known| left(known, FREE, now))
    }

    /// Notes a failure.
    pub fn failed(&self, account: [u8; 32], address: Option<IpAddr>, now: DateTime<Utc>) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() > MOST {
            failures.retain(|_, f| now - f.last < Duration::seconds(LONGEST));
        }
        for (key, _) in keys(account, address) {
            let window = if matches!(key, Key::Address(_)) { LONGEST } else { FORGET };
            let entry = failures.entry(key).or_insert(Failures { count: 0, last: now });
            if now - entry.last > Duration::seconds(window) {
                entry.count = 0;
            }
            *entry = Failures { count: entry.count.saturating_add(1), last: now };
        }
    }

    /// Forgets the failures of an account from where it has now logged in. Whether there were any.
    pub fn succeeded(&self, account: [u8; 32], address: Option<IpAddr>) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&Key::Pair(account, address)).is_some()
    }
}

fn keys(account: [u8; 32], address: Option<IpAddr>) -> impl Iterator<Item = (Key, Option<u32>)> {
    let fixed = [(Key::Pair(account, address), Some(FREE)), (Key::Account(account), Some(FREE_ACCOUNT))];
    fixed.into_iter().chain(address.map(|a| (Key::Address(a), None)))
}

/// 1, 2, 4 … 60 seconds from the last failure on.
fn left(failures: &Failures, free: u32, now: DateTime<Utc>) -> i64 {
    let Some(over) = failures.count.checked_sub(free) else {
        return 0;
    };
    let wait = 1_i64.checked_shl(over.min(6)).unwrap_or(LONGEST).min(LONGEST);
    let milliseconds = (failures.last + Duration::seconds(wait) - now).num_milliseconds().clamp(0, LONGEST * 1000);
    // Rounded up: a client that waits as long as it was told must find the door open.
    (milliseconds + 999) / 1000
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const ACCOUNT: [u8; 32] = [1; 32];

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    #[test]
    fn waiting_grows_and_ends() {
        let throttle = Throttle::default();
        let here = Some("192.0.2.1".parse().unwrap());
        for _ in 0..4 {
            throttle.failed(ACCOUNT, here, at(0));
        }
        assert_eq!(throttle.wait(ACCOUNT, here, 100, at(0)), 0);
        throttle.failed(ACCOUNT, here, at(0));
        assert_eq!(throttle.wait(ACCOUNT, here, 100, at(0)), 1);
        for _ in 0..20 {
            throttle.failed(ACCOUNT, here, at(0));
        }
        assert_eq!(throttle.wait(ACCOUNT, here, 100, at(0)), 60);
        assert_eq!(throttle.wait(ACCOUNT, here, 100, at(60)), 0);
    }

    #[test]
    fn a_stranger_elsewhere_does_not_make_the_owner_wait() {
        let throttle = Throttle::default();
        let (stranger, owner) = (Some("192.0.2.1".parse().unwrap()), Some("192.0.2.2".parse().unwrap()));
        for _ in 0..20 {
            throttle.failed(ACCOUNT, stranger, at(0));
        }
        assert!(throttle.wait(ACCOUNT, stranger, 100, at(0)) > 0);
        assert_eq!(throttle.wait(ACCOUNT, owner, 100, at(0)), 0);
    }

    #[test]
    fn one_address_that_tries_many_accounts_waits() {
        let throttle = Throttle::default();
        let here = Some("192.0.2.1".parse().unwrap());
        for account in 0..30 {
            throttle.failed([account; 32], here, at(0));
        }
        assert!(throttle.wait([99; 32], here, 30, at(0)) > 0);
    }
}
