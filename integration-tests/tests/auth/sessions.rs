//! Sessions are listed and ended one by one, by their owner and by an administrator; ended ones are dead at once, and within a second elsewhere.

use serde_json::json;

use crate::support::{Org, shared};

#[tokio::test]
async fn a_person_sees_their_sessions_and_ends_another_one() {
    let org = Org::found().await;
    let (here, there, other) = (org.sales_a().await, org.sales_a().await, org.sales_b().await);
    let listed = here.get("/v1/me/sessions").await.shows(200);
    assert_eq!(listed.at("/data").as_array().unwrap().len(), 2, "{listed}");
    assert_eq!((listed.at("/data/0/current"), listed.at("/data/1/current")), (json!(false), json!(true)));
    let elsewhere = listed.text_at("/data/0/id");
    other.act(&format!("/v1/me/sessions/{elsewhere}/end")).await.refuses(404, "not_found");
    there.get("/v1/me").await.shows(200);
    here.act(&format!("/v1/me/sessions/{elsewhere}/end")).await.shows(204);
    there.get("/v1/me").await.refuses(401, "session_ended");
    let refresh = shared().stranger().post("/v1/auth/refresh", &json!({"refresh_token": there.refresh_token}));
    refresh.await.refuses(401, "session_ended");
    here.act(&format!("/v1/me/sessions/{elsewhere}/end")).await.refuses(404, "not_found");
    let own = here.get("/v1/me/sessions").await.shows(200);
    assert_eq!(own.at("/data").as_array().unwrap().len(), 1);
    here.act(&format!("/v1/me/sessions/{}/end", own.text_at("/data/0/id"))).await.shows(204);
    here.get("/v1/me").await.refuses(401, "session_ended");
    let partner = org.partner(&["name"], &[], &["customers.read"]).await;
    partner.get("/v1/me/sessions").await.refuses(404, "not_found");
}

#[tokio::test]
async fn an_administrator_ends_a_colleagues_sessions() {
    let (org, elsewhere) = (Org::found().await, Org::found().await);
    let (admin, one, two) = (org.admin().await, org.sales_a().await, org.sales_a().await);
    let path = format!("/v1/users/{}/sessions", one.id);
    let listed = admin.get(&path).await.shows(200);
    let newest = listed.text_at("/data/0/id");
    elsewhere.admin().await.get(&path).await.refuses(404, "not_found");
    elsewhere.admin().await.act(&format!("{path}/{newest}/end")).await.refuses(404, "not_found");
    let wrong_person = format!("/v1/users/{}/sessions/{newest}/end", org.user_id("sales_b"));
    admin.act(&wrong_person).await.refuses(404, "not_found");
    org.manager().await.act(&format!("{path}/{newest}/end")).await.refuses(403, "forbidden");
    admin.act(&format!("{path}/{newest}/end")).await.shows(204);
    two.get("/v1/me").await.refuses(401, "session_ended");
    one.get("/v1/me").await.shows(200);
    admin.act(&format!("{path}/end")).await.shows(204);
    one.get("/v1/me").await.refuses(401, "session_ended");
    assert_eq!(admin.get(&path).await.shows(200).at("/data"), json!([]));
    let entries = org.auditor().await.get("/v1/audit/entries?action=sessions.end").await.shows(200);
    assert_eq!(entries.at("/data/1/details/sessions"), json!([newest]), "{entries}");
    // Who may log in still may.
    org.sales_a().await.get("/v1/me").await.shows(200);
}

#[tokio::test]
async fn a_session_that_nobody_has_is_not_found() {
    let org = Org::found().await;
    let asha = org.sales_a().await;
    let nobodys = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    asha.act(&format!("/v1/me/sessions/{nobodys}/end")).await.refuses(404, "not_found");
}
