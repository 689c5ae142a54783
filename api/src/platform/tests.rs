//! Tests of the platform pages.

#![allow(clippy::unwrap_used)]
use std::time::Duration;

use actix_web::App;
use actix_web::http::header::HeaderMap;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::{self, Data};
use chrono::DateTime;
use utoipa_actix_web::AppExt;

use super::*;
use crate::http::openapi::{complete, frame};
use crate::http::openapi_check::document_faults;
use crate::http::{Edge, fallback, transport};

async fn send(request: TestRequest) -> (u16, HeaderMap, String) {
    let edge = Data::new(Edge::new("https://c.example", 1024, Duration::from_secs(5)));
    let platform = Platform {
        jwks: Jwks::by(|| "{\"keys\":[]}".to_owned()),
        security_contact: "mailto:a@c.example".into(),
        mailbox: None,
    };
    let app = App::new()
        .into_utoipa_app()
        .openapi(frame("https://c.example"))
        .configure(configure)
        .configure(configure_document);
    let (app, document) = app.split_for_parts();
    let document = complete(document);
    assert_eq!(document_faults(&document), Vec::<String>::new());
    edge.learn_paths(&document, &[]);
    let app = app
        .app_data(edge)
        .app_data(Data::new(platform))
        .app_data(Data::new(Document::new(&document).unwrap()))
        .configure(configure_docs)
        .default_service(web::to(fallback))
        .wrap(from_fn(transport));
    let answer = call_service(&init_service(app).await, request.to_request()).await;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, String::from_utf8_lossy(&read_body(answer).await).into_owned())
}

#[actix_web::test]
async fn liveness_needs_nothing() {
    let (status, _, body) = send(TestRequest::get().uri("/health/live")).await;
    assert_eq!((status, body.as_str()), (200, "{\"status\":\"live\"}"));
}

#[actix_web::test]
async fn each_problem_has_its_page_in_both_languages() {
    let (status, headers, body) = send(TestRequest::get().uri("/problems/invalid_cursor")).await;
    assert_eq!((status, headers.get("content-type").unwrap().to_str().unwrap()), (200, "text/plain; charset=utf-8"));
    assert!(body.contains("invalid_cursor (400)") && body.contains("Invalid cursor") && body.contains("游标无效"));
    let page = TestRequest::get().uri("/problems/invalid_cursor").insert_header(("accept", "text/html,*/*;q=0.8"));
    let (_, headers, body) = send(page).await;
    assert_eq!(headers.get("content-type").unwrap(), "text/html; charset=utf-8");
    assert!(body.starts_with("<!doctype html>") && body.contains("游标无效"));
    let (_, _, all) = send(TestRequest::get().uri("/problems")).await;
    assert!(crate::http::problem_codes().all(|code| all.contains(code)));
    assert_eq!(send(TestRequest::get().uri("/problems/no_such_code")).await.0, 404);
}

#[actix_web::test]
async fn the_document_is_served_with_a_tag_that_holds() {
    let (status, headers, body) = send(TestRequest::get().uri("/openapi.json")).await;
    assert_eq!(status, 200);
    assert!(serde_json::from_str::<serde_json::Value>(&body).unwrap().get("openapi").is_some());
    let tag = headers.get("etag").unwrap().clone();
    let (status, again, body) =
        send(TestRequest::get().uri("/openapi.json").insert_header(("if-none-match", tag.clone()))).await;
    assert_eq!((status, body.as_str(), again.get("etag")), (304, "", Some(&tag)));
}

#[actix_web::test]
async fn the_documents_page_is_whole_and_asks_no_other_host() {
    assert_eq!(send(TestRequest::get().uri("/docs")).await.1.get("location").unwrap(), "/docs/index.html");
    let (status, headers, page) = send(TestRequest::get().uri("/docs/index.html")).await;
    assert_eq!(status, 200);
    let policy = headers.get("content-security-policy").unwrap().to_str().unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("http"));
    assert!(!page.contains("https://") && !page.contains("//cdn"));
    for part in page.split("src=\"").skip(1).chain(page.split("href=\"").skip(1)) {
        let name = part.split('"').next().unwrap().trim_start_matches("./");
        let (status, headers, _) = send(TestRequest::get().uri(&format!("/docs/{name}"))).await;
        assert_eq!(status, 200, "{name}");
        assert!(headers.get("content-type").is_some(), "{name}");
    }
    let (_, _, script) = send(TestRequest::get().uri("/docs/swagger-initializer.js")).await;
    for setting in ["/openapi.json", "persistAuthorization", "tryItOutEnabled"] {
        assert!(script.contains(setting), "{setting}");
    }
    assert_eq!(send(TestRequest::get().uri("/docs/../../etc/passwd")).await.0, 404);
    assert_eq!(send(TestRequest::get().uri("/docs/nothing.js")).await.0, 404);
}

#[actix_web::test]
async fn the_token_keys_are_public() {
    let (status, headers, body) = send(TestRequest::get().uri("/.well-known/jwks.json")).await;
    assert_eq!((status, body.as_str()), (200, "{\"keys\":[]}"));
    assert_eq!(headers.get("content-type").unwrap(), "application/jwk-set+json");
    assert_eq!(headers.get("cache-control").unwrap(), "public, max-age=300");
}

#[test]
fn the_contact_expires_within_a_year() {
    let now = DateTime::UNIX_EPOCH;
    let text = well_known::text("mailto:a@c.example", "https://c.example", now);
    assert_eq!(
        text,
        "Contact: mailto:a@c.example\nExpires: 1970-06-30T00:00:00Z\nPreferred-Languages: en, zh\nCanonical: https://c.example/.well-known/security.txt\n"
    );
}
