//! A crash between effect and answer: retried with the same keys, every request has happened exactly once.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Person, Process};

const CALLERS: usize = 8;

fn body(number: usize) -> Value {
    json!({"stage": "lead", "fields": {"customer_no": format!("X-{number:05}"), "name": format!("Crash {number}")}})
}

/// Sends requests until the connection breaks; answers how many were sent and which were acknowledged.
async fn load(person: Person, first: usize) -> (Vec<usize>, BTreeSet<usize>) {
    let (mut sent, mut acknowledged) = (Vec::new(), BTreeSet::new());
    for number in (first..).step_by(CALLERS) {
        sent.push(number);
        let request = person.post("/v1/customers", &body(number)).header("idempotency-key", &format!("crash-{number}"));
        match request.attempt().await {
            Some(answer) if answer.status == 201 => drop(acknowledged.insert(number)),
            Some(answer) => panic!("{answer}"),
            None => break,
        }
    }
    (sent, acknowledged)
}

#[tokio::test]
async fn every_request_that_was_under_way_when_the_power_went_happens_once() {
    let mut process = Process::start(&[]).await;
    let (mut all, mut acknowledged) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..3 {
        let asha = process.person("sales_a").await;
        let first = round * 100_000;
        let callers: Vec<_> = (0..CALLERS).map(|n| tokio::spawn(load(asha.clone(), first + n))).collect();
        tokio::time::sleep(Duration::from_millis(400)).await;
        process.kill();
        let mut unknown = Vec::new();
        for caller in callers {
            let (sent, known) = caller.await.unwrap();
            unknown.extend(sent.iter().copied().filter(|number| !known.contains(number)));
            all.extend(sent);
            acknowledged.extend(known);
        }
        assert_eq!(unknown.len(), CALLERS, "each caller's last request was cut off");
        process.again().await;
        let asha = process.person("sales_a").await;
        for number in unknown {
            let request =
                asha.post("/v1/customers", &body(number)).header("idempotency-key", &format!("crash-{number}"));
            request.await.shows(201);
        }
    }
    assert!(acknowledged.len() > CALLERS, "the load was too light to prove anything");
    assert_eq!(
        stored(&process.person("sales_a").await).await,
        all.iter().map(|n| format!("X-{n:05}")).collect::<Vec<_>>()
    );
}

/// Every customer number, sorted, doubles included.
async fn stored(person: &Person) -> Vec<String> {
    let (mut numbers, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = person.get(&format!("/v1/customers?limit=200{cursor}")).await.shows(200);
        let data = page.at("/data");
        numbers
            .extend(data.as_array().unwrap().iter().map(|c| c["fields"]["customer_no"].as_str().unwrap().to_owned()));
        match page.at("/next_cursor") {
            Value::String(next) => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    numbers.sort();
    numbers
}
