//! Each call leaves exactly one entry, which says who did what to whom and what was shown.

use serde_json::{Value, json};

use super::Ledger;
use crate::customers::{path, whole};
use crate::imports::{Form, finished};
use crate::support::{Org, Person};

/// One call, the action it is recorded as, and the fields of its entry.
async fn leaves(
    ledger: &mut Ledger,
    person: &Person,
    call: impl Future<Output = crate::support::Answer>,
    action: &str,
) -> Value {
    let answer = call.await;
    assert!(answer.status < 400, "{answer}");
    let entry = ledger.only().await;
    assert_eq!((&entry["action"], &entry["verdict"]), (&json!(action), &json!("allowed")), "{entry:#}");
    assert_eq!(entry["actor"]["id"], json!(person.id));
    assert_eq!((&entry["actor"]["kind"], &entry["v"]), (&json!("staff"), &json!(1)));
    assert!(entry["actor"]["session"].is_string());
    assert_eq!(entry["request"], json!(answer.sent("x-request-id")));
    assert!(entry["time"].as_str().is_some_and(|time| time.ends_with('Z')));
    entry
}

#[tokio::test]
async fn each_call_about_customers() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let mut ledger = Ledger::of(&org).await;
    let log = &mut ledger;
    let made = admin.post("/v1/customers", &whole(1)).await.shows(201);
    let (id, own) = (made.id(), path(&made.id()));
    let entry = log.only().await;
    assert_eq!((&entry["action"], &entry["customer"]), (&json!("customers.create"), &json!(id)));
    assert_eq!(entry["fields"]["written"].as_array().unwrap().len(), 13);
    let every = |entry: &Value| {
        assert_eq!(entry["customer"], json!(id));
        assert_eq!(entry["fields"]["read"], json!(["customer_no", "province", "company", "occupation", "notes"]));
        assert_eq!(entry["fields"]["masked"].as_array().unwrap().len(), 8);
        assert!(entry["fields"].get("revealed").is_none() && entry["fields"].get("written").is_none());
    };
    every(&leaves(log, &admin, admin.get(&own).into_future(), "customers.read").await);
    let tag = admin.get(&own).await.shows(200).sent("etag");
    log.only().await;
    every(&leaves(log, &admin, admin.get(&own).header("if-none-match", &tag).into_future(), "customers.read").await);
    every(&leaves(log, &admin, admin.get("/v1/customers").into_future(), "customers.list").await);
    let entry = leaves(
        log,
        &admin,
        admin.get("/v1/customers?q[customer_no]=D000001&q[mobile_last4]=0000").into_future(),
        "customers.search",
    )
    .await;
    assert_eq!(entry["details"]["searched"], json!(["customer_no:exact", "mobile:last4"]));
    assert!(entry.get("customer").is_none() && entry.get("fields").is_none(), "nobody was found: {entry}");
    let entry = leaves(
        log,
        &admin,
        admin.patch(&own, &json!({"stage": "lost", "fields": {"company": "新"}})).into_future(),
        "customers.update",
    )
    .await;
    assert_eq!(
        (&entry["fields"]["written"], &entry["details"]["changed"]),
        (&json!(["company"]), &json!(["company", "stage"]))
    );
    assert_eq!(entry["fields"]["masked"].as_array().unwrap().len(), 8, "what the answer showed is told too");
    leaves(log, &admin, admin.patch(&own, &json!({})).into_future(), "customers.update").await;
    let entry = leaves(
        log,
        &admin,
        admin.post(&format!("{own}/reveal"), &json!({"fields": ["mobile"], "reason": "call"})).into_future(),
        "customers.reveal",
    )
    .await;
    assert_eq!(entry["fields"], json!({"revealed": ["mobile"]}));
    leaves(log, &admin, admin.get(&format!("{own}/history")).into_future(), "customers.history").await;
    leaves(log, &admin, admin.get(&format!("{own}/access-log")).into_future(), "customers.access_log").await;
    let entry = leaves(log, &admin, admin.delete(&own).into_future(), "customers.delete").await;
    assert_eq!(entry["customer"], json!(id));
}

#[tokio::test]
async fn each_call_about_the_house() {
    let org = Org::found().await;
    let (admin, dpo) = (org.admin().await, org.dpo().await);
    let mut ledger = Ledger::of(&org).await;
    let user = format!("/v1/users/{}", admin.id);
    for (path, action) in [
        ("/v1/me", "me.read"),
        ("/v1/me/permissions", "me.read"),
        ("/v1/users", "users.read"),
        (user.as_str(), "users.read"),
        ("/v1/roles", "roles.read"),
        ("/v1/roles/sales", "roles.read"),
        ("/v1/departments", "departments.read"),
        ("/v1/record-types", "catalog.read"),
        ("/v1/record-types/customer/fields", "catalog.read"),
        ("/v1/jobs", "jobs.read"),
        ("/v1/api-keys", "api_keys.read"),
    ] {
        leaves(&mut ledger, &admin, admin.get(path).into_future(), action).await;
    }
    leaves(&mut ledger, &dpo, dpo.get("/v1/audit/entries").into_future(), "audit.read").await;
    let key = json!({"third_party": "Courier", "name": "k", "permissions": ["customers.read"], "fields": ["name"]});
    let made = admin.post("/v1/api-keys", &key).await.shows(201);
    assert_eq!(ledger.only().await["action"], "api_keys.create");
    leaves(&mut ledger, &admin, admin.get(&format!("/v1/api-keys/{}", made.id())).into_future(), "api_keys.read").await;
    leaves(
        &mut ledger,
        &admin,
        admin.act(&format!("/v1/api-keys/{}/revoke", made.id())).into_future(),
        "api_keys.revoke",
    )
    .await;
}

