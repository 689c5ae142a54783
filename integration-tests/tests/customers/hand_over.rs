//! Handing many over: with a reason, within reach, each on record.

use serde_json::{Value, json};

use super::{NOBODY, path};
use crate::audit::Ledger;
use crate::imports::finished;
use crate::support::{Org, Person};

const PATH: &str = "/v1/customers/hand-over";

async fn some(org: &Org<'_>, of: &Person, count: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(count);
    for _ in 0..count {
        ids.push(org.customer_of(of).await);
    }
    ids
}

fn to(org: &Org<'_>, name: &str, ids: &[String]) -> Value {
    json!({"customer_ids": ids, "owner_id": org.user_id(name), "reason": "Takes over the region"})
}

#[tokio::test]
async fn a_manager_hands_many_over_each_with_its_reason() {
    let org = Org::found().await;
    let (manager, asha, ben) = (org.manager().await, org.sales_a().await, org.sales_b().await);
    let mut ids = some(&org, &asha, 3).await;
    let theirs = org.customer_of(&ben).await;
    let beyond = org.customer_of(&org.admin().await).await;
    let mut ledger = Ledger::of(&org).await;
    let mut asked = ids.clone();
    asked.extend([ids[0].clone(), theirs, beyond.clone(), NOBODY.to_string()]);
    let done = manager.post(PATH, &to(&org, "sales_b", &asked)).await.shows(200);
    assert_eq!((done.at("/handed_over"), done.at("/unchanged")), (json!(3), json!(1)), "{done}");
    let mut skipped = vec![beyond, NOBODY.to_string()];
    skipped.sort();
    assert_eq!(done.at("/skipped"), json!(skipped), "whom one may not reach is as little there as nobody");
    let entries = ledger.new_entries().await;
    let mut told: Vec<String> = entries.iter().map(|entry| entry["customer"].as_str().unwrap().to_owned()).collect();
    told.sort();
    ids.sort();
    assert_eq!(told, ids);
    for entry in &entries {
        assert_eq!((&entry["action"], entry["reason"].is_null()), (&json!("customers.update"), false), "{entry}");
        assert!(!entry.to_string().contains("Takes over"), "the reason is sealed: {entry}");
        assert_eq!(entry["details"]["changed"], json!(["owner_id", "department_id"]));
    }
    asha.get(&path(&ids[0])).await.refuses(404, "not_found");
    let taken = ben.get(&path(&ids[0])).await.shows(200);
    assert_eq!((taken.at("/version"), taken.at("/department_id")), (json!(2), json!(org.department_id("Sales West"))));
    let history = ben.get(&format!("{}/history", path(&ids[0]))).await.shows(200);
    assert_eq!(history.at("/data/0/changes/0/attribute"), "owner_id");
}

#[tokio::test]
async fn nobody_is_given_to_where_the_giver_does_not_reach() {
    let org = Org::found().await;
    let (manager, asha) = (org.manager().await, org.sales_a().await);
    let ids = some(&org, &asha, 1).await;
    manager.post(PATH, &to(&org, "finance", &ids)).await.refuses(403, "outside_scope");
    let mut body = json!({"customer_ids": ids, "department_id": org.department_id("Services"), "reason": "moved"});
    manager.post(PATH, &body).await.refuses(403, "outside_scope");
    let refused = asha.post(PATH, &to(&org, "sales_b", &ids)).await.refuses(403, "forbidden");
    assert!(refused.text().contains("customers.assign"));
    let mut unknown = to(&org, "sales_b", &ids);
    unknown["owner_id"] = json!(NOBODY);
    let refused = manager.post(PATH, &unknown).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/owner_id".to_owned(), "unknown_owner".to_owned())]);
    manager.post(PATH, &json!({"customer_ids": ids, "reason": "moved"})).await.refuses(422, "invalid_body");
    manager
        .post(PATH, &json!({"owner_id": org.user_id("sales_b"), "reason": "moved"}))
        .await
        .refuses(422, "invalid_body");
    body["department_id"] = json!(org.department_id("Sales"));
    assert_eq!(manager.post(PATH, &body).await.shows(200).at("/handed_over"), 1);
    let now = manager.get(&path(&ids[0])).await.shows(200);
    assert_eq!((now.at("/owner_id"), now.at("/department_id")), (Value::Null, json!(org.department_id("Sales"))));
}

#[tokio::test]
async fn what_is_due_goes_along_if_asked() {
    let org = Org::found().await;
    let (manager, asha, ben, cy) = (org.manager().await, org.sales_a().await, org.sales_b().await, org.sales_c().await);
    let ids = some(&org, &asha, 2).await;
    for id in &ids {
        let mut call = crate::records::call_on("2026-03-11");
        call["next_follow_up_at"] = json!("2026-03-20T09:00:00Z");
        crate::records::enter(&asha, id, "interaction", call).await.shows(201);
    }
    let due = async |person: &Person| {
        let due = "/v1/follow-ups?due_before=2027-01-01T00:00:00Z&whose=mine";
        person.get(due).await.shows(200).at("/data").as_array().unwrap().len()
    };
    assert_eq!(due(&asha).await, 2);
    let mut body = to(&org, "sales_b", &ids[..1]);
    body["follow_ups"] = json!(true);
    assert_eq!(manager.post(PATH, &body).await.shows(200).at("/follow_ups"), 1);
    assert_eq!((due(&asha).await, due(&ben).await), (1, 1));
    assert_eq!(manager.post(PATH, &to(&org, "sales_c", &ids[1..])).await.shows(200).at("/follow_ups"), 0);
    assert_eq!(due(&cy).await, 0, "it stays with whom it was given to");
    let record = org.sql().await.query_one("SELECT id::text FROM records WHERE version = 2", &[]).await.unwrap();
    let at = format!("/v1/records/interaction/{}", record.get::<_, String>(0));
    let read = ben.get(&at).await.shows(200);
    assert_eq!((read.at("/version"), read.at("/owner_id")), (json!(2), json!(ben.id)));
    ben.get(&format!("{at}/history")).await.shows(200);
}

#[tokio::test]
async fn a_filter_that_matches_many_goes_as_a_job() {
    let org = Org::found().await;
    let (manager, asha) = (org.manager().await, org.sales_a().await);
    futures_util::future::join_all((0..201).map(|_| org.customer_of(&asha))).await;
    let kept = org.customer_of(&org.sales_b().await).await;
    let body = json!({"filter": {"owner_id": asha.id}, "owner_id": org.user_id("sales_c"), "reason": "Takes over"});
    let queued = manager.post(PATH, &body).header("idempotency-key", "once").await.shows(202);
    let again = manager.post(PATH, &body).header("idempotency-key", "once").await.shows(202);
    assert_eq!(again.id(), queued.id());
    let job = finished(&manager, &queued.sent("location")).await;
    assert_eq!((&job["state"], &job["result"]["handed_over"]), (&json!("succeeded"), &json!(201)), "{job}");
    assert_eq!(job["progress"], json!({"done": 201, "total": 201}));
    assert_eq!(asha.get("/v1/customers?count=true").await.shows(200).at("/count"), 0);
    assert_eq!(org.sales_c().await.get("/v1/customers?count=true").await.shows(200).at("/count"), 201);
    manager.get(&path(&kept)).await.shows(200);
    manager.post(PATH, &body).await.refuses(422, "invalid_body");
    let row = org.sql().await.query_one("SELECT customer_ids FROM hand_overs", &[]).await.unwrap();
    assert!(row.get::<_, Vec<uuid::Uuid>>(0).is_empty(), "nobody is named any more");
}
