//! Time: extended once and inside the window, paused for a proof alone, and what is overdue said once.

use std::time::{Duration, Instant};

use chrono::{SecondsFormat, TimeDelta};
use custodian_application::{Clock, SystemClock};
use serde_json::{Value, json};

use super::{PATH, act, entries, file, proved, somebody};
use crate::support::mailbox::letter;
use crate::support::{Org, Person};

fn ago(days: i64) -> String {
    (SystemClock.now() - TimeDelta::days(days)).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Waits until the log says so of a request.
pub(super) async fn said(org: &Org<'_>, action: &str, id: &str) -> Value {
    let begun = Instant::now();
    loop {
        let all = entries(org, action).await;
        if let Some(found) = all.iter().find(|entry| entry["details"]["privacy_request"] == id) {
            return found.clone();
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody says {action} of {id}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// How often it is told of a request, once it is.
async fn heard(dpo: &Person, kind: &str, id: &str) -> usize {
    let begun = Instant::now();
    loop {
        let events = dpo.get(&format!("/v1/events?limit=200&type={kind}")).await.shows(200).at("/data");
        let of = |event: &&Value| event["data"]["privacy_request_id"] == id;
        let count = events.as_array().unwrap().iter().filter(of).count();
        if count > 0 {
            return count;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody hears {kind} of {id}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn overdue(dpo: &Person) -> Vec<String> {
    let found = dpo.get(&format!("{PATH}?overdue=true")).await.shows(200);
    found.at("/data").as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn more_time_is_taken_once_with_a_reason_before_the_first_last_day_is_over() {
    let org = Org::found().await;
    let (dpo, (customer, address)) = (org.dpo().await, somebody(&org).await);
    let id = proved(&dpo, &customer, &json!({"received_at": ago(10)})).await;
    let before = dpo.get(&format!("{PATH}/{id}")).await.shows(200).text_at("/due_on");
    act(&dpo, &id, "extend", &json!({})).await.refuses(422, "invalid_body");
    let spaces = act(&dpo, &id, "extend", &json!({"reason": "   "})).await.refuses(422, "invalid_body");
    assert_eq!(spaces.faults(), [("/reason".to_owned(), "too_short".to_owned())]);
    let reason = json!({"reason": "Many systems have to be searched"});
    let extended = act(&dpo, &id, "extend", &reason).await.shows(200);
    assert!(extended.text_at("/due_on") > before, "{extended}");
    assert!(letter(org.service(), &address, 1).await.contains("Many systems"));
    act(&dpo, &id, "extend", &reason).await.refuses(409, "already_extended");
    let late = proved(&dpo, &customer, &json!({"right": "portability", "received_at": ago(40)})).await;
    act(&dpo, &late, "extend", &reason).await.refuses(422, "window_closed");
    let none = json!({"right": "objection", "jurisdiction": "US-CA", "customer_id": customer, "received_at": "2026-11-10T20:00:00Z"});
    let none = file(&dpo, &none).await.shows(201).id();
    act(&dpo, &none, "extend", &reason).await.refuses(409, "no_extension");
}

#[tokio::test]
async fn what_is_overdue_is_listed_and_said_once_to_who_works_on_it() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let late = file(&dpo, &json!({"customer_id": customer, "received_at": ago(60)})).await.shows(201).id();
    let soon = json!({"customer_id": customer, "right": "erasure", "received_at": ago(30)});
    let soon = file(&dpo, &soon).await.shows(201).id();
    let fresh = file(&dpo, &json!({"customer_id": customer, "right": "explanation"})).await.shows(201).id();
    assert_eq!(overdue(&dpo).await, std::slice::from_ref(&late));
    said(&org, "privacy_requests.overdue", &late).await;
    said(&org, "privacy_requests.due_soon", &soon).await;
    assert!(letter(org.service(), &org.email("dpo"), 2).await.contains("GET /v1/privacy-requests/"));
    for (kind, id) in [("overdue", &late), ("due_soon", &soon), ("filed", &fresh)] {
        assert_eq!(heard(&dpo, &format!("privacy_requests.{kind}"), id).await, 1, "{kind}");
    }
    let told = dpo.get(&format!("{PATH}/{late}")).await.shows(200);
    let kinds: Vec<&str> = vec!["filed", "overdue"];
    let events = told.at("/events");
    assert_eq!(events.as_array().unwrap().iter().map(|one| one["kind"].clone()).collect::<Vec<_>>(), kinds);
    let due_before = (SystemClock.now() + TimeDelta::days(10)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let due = dpo.get(&format!("{PATH}?due_before={due_before}")).await.shows(200);
    assert!(due.text().contains(&soon) && due.text().contains(&late) && !due.text().contains(&fresh), "{due}");
}

#[tokio::test]
async fn the_clock_stands_still_for_a_proof_where_the_law_lets_it_and_nowhere_else() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let ask = async |jurisdiction: &str, received: String| {
        let members = json!({"customer_id": customer, "jurisdiction": jurisdiction, "received_at": received});
        let id = file(&dpo, &members).await.shows(201).id();
        (id.clone(), act(&dpo, &id, "verify", &json!({"method": "code"})).await.shows(200))
    };
    let (european, asked) = ask("EU", ago(60)).await;
    assert!(asked.at("/paused_at").is_string());
    let (californian, asked) = ask("US-CA", ago(100)).await;
    assert!(asked.at("/paused_at").is_null(), "45 days whatever verification takes");
    assert_eq!(overdue(&dpo).await, [californian]);
    // As if the proof had been awaited for five days.
    let sql = "UPDATE privacy_requests SET paused_at = paused_at - interval '5 days' WHERE id = $1::text::uuid";
    org.sql().await.execute(sql, &[&european]).await.unwrap();
    let before = dpo.get(&format!("{PATH}/{european}")).await.shows(200).text_at("/due_on");
    let proved = act(&dpo, &european, "verify", &json!({"method": "document"})).await.shows(200);
    let days = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    let later = (days(&proved.text_at("/due_on")) - days(&before)).num_days();
    assert!((3..=6).contains(&later), "{later} days");
}

#[tokio::test]
async fn a_request_is_given_to_a_colleague_who_may_answer_it_and_its_receipt_confirmed() {
    let org = Org::found().await;
    let (dpo, (customer, _)) = (org.dpo().await, somebody(&org).await);
    let id = file(&dpo, &json!({"customer_id": customer})).await.shows(201).id();
    let given = act(&dpo, &id, "assign", &json!({"user_id": dpo.id})).await.shows(200);
    assert_eq!(given.at("/assignee_id"), json!(dpo.id));
    // Neither who is nobody's colleague nor who may not answer it.
    for wrong in [json!(customer), json!(org.user_id("manager"))] {
        let refused = act(&dpo, &id, "assign", &json!({"user_id": wrong})).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [("/user_id".to_owned(), "unknown_user".to_owned())]);
    }
    let first = act(&dpo, &id, "acknowledge", &json!({})).await.shows(200).at("/acknowledged_at");
    assert!(first.is_string());
    assert_eq!(act(&dpo, &id, "acknowledge", &json!({})).await.shows(200).at("/acknowledged_at"), first);
    let mine = format!("{PATH}?assignee_id={}", dpo.id);
    assert_eq!(dpo.get(&mine).await.shows(200).at("/data/0/id"), id.as_str());
    org.manager().await.post(&format!("{PATH}/{id}/cancel"), &json!({})).await.refuses(403, "forbidden");
}