#[tokio::test]
async fn a_partners_calls_are_recorded_as_the_keys() {
    let org = Org::found().await;
    let id = org.customer_of(&org.sales_a().await).await;
    let partner = org.partner(&["name", "mobile"], &["delivery"], &["customers.read"]).await;
    let mut ledger = Ledger::of(&org).await;
    let listed = partner.with("processing-purpose", "delivery").get("/v1/customers").await.shows(200);
    let entry = ledger.only().await;
    assert_eq!(
        (&entry["actor"], &entry["purpose"]),
        (&json!({"id": partner.key_id, "kind": "partner"}), &json!("delivery"))
    );
    assert_eq!(entry["customer"], json!(id), "the log names the person, not the partner's word for them");
    assert_ne!(listed.at("/data/0/id"), json!(id));
}

#[tokio::test]
async fn sessions_begin_go_on_and_end_on_record() {
    let org = Org::found().await;
    let mut ledger = Ledger::of(&org).await;
    let sales = org.sales_a().await;
    let entry = ledger.only().await;
    assert_eq!((&entry["action"], &entry["actor"]["id"]), (&json!("auth.login"), &json!(sales.id)));
    let stranger = org.service().stranger();
    let wrong = json!({"email": org.email("sales_a"), "password": "wrong"});
    stranger.post("/v1/auth/login", &wrong).await.refuses(401, "invalid_credentials");
    let entry = ledger.only().await;
    assert_eq!(
        (&entry["action"], &entry["verdict"], &entry["actor"]["id"]),
        (&json!("auth.login_failed"), &json!("refused"), &json!(sales.id))
    );
    let spent = json!({"refresh_token": sales.refresh_token});
    let fresh = stranger.post("/v1/auth/refresh", &spent).await.shows(200);
    assert_eq!(ledger.only().await["action"], "auth.refresh");
    let renewed = Person::of(&org.service().base_url, sales.id, &sales.email, &fresh);
    renewed.act("/v1/auth/logout").await.shows(204);
    assert_eq!(ledger.only().await["action"], "auth.logout");
    renewed.get("/v1/me").await.refuses(401, "session_ended");
    let other = org.sales_b().await;
    ledger.only().await;
    let spent = json!({"refresh_token": other.refresh_token});
    stranger.post("/v1/auth/refresh", &spent).await.shows(200);
    ledger.only().await;
    stranger.post("/v1/auth/refresh", &spent).await.refuses(401, "session_ended");
    let entries = ledger.new_entries().await;
    let told: Vec<_> = entries.iter().map(|entry| (&entry["action"], &entry["verdict"])).collect();
    assert!(told.contains(&(&json!("auth.refresh_reused"), &json!("refused"))), "{told:?}");
    assert!(told.iter().any(|(action, _)| *action == "alerts.raise"), "two hold what one was given: {told:?}");
}

#[tokio::test]
async fn an_import_is_recorded_when_it_is_handed_in_and_for_every_customer() {
    let org = Org::found().await;
    let sales = org.sales_a().await;
    let mut ledger = Ledger::of(&org).await;
    let form = Form::csv(&json!({"no": "customer_no", "name": "name"}), "no,name\nI1,张三\nI2,李四\n,\n");
    let queued = form.hand_in(&sales).await.shows(202);
    finished(&sales, &queued.sent("location")).await;
    let entries = ledger.new_entries().await;
    let of = |action: &str| entries.iter().filter(|entry| entry["action"] == action).collect::<Vec<_>>();
    assert_eq!(of("imports.create").len(), 1);
    assert_eq!(of("imports.create")[0]["details"], json!({"job": queued.id(), "record_type": "customer"}));
    let imported = of("customers.import");
    assert_eq!((imported.len(), &imported[0]["details"]), (1, &json!({"job": queued.id()})));
    assert_eq!(imported[0]["customers"].as_array().unwrap().len(), 2);
    assert_eq!(imported[0]["actor"]["id"], json!(sales.id));
    sales.get(&format!("/v1/imports/{}/errors", queued.id())).await.shows(200);
    assert_eq!(ledger.only().await["action"], "imports.errors");
    let again = Form::csv(&json!({"no": "customer_no", "name": "name"}), "no,name\nI1,张四\n").part("mode", "upsert");
    let queued = again.hand_in(&sales).await.shows(202);
    finished(&sales, &queued.sent("location")).await;
    let updates = ledger.new_entries().await;
    let update = updates.iter().find(|entry| entry["action"] == "customers.update").unwrap();
    assert_eq!((&update["fields"]["written"], &update["customer"]), (&json!(["name"]), &imported[0]["customers"][0]));
}
