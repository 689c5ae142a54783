//! Languages: titles and details follow `Accept-Language`, codes never.

use serde_json::json;

use crate::support::{Org, shared};

#[tokio::test]
async fn a_problem_speaks_the_language_asked_for() {
    let stranger = shared().stranger();
    let english = stranger.get("/v1/customers").await.refuses(401, "unauthenticated");
    assert_eq!(
        (english.text_at("/title"), english.sent("content-language")),
        ("Authentication required".into(), "en".into())
    );
    for (asked, tag) in [
        ("zh-CN", "zh-CN"),
        ("zh", "zh-CN"),
        ("fr, zh;q=0.5", "zh-CN"),
        ("en;q=0.1, zh;q=0.9", "zh-CN"),
        ("fr", "en"),
        ("zh;q=0, en", "en"),
        (",;q=x", "en"),
    ] {
        let answer =
            stranger.get("/v1/customers").header("accept-language", asked).await.refuses(401, "unauthenticated");
        assert_eq!(answer.sent("content-language"), tag, "{asked}");
        assert_eq!(answer.text_at("/title").is_ascii(), tag == "en", "{answer}");
        assert_eq!(answer.text_at("/detail").is_ascii(), tag == "en", "{answer}");
    }
}

#[tokio::test]
async fn every_fault_speaks_it_too() {
    let asha = Org::found().await.sales_a().await;
    let body = json!({"fields": {"mobile": "123"}, "x": 1});
    let chinese =
        asha.post("/v1/customers", &body).header("accept-language", "zh-CN").await.refuses(422, "invalid_body");
    let english = asha.post("/v1/customers", &body).await.refuses(422, "invalid_body");
    assert_eq!(chinese.faults(), english.faults());
    for fault in chinese.at("/errors").as_array().unwrap() {
        assert!(!fault["detail"].as_str().unwrap().is_ascii(), "{chinese}");
    }
}

#[tokio::test]
async fn labels_speak_it() {
    let admin = Org::found().await.admin().await;
    for path in ["/v1/roles", "/v1/record-types/customer/fields"] {
        let (english, chinese) =
            (admin.get(path).await.shows(200), admin.get(path).header("accept-language", "zh-CN").await.shows(200));
        assert!(english.text_at("/data/0/label").is_ascii() && !chinese.text_at("/data/0/label").is_ascii(), "{path}");
    }
}
