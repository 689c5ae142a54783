//! Policies by field: the values go, now and before, and whoever has them stays; and what hangs on people is warned of.

use std::time::{Duration, Instant};

use custodian_application::retention::DESTRUCTION_TYP;
use custodian_crypto::jws;
use serde_json::{Value, json};

use super::hold;
use super::policies::{PATH, activate, round};
use crate::customers::path;
use crate::support::{Org, Person, customer};

const OLD: &str = "12 Harbour Street";
const NEW: &str = "7 Mill Lane";

/// Somebody with an address now and another before, whom nobody has touched for a year.
pub async fn moved(org: &Org<'_>, admin: &Person) -> String {
    let mut body = customer();
    body["fields"]["address"] = json!(OLD);
    let id = admin.post("/v1/customers", &body).await.shows(201).id();
    let address = json!({"fields": {"address": NEW}});
    admin.request("PATCH", &path(&id)).json(&address).header("if-match", "*").await.shows(200);
    let age = "UPDATE customers SET updated_at = updated_at - interval '1 year' WHERE id = $1::text::uuid";
    org.sql().await.execute(age, &[&id]).await.unwrap();
    id
}

pub fn rule(members: Value) -> Value {
    let mut rule = json!({"field": "address", "since": "updated_at", "days": 30, "action": "destroy"});
    for (name, value) in members.as_object().unwrap() {
        rule[name] = value.clone();
    }
    rule
}

pub async fn in_force(dpo: &Person, admin: &Person, rule: &Value, due: i64) -> String {
    let mut body = rule.clone();
    body["name"] = json!("Where people lived");
    let policy = dpo.post(PATH, &body).await.shows(201).id();
    activate(admin, &policy, due).await.shows(200);
    policy
}

/// How many packs of the database hold a value of this field, of now and of before.
pub async fn packs(org: &Org<'_>, key: &str) -> i64 {
    let mut mark = vec![u8::try_from(key.len()).unwrap()];
    mark.extend_from_slice(key.as_bytes());
    mark.extend_from_slice(&[0, 0]);
    let sql = "SELECT (SELECT count(*) FROM customers WHERE organization_id = $1 AND position($2::bytea IN fields) > 0) \
         + (SELECT count(*) FROM customer_versions WHERE organization_id = $1 AND position($2 IN previous_fields) > 0) \
         + (SELECT count(*) FROM records WHERE organization_id = $1 AND position($2 IN fields) > 0) \
         + (SELECT count(*) FROM record_versions WHERE organization_id = $1 AND position($2 IN previous_fields) > 0)";
    org.sql().await.query_one(sql, &[&org.id, &mark]).await.unwrap().get(0)
}

#[tokio::test]
async fn the_values_of_a_field_go_through_all_the_past_and_their_people_stay() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    let (due, held, fresh) = (moved(&org, &admin).await, moved(&org, &admin).await, org.customer_of(&admin).await);
    hold(&dpo, &held, json!({})).await;
    let preview = dpo.post(&format!("{PATH}/preview"), &rule(json!({}))).await.shows(200);
    assert_eq!((preview.at("/due"), preview.at("/held"), preview.at("/sample")), (json!(1), json!(1), json!([due])));
    assert_eq!(packs(&org, "address").await, 4, "two people, now and before");
    let before = admin.get(&path(&due)).await.shows(200);
    let policy = in_force(&dpo, &admin, &rule(json!({})), 1).await;
    assert_eq!(dpo.get(&format!("{PATH}/{policy}")).await.shows(200).at("/field"), "address");
    assert_eq!((round(&org).await, round(&org).await), (1, 0), "nobody is met twice");
    assert_eq!(packs(&org, "address").await, 2, "of whom a hold keeps");
    let after = admin.get(&path(&due)).await.shows(200);
    assert_eq!(after.at("/fields/address"), Value::Null);
    assert_eq!(after.at("/fields/name"), before.at("/fields/name"), "the rest is as it was, and opens");
    assert_eq!(after.at("/updated_at"), before.at("/updated_at"), "what the service does prolongs no time");
    assert_eq!(after.at("/version").as_i64(), before.at("/version").as_i64().map(|version| version + 1));
    let history = admin.get(&format!("{}/history", path(&due))).await.shows(200);
    assert!(!history.text().contains(OLD) && !history.text().contains(NEW), "{history}");
    assert!(history.text().contains("address"), "that there was one, and until when, is no secret: {history}");
    for id in [&held, &fresh] {
        admin.get(&path(id)).await.shows(200);
    }
    let told = org.auditor().await.get("/v1/audit/entries?action=customers.update").await.shows(200);
    assert_eq!(told.at("/data/0/details/retention_policy"), policy.as_str());
    let register = dpo.get("/v1/destruction-register").await.shows(200);
    assert_eq!((register.at("/data/0/policy_id"), register.at("/data/0/customer_count")), (json!(policy), json!(1)));
    let certificate = format!("/v1/destruction-register/{}/certificate", register.text_at("/data/0/id"));
    let signed = dpo.get(&certificate).await.shows(200);
    assert_eq!(
        (signed.at("/certificate/rule/field"), signed.at("/certificate/customer_count")),
        (json!("address"), json!(1))
    );
    let public = org.service().signing_key().await.public();
    let payload = jws::open(&signed.text_at("/jws"), DESTRUCTION_TYP, &public).expect("the signature holds");
    assert_eq!(serde_json::from_slice::<Value>(&payload).unwrap(), signed.at("/certificate"));
    assert!(!signed.text().contains(&due), "nobody is named");
    admin.get(&certificate).await.shows(200);
    org.sales_a().await.get(&certificate).await.refuses(403, "forbidden");
    Org::found().await.dpo().await.get(&certificate).await.refuses(404, "not_found");
}

