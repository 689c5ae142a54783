//! Alarms: whoever tries many doors is noticed at the threshold and not below, once, whichever instance they knock at.

mod spraying;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::events::told;
use crate::support::{Answer, Caller, Org, PASSWORD, Person, Process, Service, own_instance, try_log_in};

/// An alarm to try things on: the one of before as long as it is open.
pub async fn raised(org: &Org<'_>) -> String {
    const KNOWN: &str = "SELECT id::text FROM alerts WHERE closed_at IS NULL LIMIT 1";
    const RAISE: &str = "INSERT INTO alerts (organization_id, id, rule, source, counted, window_seconds, raised_at) \
         VALUES ($1, gen_random_uuid(), 'password_spraying', '\\x01', 20, 600, now()) RETURNING id::text";
    let sql = org.sql().await;
    match sql.query_opt(KNOWN, &[]).await.unwrap() {
        Some(row) => row.get(0),
        None => sql.query_one(RAISE, &[&org.id]).await.unwrap().get(0),
    }
}

/// The open alarms as somebody sees them.
async fn open(person: &Person) -> Vec<Value> {
    let page = person.get("/v1/alerts?state=open").await.shows(200);
    page.at("/data").as_array().unwrap().clone()
}

/// An id that nobody has.
fn nobody(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_a1b2_c3d4_7e5f_8a9b_0000_0000_0000 + number)
}

/// Asks for so many customers whom nobody has.
async fn knock(caller: &Caller, numbers: std::ops::Range<u128>) {
    for number in numbers {
        caller.get(&format!("/v1/customers/{}", nobody(number))).await.refuses(404, "not_found");
    }
}

async fn fail_to_log_in(service: &Service, emails: &[String]) {
    for email in emails {
        try_log_in(service, email, "Winter2026").await.refuses(401, "invalid_credentials");
    }
}

async fn close(person: &Person, id: &str, outcome: &str) -> Answer {
    person.post(&format!("/v1/alerts/{id}/close"), &json!({"outcome": outcome, "reason": "looked into it"})).await
}

#[tokio::test]
async fn one_password_on_many_accounts_raises_one_alarm_at_the_threshold() {
    let service = own_instance(&[("alarm_failed_accounts", "4")]);
    let (org, other) = (Org::found_on(&service).await, Org::found_on(&service).await);
    let (admin, dpo, bystander) = (org.admin().await, org.dpo().await, other.admin().await);
    let tried = [org.email("sales_a"), org.email("sales_b"), org.email("nobody-at-all")];
    fail_to_log_in(&service, &tried).await;
    fail_to_log_in(&service, &tried).await;
    assert_eq!(open(&admin).await, Vec::<Value>::new(), "three accounts are not four, however often");
    fail_to_log_in(&service, &[org.email("manager")]).await;
    let alarms = open(&admin).await;
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    let alarm = &alarms[0];
    assert_eq!(
        (&alarm["rule"], &alarm["count"], &alarm["actor_id"]),
        (&json!("password_spraying"), &json!(4), &Value::Null)
    );
    assert!(alarm["source"].as_str().is_some_and(|source| source.len() == 32), "{alarm}");
    assert_eq!(open(&bystander).await, Vec::<Value>::new(), "whose accounts were not tried hears nothing");
    // Going on adds no second alarm within the window.
    fail_to_log_in(&service, &[org.email("finance"), org.email("support")]).await;
    assert_eq!(open(&admin).await.len(), 1);
    // It waits for whoever looks into it, is on record, and is told of.
    for person in [&admin, &dpo] {
        let inbox = person.get("/v1/inbox?kind=alert").await.shows(200);
        assert_eq!((inbox.at("/data/0/id"), inbox.at("/data/0/count")), (alarm["id"].clone(), json!(4)), "{inbox}");
        person.get(&inbox.text_at("/data/0/href")).await.shows(200);
    }
    let event = told(&admin, "type=alerts.raised").await;
    assert_eq!((&event["data"]["alert_id"], &event["data"]["rule"]), (&alarm["id"], &json!("password_spraying")));
    let entries = org.auditor().await.get("/v1/audit/entries?action=alerts.raise").await.shows(200);
    assert_eq!(entries.at("/data/0/details/alert"), alarm["id"], "{entries}");
    assert_eq!(entries.at("/data/1"), Value::Null);
}

