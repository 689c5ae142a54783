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
