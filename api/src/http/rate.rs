//! The limit of requests per caller and minute: fixed windows, counted in memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use super::problem::Problem;

/// The window, in seconds.
const WINDOW: u64 = 60;
/// Callers are spread over this many locks, so that workers seldom meet.
const SHARDS: usize = 16;

/// Counts requests per caller. Windows follow the monotonic clock: setting the wall clock changes nothing.
#[derive(Debug)]
pub struct RateLimiter {
    per_minute: u32,
    started: Instant,
    shards: [Mutex<Shard>; SHARDS],
}

/// The counts of the current window for one part of the callers.
#[derive(Debug, Default)]
struct Shard {
    window: u64,
    counts: HashMap<Uuid, u32>,
}

/// What a caller has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests per window.
    pub limit: u32,
    /// Requests left in this window.
    pub remaining: u32,
    /// Seconds until the next window.
    pub reset: u32,
    /// Whether this request was one too many.
    pub exceeded: bool,
}

impl RateLimiter {
    /// So many requests per caller and minute; 0 turns the limit off.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, started: Instant::now(), shards: Default::default() }
    }

    /// Counts one request; nothing when the limit is off.
    pub fn take(&self, caller: Uuid, now: Instant) -> Option<Quota> {
        if self.per_minute == 0 {
            return None;
        }
        let elapsed = now.saturating_duration_since(self.started).as_secs();
        let window = elapsed / WINDOW;
        // The last byte of a UUID is random in every version in use.
        let shard = usize::from(caller.as_bytes().last().copied().unwrap_or_default()) % SHARDS;
        let mut shard = self.shards.get(shard)?.lock().unwrap_or_else(PoisonError::into_inner);
        if shard.window != window {
            shard.window = window;
            shard.counts.clear();
        }
        let count = shard.counts.entry(caller).or_default();
        let exceeded = *count >= self.per_minute;
        if !exceeded {
            *count += 1;
        }
        Some(Quota {
            limit: self.per_minute,
            remaining: self.per_minute - *count,
            reset: u32::try_from(WINDOW - elapsed % WINDOW).unwrap_or_default(),
            exceeded,
        })
    }
}

impl Quota {
    /// `RateLimit-Policy` and `RateLimit` on an answer to a known caller.
    pub fn write(&self, headers: &mut HeaderMap) {
        let policy = format!("\"default\";q={};w={WINDOW}", self.limit);
        let state = format!("\"default\";r={};t={}", self.remaining, self.reset);
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", state)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }

    /// The refusal, if this request was one too many.
    pub fn check(&self) -> Result<(), Problem> {
        if self.exceeded {
            return Err(Problem::of("rate_limited").retry_after(self.reset.into()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::Duration;

    #[test]
    fn exactly_the_limit_passes_in_each_window_and_callers_do_not_share() {
        let limiter = RateLimiter::new(3);
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(17));
        let at = |seconds| limiter.started + Duration::from_secs(seconds);
        let left: Vec<_> = (0..3).map(|_| limiter.take(one, at(10)).unwrap().remaining).collect();
        assert_eq!(left, [2, 1, 0]);
        let refused = limiter.take(one, at(59)).unwrap();
        assert!(refused.exceeded && refused.reset == 1 && refused.check().is_err());
        assert!(limiter.take(other, at(59)).unwrap().check().is_ok());
        assert_eq!(limiter.take(one, at(60)).unwrap().remaining, 2);
    }

    #[test]
    fn zero_turns_it_off() {
        assert_eq!(RateLimiter::new(0).take(Uuid::from_u128(1), Instant::now()), None);
    }

    #[test]
    fn writes_both_headers() {
        let mut headers = HeaderMap::new();
        RateLimiter::new(100).take(Uuid::from_u128(1), Instant::now()).unwrap().write(&mut headers);
        assert_eq!(headers.get("ratelimit-policy").unwrap(), "\"default\";q=100;w=60");
        assert!(headers.get("ratelimit").unwrap().to_str().unwrap().starts_with("\"default\";r=99;t="));
    }
}
