//! The tier of those of a segment.

use serde_json::{Value, json};

use super::{PATH, keep, of_province};
use crate::catalog::made;
use crate::support::{Org, Person};

/// A tier field, somebody of gold, somebody of none, and a rule that those of Shanghai are of gold.
async fn ruled(org: &Org<'_>, mode: &str) -> (Person, [String; 2], String) {
    made(&org.admin().await, "tier", "enum", json!({"choices": ["gold", "jade"], "searchable": ["exact"]})).await;
    let asha = org.sales_a().await;
    let gold = of_province(&asha, "上海", json!({"tier": "gold"})).await;
    let none = of_province(&asha, "上海", json!({"tier": "jade"})).await;
    of_province(&asha, "浙江", json!({})).await;
    let rule = json!({"tier": {"field": "tier", "value": "gold", "mode": mode}});
    let segment = keep(&asha, rule).await.shows(201).id();
    (asha, [gold, none], segment)
}

async fn differing(person: &Person, segment: &str) -> Value {
    person.get(&format!("{PATH}/{segment}/tier-differences")).await.shows(200).at("/data")
}

#[tokio::test]
async fn a_rule_that_sets_sets_all_who_are_of_another_tier() {
    let org = Org::found().await;
    let (asha, [gold, other], segment) = ruled(&org, "set").await;
    assert_eq!(differing(&asha, &segment).await, json!([{"customer_id": other, "current": "jade"}]));
    let told = asha.post(&format!("{PATH}/{segment}/apply"), &json!({})).await.shows(200);
    assert_eq!(told.json(), json!({"changed": 1, "skipped": 0, "next_after": null}));
    let customer = asha.get(&format!("/v1/customers/{other}")).await.shows(200);
    assert_eq!((customer.at("/fields/tier"), customer.at("/version")), (json!("gold"), json!(2)));
    assert_eq!(asha.get(&format!("/v1/customers/{gold}")).await.shows(200).at("/version"), 1);
    assert_eq!(differing(&asha, &segment).await, json!([]));
    let history = asha.get(&format!("/v1/customers/{other}/history")).await.shows(200);
    assert_eq!(history.at("/data/0/changes/0/before"), json!("jade"));
    let entries = org.auditor().await.get("/v1/audit/entries?action=segments.apply").await.shows(200);
    assert_eq!(entries.at("/data/0/details/changed"), json!(1));
}

#[tokio::test]
async fn a_rule_that_proposes_sets_those_who_are_named() {
    let org = Org::found().await;
    let (asha, [gold, other], segment) = ruled(&org, "propose").await;
    let path = format!("{PATH}/{segment}/apply");
    let refused = asha.post(&path, &json!({})).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/customer_ids".to_owned(), "required".to_owned())]);
    let stranger = of_province(&org.sales_b().await, "上海", json!({})).await;
    let told = asha.post(&path, &json!({"customer_ids": [gold, other, stranger]})).await.shows(200);
    assert_eq!((told.at("/changed"), told.at("/skipped")), (json!(1), json!(2)));
    assert_eq!(org.sales_b().await.get(&format!("/v1/customers/{stranger}")).await.shows(200).at("/version"), 1);
}

#[tokio::test]
async fn who_may_not_edit_the_tier_sets_nobodys() {
    let org = Org::found().await;
    let (_, [_, other], _) = ruled(&org, "set").await;
    let rule = json!({"shared": true, "tier": {"field": "tier", "value": "gold", "mode": "set"}});
    let shared = keep(&org.manager().await, rule).await.shows(201).id();
    let support = org.support().await;
    let told = support.post(&format!("{PATH}/{shared}/apply"), &json!({})).await.shows(200);
    assert_eq!((told.at("/changed"), told.at("/skipped")), (json!(0), json!(1)), "support does not edit it");
    org.finance().await.post(&format!("{PATH}/{shared}/apply"), &json!({})).await.refuses(403, "forbidden");
    assert_eq!(support.get(&format!("/v1/customers/{other}")).await.shows(200).at("/fields/tier"), "jade");
}

