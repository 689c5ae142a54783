//! Segments: filters that are kept, counted as each reader may count; the tiers that they give; views of the list.

mod keeping;
mod tiers;
mod views;

use serde_json::{Value, json};

use crate::support::{Answer, Org, Person, customer};

/// Where segments are.
pub const PATH: &str = "/v1/segments";

/// Keeps a filter that differs in these members.
pub async fn keep(person: &Person, members: Value) -> Answer {
    let mut body = json!({"name": "Shanghai", "q": {"province": "上海"}});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    person.post(PATH, &body).await
}

/// Enters somebody of a province, with these other fields.
pub async fn of_province(person: &Person, province: &str, fields: Value) -> String {
    let mut body = customer();
    body["fields"]["province"] = json!(province);
    for (name, value) in fields.as_object().unwrap() {
        body["fields"][name] = value.clone();
    }
    person.post("/v1/customers", &body).await.shows(201).id()
}

async fn count(person: &Person, segment: &str) -> Value {
    let answer = person.get(&format!("{PATH}/{segment}")).await.shows(200);
    if answer.at("/count").is_null() { answer.at("/count_unavailable") } else { answer.at("/count") }
}

/// Ids of a list.
async fn listed(person: &Person, query: &str) -> Vec<String> {
    let answer = person.get(&format!("/v1/customers?{query}")).await.shows(200);
    let mut ids: Vec<String> =
        answer.at("/data").as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// Gives somebody a role that differs from support in this rule about the province.
async fn with_rule(org: &Org<'_>, key: &str, rule: Value, also: &[&str]) -> Person {
    let admin = org.admin().await;
    let body = json!({"code": format!("desk_{key}"), "labels": {"en": "Desk", "zh": "柜台"}, "permissions": ["customers.read", "segments.read"],
        "data_scope": "organization", "field_rules": [rule]});
    admin.post("/v1/roles", &body).await.shows(201);
    let mut roles = vec![json!(format!("desk_{key}"))];
    roles.extend(also.iter().map(|role| json!(role)));
    admin.patch(&format!("/v1/users/{}", org.user_id(key)), &json!({"role_ids": roles})).await.shows(200);
    org.person(key).await
}

/// A segment and a view of somebody, those of before where there are some: for whoever needs some to try things on.
pub async fn to_try(owner: &Person) -> [String; 2] {
    let mut ids = Vec::new();
    for path in [PATH, "/v1/views"] {
        let known = owner.get(path).await.shows(200).at("/data/0/id").as_str().map(str::to_owned);
        ids.push(match known {
            Some(id) => id,
            None => owner.post(path, &json!({"name": "Fresh"})).await.shows(201).id(),
        });
    }
    let [segment, view] = ids.try_into().unwrap();
    [segment, view]
}
