//! One password tried on many accounts, each from an address of its own: no address stands out, so the organisation as a whole is looked at.

use serde_json::{Value, json};

use super::open;
use crate::support::{Answer, Org, PASSWORD, Service, own_instance};

const FROM_ANYWHERE: [(&str, &str); 3] =
    [("trusted_proxies", "127.0.0.1"), ("alarm_failed_accounts", "3"), ("alarm_failed_accounts_together", "4")];

async fn log_in(service: &Service, email: &str, password: &str, address: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    service.stranger().post("/v1/auth/login", &body).header("x-forwarded-for", address).await
}

/// Somebody guesses at one account from a machine of its own.
async fn guess(service: &Service, email: &str, machine: usize) {
    let address = format!("198.51.100.{machine}");
    log_in(service, email, "Winter2026", &address).await.refuses(401, "invalid_credentials");
}

fn rules(alarms: &[Value]) -> Vec<&str> {
    alarms.iter().filter_map(|alarm| alarm["rule"].as_str()).collect()
}

#[tokio::test]
async fn a_password_tried_from_many_addresses_raises_one_alarm_about_the_organisation() {
    let service = own_instance(&FROM_ANYWHERE);
    let (org, other) = (Org::found_on(&service).await, Org::found_on(&service).await);
    let (admin, bystander) = (org.admin().await, other.admin().await);
    log_in(&service, &org.email("support"), PASSWORD, "203.0.113.7").await.shows(200);
    for (machine, who) in ["sales_a", "sales_b", "manager", "manager", "sales_a"].into_iter().enumerate() {
        guess(&service, &org.email(who), machine).await;
    }
    guess(&service, &org.email("nobody-at-all"), 8).await;
    guess(&service, &other.email("sales_a"), 9).await;
    assert_eq!(open(&admin).await, Vec::<Value>::new(), "three accounts of ours, whoever else was tried");
    for (machine, who) in ["support", "finance"].into_iter().enumerate() {
        guess(&service, &org.email(who), 20 + machine).await;
    }
    let alarms = open(&admin).await;
    assert_eq!(rules(&alarms), ["distributed_password_spraying"]);
    let about = ["actor_id", "actor_kind", "source"].map(|name| alarms[0][name].clone());
    assert_eq!((about, &alarms[0]["count"]), ([Value::Null, Value::Null, Value::Null], &json!(4)));
    assert_eq!(open(&bystander).await, Vec::<Value>::new());
    let inbox = admin.get("/v1/inbox?kind=alert").await.shows(200);
    admin.get(&inbox.text_at("/data/0/href")).await.shows(200);
    // It keeps nobody out: not even whom it was tried on, from where they were before.
    log_in(&service, &org.email("support"), PASSWORD, "203.0.113.7").await.shows(200);
}

#[tokio::test]
async fn what_happens_every_morning_raises_no_alarm() {
    let service = own_instance(&FROM_ANYWHERE);
    let org = Org::found_on(&service).await;
    let admin = org.admin().await;
    let everybody = ["sales_a", "sales_b", "sales_c", "manager", "finance", "support"];
    // Who mistypes and then is in counts no more.
    for (machine, who) in everybody.into_iter().enumerate() {
        guess(&service, &org.email(who), machine).await;
        log_in(&service, &org.email(who), PASSWORD, &format!("198.51.100.{machine}")).await.shows(200);
    }
    assert_eq!(open(&admin).await, Vec::<Value>::new());
    // Two accounts a day were usual in the last week: six are three times as many.
    let week = "INSERT INTO login_failure_peaks SELECT $1, (clock_timestamp() AT TIME ZONE 'UTC')::date - d, 2 FROM generate_series(1, 7) d";
    org.sql().await.execute(week, &[&org.id]).await.unwrap();
    for (machine, who) in everybody[..5].iter().enumerate() {
        guess(&service, &org.email(who), 20 + machine).await;
    }
    assert_eq!(open(&admin).await, Vec::<Value>::new(), "five are not six");
    guess(&service, &org.email("support"), 30).await;
    assert_eq!(rules(&open(&admin).await), ["distributed_password_spraying"]);
    // A day with an alarm does not make the next one look usual: what was counted before it did.
    let peaks = "SELECT accounts FROM login_failure_peaks WHERE day = (clock_timestamp() AT TIME ZONE 'UTC')::date";
    assert_eq!(org.sql().await.query_one(peaks, &[]).await.unwrap().get::<_, i32>(0), 5);
}
