//! A colleague leaves: in one call everything ends and everything moves, and under load nothing of theirs succeeds a second later.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::mailbox::{letter, token};
use crate::support::{Answer, Caller, Org, PASSWORD, Person, customer, shared, try_log_in};

/// Nothing succeeds later than this.
const AT_MOST: Duration = Duration::from_secs(1);

async fn offboard(admin: &Person, org: &Org<'_>, who: &str, successor: &str) -> Answer {
    let path = format!("/v1/users/{}/offboard", org.user_id(who));
    admin.post(&path, &json!({"successor_id": org.user_id(successor)})).await
}

async fn supervisor(admin: &Person, org: &Org<'_>, who: &str) -> Value {
    admin.get(&format!("/v1/users/{}", org.user_id(who))).await.shows(200).at("/supervisor_id")
}

#[tokio::test]
async fn everything_ends_and_everything_moves() {
    let org = Org::found().await;
    let (admin, asha, ben) = (org.admin().await, org.sales_a().await, org.sales_b().await);
    let again = org.sales_a().await;
    let customers = [org.customer_of(&asha).await, org.customer_of(&asha).await];
    let gone = org.customer_of(&asha).await;
    admin.delete(&format!("/v1/customers/{gone}")).await.shows(204);
    let done = offboard(&admin, &org, "sales_a", "sales_b").await.shows(200);
    let steps = json!({"sessions_ended": 2, "api_keys_revoked": 0, "scim_tokens_revoked": 0,
        "one_time_tokens_voided": 0, "letters_withdrawn": 0, "access_requests_cancelled": 0, "exports_ended": 0, "grants_revoked": 0, "delegations_ended": 0, "second_factors_removed": 0, "sign_on_links_removed": 0, "reports_handed_over": 0,
        "departments_handed_over": 0, "customers_handed_over": 2, "collaborations_ended": 0, "roles_removed": 1});
    assert_eq!(done.at("/steps"), steps);
    assert_eq!((done.at("/user_id"), done.at("/offboarded_by")), (json!(asha.id), json!(admin.id)));
    for session in [&asha, &again] {
        session.get("/v1/me").await.refuses(401, "session_ended");
        let refresh = shared().stranger().post("/v1/auth/refresh", &json!({"refresh_token": session.refresh_token}));
        refresh.await.refuses(401, "session_ended");
    }
    try_log_in(org.service(), &asha.email, PASSWORD).await.refuses(401, "invalid_credentials");
    for id in &customers {
        let read = ben.get(&format!("/v1/customers/{id}")).await.shows(200);
        assert_eq!((read.at("/owner_id"), read.at("/version")), (json!(ben.id), json!(2)));
        assert_eq!(read.at("/department_id"), json!(org.department_id("Sales West")));
        let history = ben.get(&format!("/v1/customers/{id}/history")).await.shows(200);
        assert!(history.text().contains("owner_id"), "{history}");
    }
    let record = admin.get(&format!("/v1/users/{}/offboarding", asha.id)).await.shows(200);
    assert_eq!(record.json(), done.json());
    let account = admin.get(&format!("/v1/users/{}", asha.id)).await.shows(200);
    assert_eq!((account.at("/state"), account.at("/role_ids")), (json!("offboarded"), json!([])));
    offboard(&admin, &org, "sales_a", "sales_b").await.refuses(409, "account_offboarded");
    admin.patch(&format!("/v1/users/{}", asha.id), &json!({"name": "x"})).await.refuses(409, "account_offboarded");
    admin.act(&format!("/v1/users/{}/reactivate", asha.id)).await.refuses(409, "wrong_state");
    // The address is free again.
    admin.post("/v1/users", &json!({"email": asha.email, "name": "Asha"})).await.shows(201);
    let entries = org.auditor().await.get("/v1/audit/entries?action=users.offboard").await.shows(200);
    assert_eq!(entries.at("/data/0/details/successor"), json!(ben.id), "{entries}");
}

#[tokio::test]
async fn reports_go_to_the_successor_even_to_one_of_them() {
    let org = Org::found().await;
    let admin = org.admin().await;
    let head = json!({"head_id": org.user_id("manager")});
    admin.patch(&format!("/v1/departments/{}", org.department_id("Sales")), &head).await.shows(200);
    let report = json!({"supervisor_id": org.user_id("sales_a")});
    admin.patch(&format!("/v1/users/{}", org.user_id("sales_c")), &report).await.shows(200);
    // Sales C reports to sales A, who reports to the manager: the successor is two levels down.
    let done = offboard(&admin, &org, "manager", "sales_c").await.shows(200);
    assert_eq!(
        (done.at("/steps/reports_handed_over"), done.at("/steps/departments_handed_over")),
        (json!(2), json!(1))
    );
    let successor = json!(org.user_id("sales_c"));
    assert_eq!(supervisor(&admin, &org, "sales_a").await, successor);
    assert_eq!(supervisor(&admin, &org, "sales_b").await, successor);
    assert_eq!(supervisor(&admin, &org, "sales_c").await, json!(org.user_id("admin")));
    let department = admin.get(&format!("/v1/departments/{}", org.department_id("Sales"))).await.shows(200);
    assert_eq!(department.at("/head_id"), successor);
}

