//! What a simulation says is what happens.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{give, make, role};
use crate::support::{Org, Person, customer};

const GUARDED: [&str; 10] =
    ["name", "mobile", "id_number", "email", "bank_card", "address", "birthday", "wechat", "notes", "company"];

/// Per field, what somebody sees of each customer: `hidden` where the customer does not exist for them.
async fn seen(person: &Person, customers: &[String]) -> BTreeMap<(String, String), String> {
    let mut seen = BTreeMap::new();
    for id in customers {
        let answer = person.get(&format!("/v1/customers/{id}")).await;
        for field in GUARDED.iter().filter(|field| **field != "company") {
            let view =
                if answer.status == 200 { answer.at(&format!("/field_access/{field}/view")) } else { Value::Null };
            let view = view.as_str().unwrap_or("hidden").to_owned();
            seen.insert(((*field).to_owned(), id.clone()), view);
        }
    }
    seen
}

fn rank(view: &str) -> usize {
    ["hidden", "masked", "reveal", "read"].iter().position(|known| *known == view).unwrap()
}

/// The gains and losses between two looks, as a simulation tells them.
fn shifts(
    user: &str,
    before: &BTreeMap<(String, String), String>,
    after: &BTreeMap<(String, String), String>,
) -> [Vec<String>; 2] {
    let mut counted: BTreeMap<(String, String, String), u32> = BTreeMap::new();
    for ((place, was), is) in before.iter().zip(after.values()).filter(|((_, was), is)| was != is) {
        *counted.entry((place.0.clone(), was.clone(), is.clone())).or_default() += 1;
    }
    let told = |gain: bool| {
        let these = counted.iter().filter(|((_, was, is), _)| (rank(is) > rank(was)) == gain);
        these.map(|((field, was, is), count)| format!("{user} {field} {was} {is} {count}")).collect()
    };
    [told(true), told(false)]
}

fn told(simulation: &Value, list: &str, user: &str) -> Vec<String> {
    let all = simulation[list].as_array().unwrap().iter().filter(|one| one["user_id"] == user);
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    let line = |one: &Value| {
        format!(
            "{} {} {} {} {}",
            text(one, "user_id"),
            text(one, "field"),
            text(one, "from"),
            text(one, "to"),
            one["customers"]
        )
    };
    let mut lines: Vec<String> = all.map(line).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn a_simulation_equals_the_later_effect() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let mut customers = Vec::new();
    for department in ["Services", "Sales East", "Sales West", "Headquarters"] {
        for region in [json!("CN-31"), json!("CN-11"), Value::Null] {
            let mut body = customer();
            body["department_id"] = json!(org.department_id(department));
            body["region"] = region;
            customers.push(admin.post("/v1/customers", &body).await.shows(201).id());
        }
    }
    customers.push(org.customer_of(&org.sales_a().await).await);
    let rules = json!([{"on": "classification:sensitive", "view": "masked"}, {"on": "field:notes", "view": "hidden"}]);
    let path = format!("/v1/roles/{}", make(&admin, &role("desk", &rules)).await.id());
    for who in ["nobody", "sales_a", "finance"] {
        give(&org, org.user_id(who), "desk").await;
    }
    let regions = "UPDATE users SET regions = '{CN-31}' WHERE id = $1";
    org.sql().await.execute(regions, &[&org.user_id("nobody")]).await.unwrap();
    let changes = [
        json!({"data_scope": "organization", "field_rules": [{"on": "category:contact", "view": "reveal"}]}),
        json!({"data_scope": "region", "field_rules": [{"on": "field:mobile", "deny": true}, {"on": "field:bank_card", "view": "masked"}]}),
        json!({"permissions": ["customers.read"], "data_scope": "department", "field_rules": []}),
        json!({"permissions": []}),
    ];
    let mut gained = 0;
    for change in changes {
        let simulated = admin.post(&format!("{path}/simulate"), &change).await.shows(200).json();
        assert_eq!(simulated["holders"], 3);
        let mut before = Vec::new();
        // A new log-in each time: what a session knew of its roles may hold for a second.
        for key in ["nobody", "sales_a", "finance"] {
            before.push(seen(&org.person(key).await, &customers).await);
        }
        admin.patch(&path, &change).await.shows(200);
        for (key, before) in ["nobody", "sales_a", "finance"].iter().zip(&before) {
            let person = org.person(key).await;
            let [gains, losses] = shifts(&person.id.to_string(), before, &seen(&person, &customers).await);
            assert_eq!(told(&simulated, "gains", &person.id.to_string()), gains, "{key} {change}");
            assert_eq!(told(&simulated, "losses", &person.id.to_string()), losses, "{key} {change}");
            gained += gains.len();
        }
    }
    assert!(gained > 5, "the changes open too little to show anything: {gained}");
}

#[tokio::test]
async fn the_whole_counts_each_customer_once() {
    let org = Org::found().await;
    let admin = org.admin().await;
    for _ in 0..3 {
        org.customer_of(&admin).await;
    }
    let path = format!("/v1/roles/{}", make(&admin, &role("desk", &json!([]))).await.id());
    for who in ["nobody", "support"] {
        give(&org, org.user_id(who), "desk").await;
    }
    let change = json!({"data_scope": "organization", "field_rules": [{"on": "field:mobile", "view": "reveal"}]});
    let simulated = admin.post(&format!("{path}/simulate"), &change).await.shows(200);
    let mobile = json!({"classification": "sensitive", "users_gaining": 1, "customers_opened": 3, "users_losing": 0, "customers_closed": 0});
    assert_eq!(simulated.at("/fields/mobile"), mobile, "support reveals mobiles already: {simulated}");
    assert_eq!(simulated.at("/fields/name/customers_opened"), 3);
    assert_eq!(admin.get(&path).await.shows(200).at("/data_scope"), "department", "nothing was saved");
}

#[tokio::test]
async fn who_may_not_change_roles_simulates_none_and_faults_are_named() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let path = format!("/v1/roles/{}/simulate", make(&admin, &role("desk", &json!([]))).await.id());
    for who in ["dpo", "auditor", "sales_a"] {
        org.person(who).await.post(&path, &json!({})).await.refuses(403, "forbidden");
    }
    admin.post("/v1/roles/sales/simulate", &json!({})).await.refuses(403, "role_built_in");
    let faults = admin.post(&path, &json!({"data_scope": "galaxy"})).await.refuses(422, "invalid_body").faults();
    assert_eq!(faults, [("/data_scope".to_owned(), "not_a_choice".to_owned())]);
    let none = admin.post(&path, &json!({"data_scope": "organization"})).await.shows(200);
    assert_eq!((none.at("/holders"), none.at("/gains")), (json!(0), json!([])));
}
