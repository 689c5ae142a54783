//! Days set anew: what a calendar or the organisation's own limit changes reaches the requests that are open, and those alone.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{PATH, SEPTEMBER, act, entries, file, proved, somebody};
use crate::support::{Org, Person};

/// Waits until a request is due on this day; what is told of it then.
async fn due(dpo: &Person, id: &str, day: &str) -> Value {
    let begun = Instant::now();
    loop {
        let told = dpo.get(&format!("{PATH}/{id}")).await.shows(200).json();
        if told["due_on"] == day {
            return told;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "due on {}, not on {day}", told["due_on"]);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn kinds(told: &Value) -> Vec<&str> {
    told["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_calendar_given_anew_moves_the_days_of_open_requests() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let chinese = json!({"customer_id": customer, "jurisdiction": "CN", "received_at": SEPTEMBER});
    let open = file(&dpo, &chinese).await.shows(201).id();
    let european = file(&dpo, &json!({"customer_id": customer, "received_at": SEPTEMBER})).await.shows(201);
    let closed =
        proved(&dpo, &customer, &json!({"right": "portability", "jurisdiction": "CN", "received_at": SEPTEMBER})).await;
    let closed_due = act(&dpo, &closed, "complete", &json!({})).await.shows(200).text_at("/due_on");
    let year = |days: &[&str]| json!({"jurisdiction": "CN", "year": 2026, "days_off": days, "days_worked": []});
    let calendars = format!("{PATH}/calendars");
    dpo.post(&calendars, &year(&[])).await.shows(200);
    due(&dpo, &open, "2026-10-14").await;
    dpo.post(&calendars, &year(&["2026-10-12"])).await.shows(200);
    let told = due(&dpo, &open, "2026-10-15").await;
    assert_eq!(kinds(&told).iter().filter(|kind| **kind == "recomputed").count(), 2, "{told}");
    let same = dpo.get(&format!("{PATH}/{}", european.id())).await.shows(200).json();
    assert_eq!((&same["due_on"], kinds(&same).contains(&"recomputed")), (&european.at("/due_on"), false));
    assert_eq!(dpo.get(&format!("{PATH}/{closed}")).await.shows(200).text_at("/due_on"), closed_due);
    let jobs = dpo.get("/v1/jobs").await.shows(200).at("/data");
    assert!(jobs.as_array().unwrap().iter().any(|job| job["kind"] == "privacy_deadlines"), "{jobs}");
    let logged = &entries(&org, "privacy_requests.recompute").await[0]["details"];
    assert_eq!((&logged["requests"], &logged["changed"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn a_shorter_limit_of_ones_own_brings_the_last_day_forward_and_a_longer_one_takes_the_alarm_back() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let filed = file(&dpo, &json!({"customer_id": customer, "jurisdiction": "CN"})).await.shows(201);
    let settings = format!("{PATH}/settings");
    let set = async |days: u16| {
        let body = json!({"working_days": days, "rolls": false});
        dpo.request("PUT", &settings).json(&body).header("if-match", "*").await.shows(200);
    };
    let begun = Instant::now();
    set(1).await;
    let sooner = loop {
        let told = dpo.get(&format!("{PATH}/{}", filed.id())).await.shows(200);
        if told.text_at("/due_on") < filed.text_at("/due_on") && kinds(&told.json()).contains(&"due_soon") {
            break told.text_at("/due_on");
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{told}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    set(15).await;
    due(&dpo, &filed.id(), &filed.text_at("/due_on")).await;
    let sql = "SELECT told FROM privacy_requests WHERE id = $1::text::uuid";
    let row = org.sql().await.query_one(sql, &[&filed.id()]).await.unwrap();
    assert_eq!(row.get::<_, i32>(0), 0, "it is said again when its day comes, though it was said before {sooner}");
}