#[tokio::test]
async fn keys_and_letters_of_the_person_are_void() {
    let org = Org::found().await;
    let admin = org.admin().await;
    admin.patch(&format!("/v1/users/{}", org.user_id("nobody")), &json!({"role_ids": ["admin"]})).await.shows(200);
    let second = org.nobody().await;
    let made = second.post("/v1/api-keys", &crate::support::new_key()).await.shows(201);
    let partner = crate::support::Partner::of(&org.service().base_url, &made);
    partner.get("/v1/customers").await.shows(200);
    let hr = crate::scim::provisioner(&second, &org.service().base_url).await;
    shared().stranger().post("/v1/auth/password/forgot", &json!({"email": second.email})).await.shows(202);
    let token = token(&letter(shared(), &second.email, 1).await);
    let done = offboard(&admin, &org, "nobody", "admin").await.shows(200);
    for step in ["api_keys_revoked", "scim_tokens_revoked", "one_time_tokens_voided"] {
        assert_eq!(done.at(&format!("/steps/{step}")), 1, "{step}");
    }
    assert_eq!(hr.get("/scim/v2/Users").await.status, 401, "a token whose secret the person may know");
    partner.get("/v1/customers").await.refuses(401, "invalid_api_key");
    let body = json!({"token": token, "password": "seven green kites at dawn"});
    shared().stranger().post("/v1/auth/password/reset", &body).await.refuses(401, "invalid_token");
}

#[tokio::test]
async fn what_must_not_be_offboarded_stays() {
    let (org, other) = (Org::found().await, Org::found().await);
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    offboard(&admin, &org, "admin", "dpo").await.refuses(403, "own_account");
    admin.act(&format!("/v1/users/{}/suspend", org.user_id("sales_b"))).await.shows(200);
    for successor in [org.user_id("sales_b"), other.user_id("sales_b"), asha.id] {
        let path = format!("/v1/users/{}/offboard", asha.id);
        let refused = admin.post(&path, &json!({"successor_id": successor})).await.refuses(422, "invalid_body");
        assert_eq!(refused.faults(), [("/successor_id".to_owned(), "unknown_user".to_owned())]);
    }
    for who in ["dpo", "manager", "sales_b", "auditor"] {
        if who != "sales_b" {
            offboard(&org.person(who).await, &org, "sales_a", "sales_c").await.refuses(403, "forbidden");
        }
    }
    offboard(&other.admin().await, &org, "sales_a", "sales_c").await.refuses(404, "not_found");
    admin.get(&format!("/v1/users/{}/offboarding", asha.id)).await.refuses(404, "not_found");
    asha.get("/v1/me").await.shows(200);
}

/// Reads and writes without pause until told to stop; answers when the last request that succeeded was answered.
async fn press(caller: Caller, stop: Arc<AtomicBool>, write: bool) -> Option<Instant> {
    let mut last = None;
    while !stop.load(Ordering::Relaxed) {
        let request =
            if write { caller.post("/v1/customers", &customer()) } else { caller.get("/v1/customers?limit=5") };
        let Some(answer) = request.attempt().await else { continue };
        if answer.status < 300 {
            last = Some(Instant::now());
        }
    }
    last
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_no_request_of_the_person_succeeds_a_second_later() {
    let org = Org::found().await;
    let (admin, asha) = (org.admin().await, org.sales_a().await);
    let stop = Arc::new(AtomicBool::new(false));
    let callers = (0..8).map(|number| {
        let caller: Caller = (*asha).clone();
        tokio::spawn(press(caller, Arc::clone(&stop), number % 2 == 0))
    });
    let callers: Vec<_> = callers.collect();
    while asha.get("/v1/customers").await.shows(200).at("/data").as_array().unwrap().len() < 20 {}
    offboard(&admin, &org, "sales_a", "sales_b").await.shows(200);
    let committed = Instant::now();
    while committed.elapsed() < AT_MOST * 2 {
        tokio::task::yield_now().await;
        asha.get("/v1/me").await.refuses(401, "session_ended");
    }
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        let last = caller.await.unwrap().expect("somebody got through before");
        let late = last.saturating_duration_since(committed);
        assert!(late <= AT_MOST, "a request succeeded {late:?} after the commit");
    }
    // Whatever was written in the last moment went to the successor, or was refused: nothing is left with the person who left.
    let left = "SELECT count(*) FROM customers WHERE organization_id = $1 AND owner_id = $2 AND archived_at IS NULL";
    let rows = org.sql().await.query_one(left, &[&org.id, &asha.id]).await.unwrap();
    assert_eq!(rows.get::<_, i64>(0), 0);
}
