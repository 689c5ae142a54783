//! The door of somebody who was erased: it is shut from that moment on, however lately it was used, and nothing is written about them any more.

use serde_json::json;

use super::{come_in, somebody};
use crate::erasures::{certified, erase};
use crate::support::Org;

const PATH: &str = "/v1/self/privacy-requests";
const PREFERENCES: &str = "/v1/self/preferences";

#[tokio::test]
async fn a_session_that_was_just_used_reads_and_writes_nothing_of_whoever_was_erased() {
    let org = Org::found().await;
    let (customer, address) = somebody(&org).await;
    let (dpo, admin) = (org.dpo().await, org.admin().await);
    let consent = crate::consents::agreed(&dpo, &admin, &customer).await;
    let me = come_in(&org, &address, 1).await;
    let english = json!({"language": "en"});
    let words = json!({"right": "access", "jurisdiction": "EU", "words": format!("Write to {address}.")});
    let before = me.post(PATH, &words).await.shows(201).id();
    let notice = me.get("/v1/self/consents").await.shows(200).at("/data/0/notice_version");
    let erasure = erase(&dpo, &customer).await.shows(202).id();
    let correction = json!({"right": "rectification", "jurisdiction": "EU", "corrections": {"address": "2 Quay Lane"}});
    for body in [&words, &json!({"right": "objection", "jurisdiction": "EU"}), &correction] {
        me.post(PATH, body).await.refuses(401, "session_ended");
    }
    me.act(&format!("{PATH}/{before}/cancel")).await.refuses(401, "session_ended");
    me.act(&format!("/v1/self/consents/{consent}/withdraw")).await.refuses(401, "session_ended");
    let agreement = json!({"purpose": "marketing", "notice_version": notice});
    me.post("/v1/self/consents", &agreement).await.refuses(401, "session_ended");
    me.request("PUT", PREFERENCES).json(&english).header("if-match", "*").await.refuses(401, "session_ended");
    me.request("GET", PREFERENCES).header("sec-gpc", "1").await.refuses(401, "session_ended");
    let one = format!("{PATH}/{before}");
    let held = ["/v1/self/data", "/v1/self/consents", "/v1/self/access-log", "/v1/self/package"];
    for path in held.into_iter().chain([PREFERENCES, PATH, one.as_str()]) {
        me.get(path).await.refuses(401, "session_ended");
    }
    let sql = org.sql().await;
    for left in [
        "SELECT count(*) FROM privacy_requests WHERE sealed_details IS NOT NULL",
        "SELECT count(*) FROM self_preferences",
        "SELECT count(*) FROM self_sessions",
    ] {
        assert_eq!(sql.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0, "{left}");
    }
    assert_eq!(certified(&org, &dpo, &erasure).await.at("/findings"), json!([]));
}

#[tokio::test]
async fn what_is_asked_as_one_is_erased_goes_along_or_is_refused() {
    let org = Org::found().await;
    let dpo = org.dpo().await;
    for _ in 0..5 {
        let (customer, address) = somebody(&org).await;
        let me = come_in(&org, &address, 1).await;
        let words = json!({"right": "access", "jurisdiction": "EU", "words": format!("Write to {address}.")});
        let english = json!({"language": "en"});
        let (erased, asked, set) = tokio::join!(erase(&dpo, &customer), me.post(PATH, &words), async {
            me.request("PUT", PREFERENCES).json(&english).header("if-match", "*").await
        });
        erased.shows(202);
        assert!([201, 401].contains(&asked.status), "{asked}");
        assert!([200, 401].contains(&set.status), "{set}");
        let sql = org.sql().await;
        for left in [
            "SELECT count(*) FROM privacy_requests WHERE sealed_details IS NOT NULL",
            "SELECT count(*) FROM self_preferences",
        ] {
            assert_eq!(sql.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0, "{left}");
        }
    }
}