#[tokio::test]
async fn whoever_only_mistypes_raises_no_alarm() {
    let service = own_instance(&[("alarm_failed_accounts", "4"), ("alarm_refused_customers", "3")]);
    let org = Org::found_on(&service).await;
    // An office behind one address: everybody mistypes once, and then is in.
    for who in ["sales_a", "sales_b", "sales_c", "manager", "finance", "support", "marketing"] {
        fail_to_log_in(&service, &[org.email(who)]).await;
        try_log_in(&service, &org.email(who), PASSWORD).await.shows(200);
    }
    // A customer that is gone is asked for again and again, and so is one of one's own that one may not do something to.
    let asha = org.sales_a().await;
    let own = org.customer_of(&asha).await;
    for _ in 0..5 {
        knock(&asha, 1..2).await;
        asha.delete(&format!("/v1/customers/{own}")).await.refuses(403, "forbidden");
    }
    assert_eq!(open(&org.admin().await).await, Vec::<Value>::new());
}

#[tokio::test]
async fn who_is_refused_many_customers_is_noticed_staff_and_partners_alike() {
    let service = own_instance(&[("alarm_refused_customers", "5")]);
    let org = Org::found_on(&service).await;
    let (admin, asha, ben) = (org.admin().await, org.sales_a().await, org.sales_b().await);
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    let mut theirs = Vec::new();
    for _ in 0..2 {
        theirs.push(org.customer_of(&ben).await);
    }
    knock(&asha, 0..2).await;
    for id in &theirs {
        asha.get(&format!("/v1/customers/{id}")).await.refuses(404, "not_found");
        asha.get(&format!("/v1/customers/{id}/history")).await.refuses(404, "not_found");
    }
    assert_eq!(open(&admin).await, Vec::<Value>::new(), "four different ones");
    // A second session of the same person counts on.
    org.sales_a().await.get(&format!("/v1/records/ticket/{}", nobody(9))).await.refuses(404, "not_found");
    let alarms = open(&admin).await;
    let about = |alarm: &Value| {
        (alarm["rule"].clone(), alarm["actor_kind"].clone(), alarm["actor_id"].clone(), alarm["count"].clone())
    };
    let asha_said = (json!("refusal_probing"), json!("staff"), json!(asha.id), json!(5));
    assert_eq!(alarms.iter().map(about).collect::<Vec<_>>(), std::slice::from_ref(&asha_said));
    knock(&partner, 0..8).await;
    let alarms = open(&admin).await;
    let key_said = (json!("refusal_probing"), json!("partner"), json!(partner.key_id), json!(5));
    assert_eq!(alarms.iter().map(about).collect::<Vec<_>>(), [key_said, asha_said]);
    assert_eq!(open(&org.auditor().await).await.len(), 2);
    ben.get("/v1/alerts").await.refuses(403, "forbidden");
}

