//! The pages that problems point at.

use custodian_api::http::KINDS;

use crate::support::shared;

#[tokio::test]
async fn the_type_of_every_problem_is_a_page_that_explains_it() {
    let stranger = shared().stranger();
    for kind in KINDS {
        let page = stranger.get(&format!("/problems/{}", kind.code)).await.shows(200);
        assert!(
            page.text().contains(kind.code)
                && page.text().contains(kind.title.en)
                && page.text().contains(kind.title.zh),
            "{page}"
        );
        let html = stranger.get(&format!("/problems/{}", kind.code)).header("accept", "text/html").await.shows(200);
        assert!(html.sent("content-type").starts_with("text/html"), "{html}");
    }
    stranger.get("/problems/no_such_code").await.refuses(404, "not_found");
    let all = stranger.get("/problems").await.shows(200);
    assert!(KINDS.iter().all(|kind| all.text().contains(kind.code)), "{all}");
}

#[tokio::test]
async fn the_type_that_an_answer_names_is_served_there() {
    let answer = shared().stranger().get("/v1/customers").await.refuses(401, "unauthenticated");
    let kind = answer.text_at("/type");
    let path = kind.strip_prefix(&shared().base_url).unwrap();
    assert!(shared().stranger().get(path).await.shows(200).text().contains("unauthenticated"));
}

#[tokio::test]
async fn a_stranger_is_told_how_to_say_who_it_is() {
    let stranger = shared().stranger();
    let answer = stranger.get("/v1/customers").await.refuses(401, "unauthenticated");
    assert_eq!(answer.sent("www-authenticate"), r#"Bearer realm="custodian""#);
    let answer = stranger.get("/v1/customers").header("authorization", "Bearer x").await.refuses(401, "invalid_token");
    assert_eq!(answer.sent("www-authenticate"), r#"Bearer realm="custodian", error="invalid_token""#);
}
