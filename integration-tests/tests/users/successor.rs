//! What waits for somebody who leaves waits for the successor: follow-ups and all other records, approvals, reviews, people's requests.

use custodian_application::Clock;
use serde_json::{Value, json};

use super::offboard::offboard;
use crate::privacy_requests;
use crate::records::{enter, path, someone};
use crate::support::{Answer, Org, Person};

/// Everything that is due for a person, by record.
async fn due(person: &Person) -> Vec<String> {
    let page = person.get("/v1/follow-ups?due_before=2999-12-31T00:00:00Z").await.shows(200);
    let items = page.at("/data").as_array().unwrap().clone();
    items.iter().map(|one| one["record"]["id"].as_str().unwrap().to_owned()).collect()
}

/// A call that is to be followed up in this year.
fn follow_up(year: u16) -> Value {
    json!({"channel": "phone", "occurred_at": "2026-01-01T08:00:00Z", "summary": "希望回电", "next_follow_up_at": format!("{year}-02-01T08:00:00Z")})
}

/// Asks for a guarded field.
async fn ask(person: &Person, customer: &str) -> Answer {
    let body = json!({"kind": "fields", "customer_ids": [customer], "fields": ["address"], "reason": "for a contract"});
    person.post("/v1/access-requests", &body).await.shows(201)
}

async fn decide(person: &Person, request: &str) -> Answer {
    person.post(&format!("/v1/access-requests/{request}/approve"), &json!({})).await
}

/// Ids of what waits for a person of this kind.
async fn inbox(person: &Person, kind: &str) -> Vec<Value> {
    let page = person.get(&format!("/v1/inbox?kind={kind}")).await.shows(200);
    page.at("/data").as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
}

#[tokio::test]
async fn follow_ups_and_every_other_record_stand_in_the_successors_list() {
    let org = Org::found().await;
    let (admin, asha, manager) = (org.admin().await, org.sales_a().await, org.manager().await);
    let (ours, theirs) = (someone(&asha).await, someone(&org.sales_b().await).await);
    let call = enter(&asha, &ours, "interaction", follow_up(2027)).await.shows(201).id();
    let deal = json!({"title": "Roof", "stage": "proposal", "expected_close": "2026-12-24"});
    let deal = enter(&asha, &ours, "opportunity", deal).await.shows(201).id();
    let solved = json!({"subject": "Broken", "status": "solved"});
    let solved = enter(&asha, &ours, "ticket", solved).await.shows(201).id();
    // One that asha sees to although the customer is a colleague's, and one that was thrown away before.
    let body = json!({"owner_id": asha.id, "fields": follow_up(2028)});
    let abroad = manager.post(&format!("/v1/customers/{theirs}/records/interaction"), &body).await.shows(201).id();
    let thrown = enter(&asha, &ours, "interaction", follow_up(2029)).await.shows(201).id();
    manager.delete(&path("interaction", &thrown)).await.shows(204);
    assert_eq!(due(&asha).await, [deal.clone(), call.clone()]);
    assert_eq!(due(&manager).await, Vec::<String>::new());

    let done = offboard(&admin, &org, "sales_a", "manager").await.shows(200);
    assert_eq!((done.at("/steps/records_handed_over"), done.at("/steps/customers_handed_over")), (json!(4), json!(1)));
    assert_eq!(due(&manager).await, [deal.clone(), call.clone(), abroad.clone()]);
    for (kind, id) in [("interaction", &call), ("opportunity", &deal), ("ticket", &solved), ("interaction", &abroad)] {
        let read = manager.get(&path(kind, id)).await.shows(200);
        assert_eq!((read.at("/owner_id"), read.at("/version")), (json!(manager.id), json!(2)), "{read}");
    }
    let history = manager.get(&format!("{}/history", path("interaction", &call))).await.shows(200);
    let change = history.at("/data/0/changes/0");
    assert_eq!(
        (&change["name"], &change["before"], &change["after"]),
        (&json!("owner_id"), &json!(asha.id), &json!(manager.id))
    );
    manager.patch(&path("opportunity", &deal), &json!({"fields": {"stage": "won"}})).await.shows(200);
    let entries = org.auditor().await.get(&format!("/v1/audit/entries?action=records.update&actor={}", admin.id));
    assert_eq!(entries.await.shows(200).at("/data").as_array().map(Vec::len), Some(4), "one entry for each");
    assert_eq!(manager.get(&path("interaction", &thrown)).await.status, 404);
}