#[tokio::test]
async fn who_searches_for_one_number_after_another_is_noticed_and_who_finds_is_not() {
    let service = own_instance(&[("alarm_vain_searches", "6")]);
    let org = Org::found_on(&service).await;
    let (admin, asha, ben) = (org.admin().await, org.sales_a().await, org.sales_b().await);
    let body = crate::support::customer();
    let number = body["fields"]["mobile"].as_str().unwrap().to_owned();
    asha.post("/v1/customers", &body).await.shows(201);
    for at in 0..8 {
        let found =
            asha.get(&format!("/v1/customers?q[mobile]={}", crate::customers::encoded(&number))).await.shows(200);
        assert_eq!(found.at("/data").as_array().map(Vec::len), Some(1), "{at}");
        ben.get("/v1/customers?q[mobile]=13900000000").await.shows(200);
    }
    assert_eq!(open(&admin).await, Vec::<Value>::new(), "one number in vain, many times");
    for at in 1..6 {
        ben.get(&format!("/v1/customers?q[mobile]=1390000000{at}")).await.shows(200);
    }
    let alarms = open(&admin).await;
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert_eq!((&alarms[0]["rule"], &alarms[0]["actor_id"]), (&json!("search_probing"), &json!(ben.id)));
    // What is kept of it names no number and fits no index.
    let tags = "SELECT count(*) FROM detection_probes p WHERE EXISTS (SELECT FROM blind_indexes b WHERE position(b.tag IN p.what) > 0)";
    assert_eq!(org.sql().await.query_one(tags, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn an_alarm_is_looked_into_once_and_by_somebody_else() {
    let service = own_instance(&[("alarm_refused_customers", "3")]);
    let org = Org::found_on(&service).await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    knock(&admin, 0..3).await;
    assert_eq!(open(&admin).await, Vec::<Value>::new(), "nobody is shown the alarm about themselves");
    assert_eq!(admin.get("/v1/inbox?kind=alert").await.shows(200).at("/data"), json!([]));
    let id = open(&dpo).await[0]["id"].as_str().unwrap().to_owned();
    admin.get(&format!("/v1/alerts/{id}")).await.refuses(404, "not_found");
    close(&admin, &id, "harmless").await.refuses(404, "not_found");
    close(&org.auditor().await, &id, "harmless").await.refuses(403, "forbidden");
    close(&dpo, &id, "whatever").await.refuses(422, "invalid_body");
    let closed = close(&dpo, &id, "confirmed").await.shows(200);
    assert_eq!((closed.at("/state"), closed.at("/closed_by")), (json!("closed"), json!(dpo.id)));
    close(&dpo, &id, "harmless").await.refuses(409, "alert_closed");
    assert_eq!(dpo.get("/v1/inbox?kind=alert").await.shows(200).at("/data"), json!([]));
    let all = dpo.get("/v1/alerts?state=closed&rule=refusal_probing").await.shows(200);
    assert_eq!((all.at("/data/0/outcome"), all.at("/data/1")), (json!("confirmed"), Value::Null));
    let other = Org::found_on(&service).await;
    other.admin().await.get(&format!("/v1/alerts/{id}")).await.refuses(404, "not_found");
}

#[tokio::test]
async fn two_instances_count_together() {
    let one = Process::start(&["alarm_failed_accounts=4", "alarm_refused_customers=4"]).await;
    let other = one.beside().await;
    let there = Caller::new(&other.base_url, Vec::new());
    for (at, caller) in [one.stranger(), there.clone(), one.stranger()].iter().enumerate() {
        let email = one.facts["users"][["sales_a", "sales_b", "manager"][at]]["email"].clone();
        caller
            .post("/v1/auth/login", &json!({"email": email, "password": "Winter2026"}))
            .await
            .refuses(401, "invalid_credentials");
    }
    let (admin, asha) = (one.person("admin").await, one.person("sales_a").await);
    let over_there =
        Caller::new(&other.base_url, vec![("authorization".to_owned(), format!("Bearer {}", asha.access_token))]);
    knock(&asha, 0..2).await;
    knock(&over_there, 2..3).await;
    assert_eq!(open(&admin).await, Vec::<Value>::new());
    let email = json!({"email": "guess@nowhere.example", "password": "Winter2026"});
    // Sales A got in meanwhile and counts no more: two strangers' addresses make it four.
    there.post("/v1/auth/login", &email).await.refuses(401, "invalid_credentials");
    let email = json!({"email": "guess2@nowhere.example", "password": "Winter2026"});
    one.stranger().post("/v1/auth/login", &email).await.refuses(401, "invalid_credentials");
    knock(&over_there, 3..4).await;
    let mut rules: Vec<Value> = open(&admin).await.into_iter().map(|alarm| alarm["rule"].clone()).collect();
    rules.sort_by_key(Value::to_string);
    assert_eq!(rules, [json!("password_spraying"), json!("refusal_probing")]);
}
