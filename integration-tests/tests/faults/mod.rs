//! What breaks beneath the service: nothing is shown without its entry, nothing acknowledged is lost, and it recovers by itself.

mod log;
mod postgres;
mod proxy;
mod silence;

use std::time::{Duration, Instant};

use serde_json::json;

use crate::customers::path;
use crate::support::{Answer, Caller, Person};

/// No caller waits longer for an answer, and the service is back as soon after the fault ends.
const LIMIT: Duration = Duration::from_secs(10);
/// What a probe may wait.
const PROMPT: Duration = Duration::from_secs(1);

/// A call of every kind, sent at once; each answer with the time it took.
async fn all_at_once(person: &Person, id: &str) -> Vec<(Answer, Duration)> {
    let own = path(id);
    let calls = vec![
        person.get(&own),
        person.get("/v1/customers"),
        person.get("/v1/customers?q[mobile_last4]=0000"),
        person.post("/v1/customers", &json!({"fields": {"name": "never"}})),
        person.patch(&own, &json!({"fields": {"notes": "never"}})),
        person.post(&format!("{own}/reveal"), &json!({"fields": ["mobile"], "reason": "check"})),
        person.get(&format!("{own}/history")),
        person.get("/v1/me"),
        person.get("/v1/record-types"),
    ];
    let timed = calls.into_iter().map(|call| {
        tokio::spawn(async move {
            let begun = Instant::now();
            (call.await, begun.elapsed())
        })
    });
    let mut answers = Vec::new();
    for answer in timed.collect::<Vec<_>>() {
        answers.push(answer.await.unwrap());
    }
    answers
}

/// Every one of these is refused in time, with one of these codes, and shows nothing.
fn all_refused(answers: Vec<(Answer, Duration)>, codes: &[&str]) {
    for (answer, took) in answers {
        assert!(took < LIMIT, "{took:?} is too long: {answer}");
        assert_eq!(answer.problem_faults(), Vec::<String>::new(), "{answer}");
        assert!(answer.status == 503 && codes.contains(&answer.text_at("/code").as_str()), "{answer}");
    }
}

/// The process says that it lives, at once.
async fn lives(stranger: &Caller) {
    let begun = Instant::now();
    stranger.get("/health/live").await.shows(200);
    assert!(begun.elapsed() < PROMPT, "{:?}", begun.elapsed());
}

/// Waits until a call succeeds again; stops the test if that takes too long.
async fn recovers(person: &Person, id: &str) -> Duration {
    let begun = Instant::now();
    loop {
        let read = person.get(&path(id)).await;
        let written = person.patch(&path(id), &json!({})).await;
        if read.status == 200 && written.status == 200 {
            return begun.elapsed();
        }
        assert!(read.status == 503 || written.status == 503, "{read}\n{written}");
        assert!(begun.elapsed() < LIMIT, "not back after {:?}: {read}\n{written}", begun.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