#[tokio::test]
async fn what_waits_to_be_approved_waits_for_the_successor() {
    let org = Org::found().await;
    let (admin, asha, dpo) = (org.admin().await, org.sales_a().await, org.dpo().await);
    let customer = someone(&asha).await;
    let by_place = ask(&asha, &customer).await;
    assert_eq!(by_place.at("/approver_ids"), json!([org.user_id("manager")]));
    let policy = json!({"name": "The manager in person", "priority": 1, "steps": [{"approver": format!("user:{}", org.user_id("manager"))}]});
    let policy = admin.post("/v1/approval-policies", &policy).await.shows(201).id();
    let by_name = ask(&asha, &customer).await;
    assert_eq!(inbox(&dpo, "approval").await, Vec::<Value>::new());

    let done = offboard(&admin, &org, "manager", "dpo").await.shows(200);
    let counts = [done.at("/steps/approvals_handed_over"), done.at("/steps/approval_policies_changed")];
    assert_eq!(counts, [json!(2), json!(1)]);
    assert_eq!(inbox(&dpo, "approval").await, [json!(by_name.id()), json!(by_place.id())]);
    for request in [by_place.id(), by_name.id()] {
        assert_eq!(decide(&dpo, &request).await.shows(200).at("/state"), "approved");
    }
    let changed = admin.get(&format!("/v1/approval-policies/{policy}")).await.shows(200);
    assert_eq!(
        (changed.at("/steps/0/approver"), changed.at("/version")),
        (json!(format!("user:{}", dpo.id)), json!(2))
    );
    assert_eq!(ask(&asha, &customer).await.at("/approver_ids"), json!([dpo.id]), "what comes later, too");
}

#[tokio::test]
async fn nobody_comes_by_their_own_request_through_an_inheritance() {
    let org = Org::found().await;
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    let lead = json!({"role_ids": ["sales", "manager"]});
    admin.patch(&format!("/v1/users/{}", asha.id), &lead).await.shows(200);
    let asha = org.sales_a().await;
    let customer = someone(&asha).await;
    let (own, other) = (ask(&asha, &customer).await.id(), ask(&org.sales_c().await, &customer).await.id());
    let done = offboard(&admin, &org, "manager", "sales_a").await.shows(200);
    assert_eq!(done.at("/steps/approvals_handed_over"), json!(1), "that of the colleague alone");
    assert_eq!(inbox(&asha, "approval").await, [json!(other)]);
    decide(&asha, &own).await.refuses(403, "own_request");
    decide(&asha, &other).await.shows(200);
}

#[tokio::test]
async fn reviews_and_peoples_requests_go_on_with_whoever_may_see_to_them() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let customer = someone(&org.sales_a().await).await;
    let request = privacy_requests::filed(&dpo, &customer).await;
    // As if the manager had had a role that answers requests when it was given.
    let given = "UPDATE privacy_requests SET assignee_id = $2 WHERE id = $1::text::uuid";
    org.sql().await.execute(given, &[&request, &org.user_id("manager")]).await.unwrap();
    assert_eq!(inbox(&dpo, "privacy_request").await, Vec::<Value>::new());
    let due =
        (org.service().clock.now() + chrono::Duration::days(30)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let review = json!({"name": "Year", "dormant_days": 90, "due_at": due});
    let review = admin.post("/v1/access-reviews", &review).await.shows(201).id();
    let asked = async |who: &str| {
        let query = format!("/v1/access-reviews/{review}/lines?limit=200&reviewer_id={}", org.user_id(who));
        admin.get(&query).await.shows(200).at("/data").as_array().unwrap().clone()
    };
    let (before, own) = (asked("manager").await.len(), asked("dpo").await.len());
    assert!(before > 0);

    let done = offboard(&admin, &org, "manager", "dpo").await.shows(200);
    let counts = [done.at("/steps/review_lines_handed_over"), done.at("/steps/privacy_requests_handed_over")];
    assert_eq!(counts, [json!(before), json!(1)]);
    assert_eq!((asked("manager").await.len(), asked("dpo").await.len()), (0, own + before));
    assert!(asked("dpo").await.iter().all(|line| line["subject_id"] != json!(dpo.id)), "never for oneself");
    assert_eq!(inbox(&dpo, "privacy_request").await, [json!(request)]);
    // Where the successor may not see to it, it is everybody's again who may.
    let done = offboard(&admin, &org, "dpo", "sales_b").await.shows(200);
    assert_eq!(done.at("/steps/privacy_requests_handed_over"), json!(1));
    let shown = admin.get(&format!("/v1/privacy-requests/{request}")).await;
    assert_eq!(shown.at("/assignee_id"), Value::Null, "{shown}");
}
