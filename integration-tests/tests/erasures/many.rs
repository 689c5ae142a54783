//! Erasures of many: proposed by one, allowed by another, carried out by one job whatever kills it.

use serde_json::{Value, json};

use super::round;
use crate::customers::path;
use crate::imports::finished;
use crate::retention::hold;
use crate::support::{Answer, Org, Person, Process, customer};

const PATH: &str = "/v1/erasure-batches";

/// Customers at this stage, so many.
async fn people(sales: &Person, stage: &str, count: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(count);
    for _ in 0..count {
        let mut body = customer();
        body["stage"] = json!(stage);
        ids.push(sales.post("/v1/customers", &body).await.shows(201).id());
    }
    ids
}

fn wish(stage: &str) -> Value {
    json!({"filter": {"stage": stage}, "ground": "purpose_done", "reason": "the campaign is over"})
}

async fn approve(person: &Person, batch: &str, customers: usize) -> Answer {
    person.post(&format!("{PATH}/{batch}/approve"), &json!({"customers": customers})).await
}

#[tokio::test]
async fn many_go_in_one_job_each_with_an_outcome_and_whom_a_duty_keeps_stays() {
    let org = Org::found().await;
    let (dpo, admin, sales) = (org.dpo().await, org.admin().await, org.sales_a().await);
    let (lost, other) = (people(&sales, "lost", 24).await, org.customer_of(&sales).await);
    let (held, waits) = (lost[3].clone(), lost[7].clone());
    let hold_id = hold(&dpo, &held, json!({})).await.id();
    let term = json!({"kind": "statutory", "basis": "ECL 31", "until": "2099-01-01T00:00:00Z"});
    hold(&dpo, &waits, term).await;
    let preview = dpo.post(&format!("{PATH}/preview"), &json!({"filter": {"stage": "lost"}})).await.shows(200);
    assert_eq!(
        [preview.at("/customers"), preview.at("/held"), preview.at("/blocked"), preview.at("/restricted")],
        [json!(24), json!(1), json!(1), json!(0)]
    );
    assert!(preview.at("/goes/blind_indexes").as_i64().unwrap() > 0, "{preview}");
    assert!(preview.at("/stays").as_array().unwrap().iter().all(|one| one["ground"] != ""));
    let asked = dpo.post(PATH, &wish("lost")).await.shows(201);
    assert_eq!((asked.at("/state"), asked.at("/customers")), (json!("pending"), json!(24)));
    let late = people(&sales, "lost", 1).await;
    let allowed = approve(&admin, &asked.id(), 24).await.shows(202);
    let job = finished(&admin, &allowed.sent("location")).await;
    assert_eq!((&job["progress"]["done"], &job["progress"]["total"]), (&json!(24), &json!(24)), "{job}");
    let done = dpo.get(&format!("{PATH}/{}", asked.id())).await.shows(200);
    assert_eq!(done.at("/outcomes"), json!({"blocked": 1, "erased": 22, "held": 1}));
    assert_eq!((done.at("/state"), done.at("/reason")), (json!("done"), json!("the campaign is over")));
    for id in lost.iter().filter(|id| **id != held && **id != waits) {
        dpo.get(&path(id)).await.refuses(410, "erased");
    }
    for id in [&held, &waits, &other, &late[0]] {
        dpo.get(&path(id)).await.shows(200);
    }
    let kept = dpo.get(&format!("{PATH}/{}/customers?outcome=held", asked.id())).await.shows(200);
    assert_eq!(
        kept.at("/data"),
        json!([{"customer_id": held, "outcome": "held", "erasure_id": null, "held_by": [hold_id], "at": kept.at("/data/0/at")}])
    );
    for _ in 0..20 {
        round(&org).await;
        let left = dpo.get("/v1/erasures?state=erasing").await.shows(200).at("/data");
        if left == json!([]) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let gone =
        dpo.get(&format!("{PATH}/{}/customers?outcome=erased&limit=200", asked.id())).await.shows(200).at("/data");
    assert_eq!(gone.as_array().unwrap().len(), 22);
    for one in gone.as_array().unwrap() {
        dpo.get(&format!("/v1/erasures/{}/certificate", one["erasure_id"].as_str().unwrap())).await.shows(200);
    }
}

#[tokio::test]
async fn nobody_allows_their_own_and_nobody_allows_blindly_or_twice() {
    let org = Org::found().await;
    let (dpo, admin, sales) = (org.dpo().await, org.admin().await, org.sales_a().await);
    let lost = people(&sales, "lost", 2).await;
    let asked = dpo.post(PATH, &wish("lost")).await.shows(201).id();
    approve(&dpo, &asked, 2).await.refuses(403, "own_request");
    approve(&admin, &asked, 3).await.refuses(409, "preview_outdated");
    for person in [&sales, &org.auditor().await, &org.manager().await] {
        approve(person, &asked, 2).await.refuses(403, "forbidden");
        person.post(PATH, &wish("lost")).await.refuses(403, "forbidden");
    }
    let waits = async |person: &Person| {
        person.get("/v1/inbox?kind=erasure_batch").await.shows(200).at("/data").as_array().unwrap().len()
    };
    assert_eq!((waits(&dpo).await, waits(&admin).await), (0, 1), "it waits for somebody else");
    let stranger = Org::found().await.dpo().await;
    approve(&stranger, &asked, 2).await.refuses(404, "not_found");
    stranger.get(&format!("{PATH}/{asked}")).await.refuses(404, "not_found");
    let deny = format!("{PATH}/{asked}/deny");
    assert_eq!(admin.post(&deny, &json!({"reason": "not yet"})).await.shows(200).at("/state"), "denied");
    approve(&admin, &asked, 2).await.refuses(409, "wrong_batch_state");
    admin.post(&deny, &json!({})).await.refuses(409, "wrong_batch_state");
    assert_eq!(waits(&admin).await, 0);
    let own = dpo.post(PATH, &wish("lost")).await.shows(201).id();
    let back = dpo.post(&format!("{PATH}/{own}/deny"), &json!({})).await.shows(200);
    assert_eq!(back.at("/state"), "cancelled");
    for id in &lost {
        dpo.get(&path(id)).await.shows(200);
    }
}

#[tokio::test]
async fn two_who_allow_at_once_start_one_job() {
    let org = Org::found().await;
    let (dpo, admin, sales) = (org.dpo().await, org.admin().await, org.sales_a().await);
    people(&sales, "lost", 2).await;
    let asked = dpo.post(PATH, &wish("lost")).await.shows(201).id();
    let (one, other) = tokio::join!(approve(&admin, &asked, 2), approve(&admin, &asked, 2));
    let mut answers = [one.status, other.status];
    answers.sort_unstable();
    assert_eq!(answers, [202, 409]);
    let jobs = "SELECT FROM jobs WHERE kind = 'erasure_batch' AND organization_id = $1";
    assert_eq!(org.sql().await.query(jobs, &[&org.id]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_filter_of_nothing_or_nobody_is_refused() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    let everybody = json!({"filter": {}, "ground": "purpose_done", "reason": "all of them"});
    let refused = dpo.post(PATH, &everybody).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/filter".to_owned(), "required".to_owned())]);
    let refused = dpo.post(PATH, &wish("dormant")).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/filter".to_owned(), "matches_nobody".to_owned())]);
}

#[tokio::test]
async fn a_job_that_is_killed_goes_on_and_comes_to_everybody() {
    let mut process = Process::start(&["erasure_round_seconds=1", "erasure_grace_seconds=0"]).await;
    let sales = process.person("sales_a").await;
    let (lost, stay) = (people(&sales, "lost", 90).await, people(&sales, "prospect", 3).await);
    let asked = process.person("dpo").await.post(PATH, &wish("lost")).await.shows(201).id();
    approve(&process.person("admin").await, &asked, 90).await.shows(202);
    for cut in 1..=3 {
        tokio::time::sleep(std::time::Duration::from_millis(250 * cut)).await;
        process.kill();
        process.again().await;
    }
    let dpo = process.person("dpo").await;
    let begun = std::time::Instant::now();
    loop {
        let told = dpo.get(&format!("{PATH}/{asked}")).await.shows(200);
        if told.at("/state") == "done" {
            assert_eq!(told.at("/outcomes"), json!({"erased": 90}));
            break;
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(90), "{told}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    for id in lost.iter().step_by(11) {
        dpo.get(&path(id)).await.refuses(410, "erased");
    }
    for id in &stay {
        dpo.get(&path(id)).await.shows(200);
    }
}