#[tokio::test]
async fn nobody_is_found_by_a_value_that_is_gone_and_it_may_be_given_anew() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    let due = moved(&org, &admin).await;
    let mobile = "13712340000";
    let given = json!({"fields": {"mobile": mobile}});
    admin.request("PATCH", &path(&due)).json(&given).header("if-match", "*").await.shows(200);
    let age = "UPDATE customers SET updated_at = updated_at - interval '1 year' WHERE id = $1::text::uuid";
    org.sql().await.execute(age, &[&due]).await.unwrap();
    let found = async || {
        let answer = admin.get(&format!("/v1/customers?q[mobile]={mobile}")).await.shows(200);
        answer.at("/data").as_array().unwrap().len()
    };
    assert_eq!(found().await, 1);
    in_force(&dpo, &admin, &rule(json!({"field": "mobile"})), 1).await;
    assert_eq!((round(&org).await, found().await), (1, 0));
    admin.request("PATCH", &path(&due)).json(&given).header("if-match", "*").await.shows(200);
    assert_eq!(found().await, 1, "the customer is whole and goes on");
    assert_eq!(round(&org).await, 0, "its time begins anew");
}

/// What the first event of a type says, once it has its place among the others.
async fn first_event(person: &Person, kind: &str) -> Value {
    let begun = Instant::now();
    loop {
        let told = person.get(&format!("/v1/events?type={kind}")).await.shows(200).at("/data/0/data");
        if !told.is_null() {
            return told;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody hears of {kind}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_field_of_records_goes_with_what_stands_open_of_it_and_the_records_stay() {
    let org = Org::found().await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    let customer = org.customer_of(&admin).await;
    let fields = json!({"subject": "Parcel is late", "status": "closed", "description": "It rained.", "due_at": "2026-11-20T08:00:00Z"});
    let ticket = crate::records::enter(&admin, &customer, "ticket", fields).await.shows(201).id();
    let at = crate::records::path("ticket", &ticket);
    let change = json!({"fields": {"description": "It snowed."}});
    admin.request("PATCH", &at).json(&change).header("if-match", "*").await.shows(200);
    let age = "UPDATE records SET updated_at = updated_at - interval '1 year' WHERE organization_id = $1";
    org.sql().await.execute(age, &[&org.id]).await.unwrap();
    let of = |field: &str, action: &str| rule(json!({"record_type": "ticket", "field": field, "action": action}));
    let warning = in_force(&dpo, &admin, &of("description", "warn"), 1).await;
    assert_eq!((round(&org).await, round(&org).await), (1, 0), "each is told of once");
    let event = first_event(&dpo, "retention.records_due").await;
    assert_eq!((&event["record_id"], &event["retention_policy_id"]), (&json!(ticket), &json!(warning)));
    in_force(&dpo, &admin, &of("description", "destroy"), 1).await;
    assert_eq!((round(&org).await, packs(&org, "description").await), (1, 0));
    let left = admin.get(&at).await.shows(200);
    assert_eq!((left.at("/fields/description"), left.at("/fields/subject")), (Value::Null, json!("Parcel is late")));
    let history = admin.get(&format!("{at}/history")).await.shows(200);
    assert!(!history.text().contains("It rained.") && !history.text().contains("It snowed."), "{history}");
    in_force(&dpo, &admin, &of("due_at", "destroy"), 1).await;
    assert_eq!(round(&org).await, 1);
    let clear = "SELECT due_at IS NULL, state FROM records WHERE id = $1::text::uuid";
    let clear = org.sql().await.query_one(clear, &[&ticket]).await.unwrap();
    assert!(clear.get::<_, bool>(0), "what stood in the clear beside the sealed value is gone with it");
    assert_eq!(clear.get::<_, Option<String>>(1), Some("closed".to_owned()), "and nothing else");
    admin.get(&at).await.shows(200);
}

#[tokio::test]
async fn a_field_that_there_is_not_or_that_all_must_have_is_not_taken_away() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    for (members, pointer) in [
        (json!({"field": "shoe_size"}), "/field"),
        (json!({"field": "name"}), "/field"),
        (json!({"action": "archive"}), "/action"),
        (json!({"record_type": "ticket"}), "/field"),
    ] {
        let refused = dpo.post(&format!("{PATH}/preview"), &rule(members)).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults()[0].0, pointer, "{refused}");
    }
}
