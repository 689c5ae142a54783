//! The load: one thread, many kept connections, each sending its next request when its last was answered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use custodian_application::startup::Unfit;
use futures_util::future::try_join_all;

use super::http::{Connection, refusal};

/// How long answers under way may still take after the end of a run.
const LAST_ANSWERS: Duration = Duration::from_secs(20);

/// How hard to push.
#[derive(Clone, Copy, Debug)]
pub(super) struct Push {
    pub connections: usize,
    pub length: Duration,
}

/// What one run came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    /// Answers received, those after the end included.
    pub answers: u64,
    /// Answers per second until the end.
    pub rate: f64,
    /// Median latency in milliseconds.
    pub p50: f64,
    /// The latency that one in a hundred exceeds, in milliseconds.
    pub p99: f64,
}

/// Numbers that look random; repeatable from their seed, and costing nothing beside a request.
#[derive(Clone, Debug)]
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// splitmix64.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of these, each as likely.
    pub(super) fn one<'t, T>(&mut self, of: &'t [T]) -> Option<&'t T> {
        let count = u64::try_from(of.len()).ok().filter(|count| *count > 0)?;
        of.get(usize::try_from(self.next() % count).ok()?)
    }
}

/// Runs `write`, which appends the next request, on every connection until the time is up. An answer that is not a success ends the run as failed.
pub(super) async fn run(
    address: SocketAddr,
    push: Push,
    seed: u64,
    write: &dyn Fn(&mut Draw, &mut Vec<u8>),
) -> Result<Sample, Unfit> {
    let opened = (0..push.connections).map(|_| Connection::open(address));
    let connections = try_join_all(opened).await?;
    let begun = Instant::now();
    let end = begun + push.length;
    let workers = connections.into_iter().zip(0_u64..).map(|(connection, number)| {
        let draw = Draw::new(seed ^ (number << 32));
        one_connection(connection, end, draw, write)
    });
    let limit = push.length + LAST_ANSWERS;
    let times = tokio::time::timeout(limit, try_join_all(workers)).await;
    let times = times.map_err(|_| Unfit("the server stopped answering.".into()))??;
    Ok(sample(times.concat(), push.length))
}

/// Latency of each answer, and whether it came before the end.
type Timed = (Duration, bool);

async fn one_connection(
    mut connection: Connection,
    end: Instant,
    mut draw: Draw,
    write: &dyn Fn(&mut Draw, &mut Vec<u8>),
) -> Result<Vec<Timed>, Unfit> {
    let mut times = Vec::with_capacity(4096);
    let mut request = Vec::with_capacity(4096);
    let mut sent = Instant::now();
    while sent < end {
        request.clear();
        write(&mut draw, &mut request);
        let status = connection.send(&request).await?;
        let now = Instant::now();
        if !(200..300).contains(&status) {
            return Err(Unfit(refusal(status, connection.body())));
        }
        times.push((now - sent, now <= end));
        sent = now;
    }
    Ok(times)
}

fn sample(mut times: Vec<Timed>, length: Duration) -> Sample {
    times.sort_unstable();
    let in_time = times.iter().filter(|(_, in_time)| *in_time).count();
    Sample {
        answers: u64::try_from(times.len()).unwrap_or(u64::MAX),
        rate: in_time as f64 / length.as_secs_f64(),
        p50: percentile(&times, 50),
        p99: percentile(&times, 99),
    }
}

/// Nearest rank, in milliseconds; 0 of nothing.
fn percentile(sorted: &[Timed], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).map_or(0.0, |(time, _)| time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_sample_counts_answers_in_time_and_ranks_all() {
        let timed = |ms: u64| (Duration::from_millis(ms), ms <= 99);
        let sample = sample((1..=100).rev().map(timed).collect(), Duration::from_secs(2));
        assert_eq!(sample, Sample { answers: 100, rate: 49.5, p50: 50.0, p99: 99.0 });
    }

    #[test]
    fn a_run_without_answers_is_no_division_by_zero() {
        assert_eq!(sample(Vec::new(), Duration::from_secs(1)), Sample { answers: 0, rate: 0.0, p50: 0.0, p99: 0.0 });
    }

    #[test]
    fn draws_repeat_and_reach_everything() {
        let all = [1, 2, 3, 4, 5];
        let (mut one, mut other) = (Draw::new(7), Draw::new(7));
        let drawn: Vec<i32> = (0..200).map(|_| *one.one(&all).unwrap()).collect();
        assert!(drawn.iter().all(|value| other.one(&all) == Some(value)));
        assert!(all.iter().all(|value| drawn.contains(value)));
        assert_eq!(one.one::<i32>(&[]), None);
    }
}
