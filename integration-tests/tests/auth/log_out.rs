//! Logging out holds at once.

use serde_json::json;

use crate::support::{Org, shared};

#[tokio::test]
async fn after_log_out_neither_token_works_and_other_sessions_do() {
    let org = Org::found().await;
    let (asha, elsewhere) = (org.sales_a().await, org.sales_a().await);
    asha.get("/v1/me").await.shows(200);
    let answer = asha.act("/v1/auth/logout").await.shows(204);
    assert!(answer.bytes.is_empty(), "{answer}");
    asha.get("/v1/me").await.refuses(401, "session_ended");
    asha.act("/v1/auth/logout").await.refuses(401, "session_ended");
    let refresh = shared().stranger().post("/v1/auth/refresh", &json!({"refresh_token": asha.refresh_token}));
    refresh.await.refuses(401, "session_ended");
    elsewhere.get("/v1/me").await.shows(200);
    let entries = org.auditor().await.get("/v1/audit/entries?action=auth.logout").await.shows(200);
    assert_eq!(entries.at("/data/0/actor/id"), asha.id.to_string(), "{entries}");
}

#[tokio::test]
async fn requests_that_race_a_log_out_get_nothing_after_it() {
    let org = Org::found().await;
    for _ in 0..10 {
        let asha = org.sales_a().await;
        let racing = (0..4).map(|_| asha.get("/v1/me").into_future());
        let (_, out) = tokio::join!(futures_util::future::join_all(racing), asha.act("/v1/auth/logout").into_future());
        out.shows(204);
        asha.get("/v1/me").await.refuses(401, "session_ended");
    }
}

#[tokio::test]
async fn a_partner_has_no_session_to_end() {
    let partner = Org::found().await.partner(&["name"], &[], &["customers.read"]).await;
    let answer = partner.act("/v1/auth/logout").await;
    assert!(answer.status == 403 && answer.problem_faults().is_empty(), "{answer}");
    partner.get("/v1/customers").await.shows(200);
}