#[tokio::test]
async fn a_tier_is_a_choice_of_a_field_that_is_there() {
    let org = Org::found().await;
    let (asha, _, _) = ruled(&org, "set").await;
    let fault = async |field: &str, value: &str| {
        let refused = keep(&asha, json!({"tier": {"field": field, "value": value, "mode": "set"}})).await;
        refused.refuses(422, "invalid_body").faults().pop().unwrap()
    };
    assert_eq!(fault("tier", "iron").await, ("/tier/value".to_owned(), "not_a_choice".to_owned()));
    assert_eq!(fault("rank", "gold").await, ("/tier/field".to_owned(), "unknown_field".to_owned()));
    assert_eq!(fault("province", "gold").await, ("/tier/field".to_owned(), "no_tier_field".to_owned()));
    let plain = keep(&asha, json!({})).await.shows(201).id();
    asha.get(&format!("{PATH}/{plain}/tier-differences")).await.refuses(409, "no_tier_rule");
    asha.post(&format!("{PATH}/{plain}/apply"), &json!({})).await.refuses(409, "no_tier_rule");
}

/// Waits until the rule of a segment has run; what came of it.
async fn ran(person: &Person, segment: &str) -> Value {
    for _ in 0..400 {
        let run = person.get(&format!("{PATH}/{segment}")).await.shows(200).at("/tier_run");
        if run["at"].is_string() {
            return run;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the rule of {segment} does not run");
}

#[tokio::test]
async fn a_rule_with_a_schedule_works_by_itself_with_the_rights_of_who_said_so() {
    let org = Org::found().await;
    let (asha, [_, other], segment) = ruled(&org, "set").await;
    let ben = org.sales_b().await;
    let stranger = of_province(&ben, "上海", json!({"tier": "jade"})).await;
    let plain = asha.get(&format!("{PATH}/{segment}")).await.shows(200);
    assert_eq!((plain.at("/tier/schedule"), plain.at("/tier_run")), (Value::Null, Value::Null));
    let rule =
        |schedule: &str| json!({"tier": {"field": "tier", "value": "gold", "mode": "set", "schedule": schedule}});
    let path = format!("{PATH}/{segment}");
    asha.patch(&path, &rule("now and then")).await.refuses(422, "invalid_body");
    let proposes = json!({"tier": {"field": "tier", "value": "gold", "mode": "propose", "schedule": "daily"}});
    let refused = asha.patch(&path, &proposes).await.refuses(422, "invalid_body");
    assert_eq!(refused.faults(), [("/tier/schedule".to_owned(), "only_for_set".to_owned())]);
    asha.patch(&path, &rule("daily")).await.shows(200);
    let run = ran(&asha, &segment).await;
    assert_eq!((&run["changed"], &run["failure"]), (&json!(1), &Value::Null), "{run}");
    assert!(run["next_at"].as_str() > run["at"].as_str(), "{run}");
    assert_eq!(asha.get(&format!("/v1/customers/{other}")).await.shows(200).at("/fields/tier"), "gold");
    assert_eq!(ben.get(&format!("/v1/customers/{stranger}")).await.shows(200).at("/version"), 1, "out of her reach");
    let entries = org.auditor().await.get("/v1/audit/entries?action=segments.apply").await.shows(200);
    assert_eq!(entries.at("/data/0/actor/id"), json!(asha.id), "{entries}");
    let ended = asha.patch(&path, &json!({"tier": null})).await.shows(200);
    assert_eq!(ended.at("/tier_run"), Value::Null);
}

#[tokio::test]
async fn a_schedule_ends_with_the_rights_that_it_works_with() {
    let org = Org::found().await;
    let (_, [_, other], _) = ruled(&org, "set").await;
    let (admin, manager) = (org.admin().await, org.manager().await);
    let rule = json!({"shared": true, "tier": {"field": "tier", "value": "gold", "mode": "set", "schedule": "hourly"}});
    keep(&org.marketing().await, rule.clone()).await.refuses(403, "forbidden");
    let segment = keep(&manager, rule).await.shows(201).id();
    assert_eq!(ran(&manager, &segment).await["changed"], 1);
    org.sales_a().await.patch(&format!("/v1/customers/{other}"), &json!({"fields": {"tier": "jade"}})).await.shows(200);
    admin.act(&format!("/v1/users/{}/suspend", manager.id)).await.shows(200);
    let due = "UPDATE job_queue SET due_at = now() FROM segments s WHERE s.schedule_job = job_queue.job_id AND s.id = $1::text::uuid";
    org.sql().await.execute(due, &[&segment]).await.unwrap();
    let path = format!("{PATH}/{segment}");
    for _ in 0..400 {
        if admin.get(&path).await.shows(200).at("/tier_run/failure") == "not_allowed_any_more" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    let told = admin.get(&path).await.shows(200);
    assert_eq!(
        (told.at("/tier_run/failure"), told.at("/tier_run/next_at")),
        (json!("not_allowed_any_more"), Value::Null)
    );
    assert_eq!(admin.get(&format!("/v1/customers/{other}")).await.shows(200).at("/fields/tier"), "jade");
}
