//! Policies that find who decides, and colleagues who stand in.

use chrono::{Duration, SecondsFormat};
use custodian_application::Clock;
use serde_json::json;

use super::{PATH, approve, ask, guarded_customer};
use crate::support::{Org, Person};

const POLICIES: &str = "/v1/approval-policies";

async fn stand_in(org: &Org<'_>, person: &Person, delegate: &str, minutes: i64) -> crate::support::Answer {
    let until = (org.service().clock.now() + Duration::minutes(minutes)).to_rfc3339_opts(SecondsFormat::Secs, true);
    person.post("/v1/delegations", &json!({"delegate_id": org.user_id(delegate), "until": until})).await
}

#[tokio::test]
async fn a_policy_is_tried_out_then_saved_then_counts() {
    let org = Org::found().await;
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    let policy = json!({"conditions": {"kinds": ["fields"], "classifications": ["sensitive"], "min_customers": 2},
        "steps": [{"approver": "role:dpo", "timeout_minutes": 5, "escalate_to": ["department_head", "role:admin"]}], "max_duration_minutes": 30});
    let case = |customers: u32| json!({"requester_id": asha.id, "kind": "fields", "fields": ["address"], "customers": customers});
    let tried =
        admin.post(&format!("{POLICIES}/simulate"), &json!({"policy": policy, "case": case(2)})).await.shows(200);
    assert_eq!((tried.at("/applies"), tried.at("/can_be_decided")), (json!(true), json!(true)));
    assert_eq!(tried.at("/steps/0/approver_ids"), json!([org.user_id("dpo")]));
    assert_eq!(tried.at("/steps/0/escalation_ids"), json!([org.user_id("admin")]));
    let beside =
        admin.post(&format!("{POLICIES}/simulate"), &json!({"policy": policy, "case": case(1)})).await.shows(200);
    assert_eq!((beside.at("/applies"), beside.at("/steps/0/step/approver")), (json!(false), json!("supervisor")));
    assert_eq!(admin.get(POLICIES).await.shows(200).at("/data"), json!([]), "nothing was saved");
    let mut new = policy.clone();
    new["name"] = json!("Several people");
    let made = admin.post(POLICIES, &new).await.shows(201);
    let (one, two) = (guarded_customer(&asha).await, guarded_customer(&asha).await);
    let usual = ask(&asha, &[&one], &["address"]).await.shows(201);
    assert_eq!((usual.at("/policy_id"), usual.at("/approver_ids")), (json!(null), json!([org.user_id("manager")])));
    let ruled = ask(&asha, &[&one, &two], &["address"]).await.shows(201);
    assert_eq!((ruled.at("/policy_id"), ruled.at("/approver_ids")), (json!(made.id()), json!([org.user_id("dpo")])));
    assert_eq!(ruled.at("/duration_minutes"), 30);
    let path = format!("{POLICIES}/{}", made.id());
    let changed = admin.patch(&path, &json!({"steps": [{"approver": "role:admin"}]})).await.shows(200);
    assert_eq!((changed.at("/version"), changed.at("/max_duration_minutes")), (json!(2), json!(30)));
    admin
        .request("PATCH", &path)
        .header("if-match", &made.sent("etag"))
        .json(&json!({"priority": 3}))
        .await
        .refuses(412, "precondition_failed");
    let kept = asha.get(&format!("{PATH}/{}", ruled.id())).await.shows(200);
    assert_eq!(kept.at("/approver_ids"), json!([org.user_id("dpo")]), "made under the steps of then");
    admin.delete(&path).await.shows(204);
    assert_eq!(ask(&asha, &[&one, &two], &["address"]).await.shows(201).at("/policy_id"), json!(null));
}

#[tokio::test]
async fn policies_name_people_and_roles_that_exist_and_are_for_who_manages_them() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let body = json!({"name": "Wrong", "conditions": {"kinds": ["holiday"]}, "steps": [{"approver": "role:pope", "escalate_to": ["user:7", "supervisor"]}]});
    let faults: Vec<String> =
        admin.post(POLICIES, &body).await.refuses(422, "invalid_body").faults().into_iter().map(|(at, _)| at).collect();
    assert_eq!(faults, ["/conditions/kinds/0", "/steps/0/approver", "/steps/0/escalate_to/0"]);
    let sound = json!({"name": "Sound", "steps": [{"approver": "supervisor"}]});
    for person in [org.dpo().await, org.manager().await, org.auditor().await] {
        person.post(POLICIES, &sound).await.refuses(403, "forbidden");
        person.get(POLICIES).await.shows(200);
    }
    org.sales_a().await.get(POLICIES).await.refuses(403, "forbidden");
}

#[tokio::test]
async fn who_stands_in_decides_and_says_for_whom() {
    let org = Org::found().await;
    let (asha, manager, dpo) = (org.sales_a().await, org.manager().await, org.dpo().await);
    let customer = guarded_customer(&asha).await;
    let request = ask(&asha, &[&customer], &["address"]).await.shows(201).id();
    approve(&dpo, &request).await.refuses(403, "not_the_approver");
    let away = stand_in(&org, &manager, "dpo", 60).await.shows(201);
    stand_in(&org, &manager, "admin", 60).await.refuses(409, "already_delegated");
    let waiting = asha.get(&format!("{PATH}/{request}")).await.shows(200);
    assert_eq!(waiting.at("/approver_ids"), json!([manager.id, dpo.id]));
    let done = approve(&dpo, &request).await.shows(200);
    assert_eq!((done.at("/steps/0/decided_by"), done.at("/steps/0/on_behalf_of")), (json!(dpo.id), json!(manager.id)));
    manager.act(&format!("/v1/delegations/{}/end", away.id())).await.shows(200);
    dpo.act(&format!("/v1/delegations/{}/end", away.id())).await.refuses(404, "not_found");
    let next = ask(&asha, &[&customer], &["address"]).await.shows(201).id();
    approve(&dpo, &next).await.refuses(403, "not_the_approver");
    let nobody = stand_in(&org, &manager, "sales_a", 60).await.refuses(422, "invalid_body");
    assert_eq!(nobody.faults(), [("/delegate_id".to_owned(), "unknown_user".to_owned())], "who may not decide");
    stand_in(&org, &manager, "manager", 60).await.refuses(422, "invalid_body");
    stand_in(&org, &manager, "dpo", -60).await.refuses(422, "invalid_body");
}

#[tokio::test]
async fn no_loop_of_delegations_lets_somebody_decide_about_their_own() {
    let org = Org::found().await;
    let (manager, admin) = (org.manager().await, org.admin().await);
    let customer = guarded_customer(&org.sales_a().await).await;
    let own = ask(&manager, &[&customer], &["address"]).await.shows(201).id();
    stand_in(&org, &admin, "manager", 60).await.shows(201);
    approve(&manager, &own).await.refuses(403, "own_request");
    stand_in(&org, &manager, "admin", 60).await.shows(201);
    approve(&admin, &own).await.refuses(403, "own_request");
    let state = manager.get(&format!("{PATH}/{own}")).await.shows(200);
    assert_eq!((state.at("/state"), state.at("/approver_ids")), (json!("pending"), json!([])));
}
