//! Tests of problem documents.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use std::path::Path;
use std::time::Duration;

use actix_web::body::to_bytes;
use serde_json::{Value, json};

use super::*;
use crate::http::problem_table::problem_codes;

fn context(lang: Lang) -> Context {
    let uri = "/v1/customers/1?q[mobile]=13812345678".parse().unwrap();
    Context::new("request-1".to_owned(), lang, Method::GET, uri, Duration::from_secs(1))
}

async fn rendered(problem: &Problem, lang: Lang) -> (HttpResponse, Value) {
    let (head, body) = problem.render(&context(lang), "https://c.example").into_parts();
    let body = serde_json::from_slice(&to_bytes(body).await.unwrap()).unwrap();
    (head.set_body(actix_web::body::BoxBody::new(())), body)
}

#[actix_web::test]
async fn is_a_document_of_rfc_9457_in_the_callers_language() {
    let faults = vec![Fault::new("/fields/name", "too_long").with_arg("100"), Fault::new("/stage", "required")];
    let problem = Problem::from(DomainError::Invalid(faults));
    let (answer, body) = rendered(&problem, Lang::Zh).await;
    assert_eq!(answer.status(), 422);
    assert_eq!(answer.headers().get("content-type").unwrap(), "application/problem+json");
    assert_eq!(answer.headers().get("content-language").unwrap(), "zh-CN");
    let errors = json!([
        {"pointer": "/fields/name", "code": "too_long", "detail": "最多 100 个字符。"},
        {"pointer": "/stage", "code": "required", "detail": "此项必填。"},
    ]);
    assert_eq!(
        body,
        json!({
            "type": "https://c.example/problems/invalid_body", "title": "请求体无效", "status": 422,
            "detail": "请求体存在错误，errors 列出了全部错误。", "instance": "/v1/customers/1", "code": "invalid_body",
            "request_id": "request-1", "errors": errors,
        })
    );
    let (_, body) = rendered(&problem, Lang::En).await;
    assert_eq!(body["title"], "Invalid body");
}

#[actix_web::test]
async fn every_error_below_has_its_status_and_code() {
    let refused = |status, code| DomainError::Refused { status, code };
    for (error, status, code) in [
        (DomainError::NotFound, 404, "not_found"),
        (DomainError::Forbidden { permission: "customers.write" }, 403, "forbidden"),
        (DomainError::Invalid(Vec::new()), 422, "invalid_body"),
        (DomainError::Integrity, 500, "integrity_error"),
        (DomainError::AuditUnavailable, 503, "audit_unavailable"),
        (DomainError::unavailable("secret"), 503, "audit_unavailable"),
        (DomainError::internal("secret"), 500, "internal_error"),
        (refused(RefusedAs::Forbidden, "purpose_required"), 403, "purpose_required"),
        (refused(RefusedAs::Conflict, "duplicate_value"), 409, "duplicate_value"),
        (refused(RefusedAs::Gone, "erased"), 410, "erased"),
        (refused(RefusedAs::Unprocessable, "not_searchable"), 422, "not_searchable"),
        (refused(RefusedAs::BadRequest, "invalid_cursor"), 400, "invalid_cursor"),
        (refused(RefusedAs::PreconditionFailed, "precondition_failed"), 412, "precondition_failed"),
        (refused(RefusedAs::PreconditionRequired, "precondition_required"), 428, "precondition_required"),
        (refused(RefusedAs::Unauthorized, "session_ended"), 401, "session_ended"),
        (refused(RefusedAs::TooMany, "too_many_attempts"), 429, "too_many_attempts"),
        // The family decides where a code stands in the table under another status, and where it stands nowhere.
        (refused(RefusedAs::Unprocessable, "conflict"), 422, "conflict"),
        (refused(RefusedAs::Conflict, "no_such_code"), 409, "conflict"),
    ] {
        let (answer, body) = rendered(&Problem::from(error), Lang::En).await;
        assert_eq!((answer.status().as_u16(), body["code"].as_str().unwrap()), (status, code));
        assert_eq!(body["status"], status);
        assert!(!body.to_string().contains("secret"));
    }
}

#[actix_web::test]
async fn headers_say_what_to_do_next() {
    for (code, header, value) in [
        ("unauthenticated", "www-authenticate", "Bearer realm=\"custodian\""),
        ("invalid_token", "www-authenticate", "Bearer realm=\"custodian\", error=\"invalid_token\""),
        ("rate_limited", "retry-after", "60"),
        ("audit_unavailable", "retry-after", "5"),
        ("idempotency_in_progress", "retry-after", "1"),
    ] {
        let (answer, _) = rendered(&Problem::of(code), Lang::En).await;
        assert_eq!(answer.headers().get(header).unwrap(), value, "{code}");
    }
    let (answer, _) = rendered(&Problem::of("rate_limited").retry_after(7), Lang::En).await;
    assert_eq!(answer.headers().get("retry-after").unwrap(), "7");
}

#[actix_web::test]
async fn a_missing_permission_is_named() {
    let (_, body) = rendered(&DomainError::Forbidden { permission: "audit.read" }.into(), Lang::En).await;
    assert_eq!(body["detail"], "This needs the permission audit.read.");
}

#[test]
fn every_status_of_the_framework_has_a_problem() {
    for status in [400, 401, 403, 404, 405, 406, 408, 413, 414, 415, 431, 500, 503] {
        assert_eq!(of_status(StatusCode::from_u16(status).unwrap(), &Method::GET).status().as_u16(), status);
    }
    assert_eq!(of_status(StatusCode::IM_A_TEAPOT, &Method::GET).code(), "bad_request");
    assert_eq!(of_status(StatusCode::BAD_GATEWAY, &Method::GET).code(), "internal_error");
}

#[test]
fn every_code_in_the_sources_is_in_a_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    for folder in ["src", "../crates/domain/src", "../crates/application/src"] {
        collect(&root.join(folder), &mut sources);
    }
    let (mut seen, mut strangers) = (0, Vec::new());
    for (path, text) in &sources {
        for (marker, is_fault) in
            [("Problem::of(", false), ("RefusedAs::", false), ("Fault::new(", true), ("DomainError::invalid(", true)]
        {
            for code in codes_after(text, marker) {
                let known =
                    if is_fault { fault_text(&code).is_some() } else { problem_codes().any(|known| known == code) };
                // Another status than the table's would contradict the page that describes the code.
                let family = text.contains(&format!("{code}\"")) && marker == "RefusedAs::";
                if !known || (family && !statuses_agree(text, &code)) {
                    strangers.push(format!("{}: {marker} names {code}", path.display()));
                }
                seen += 1;
            }
        }
    }
    assert!(strangers.is_empty(), "in no table: {strangers:#?}");
    assert!(seen > 60, "the sources were not found: {seen} codes");
}

/// Whether every refusal of this code names the family of the table's status.
fn statuses_agree(text: &str, code: &str) -> bool {
    let families = [
        ("Forbidden", 403),
        ("Conflict", 409),
        ("Gone", 410),
        ("Unprocessable", 422),
        ("BadRequest", 400),
        ("PreconditionFailed", 412),
        ("PreconditionRequired", 428),
        ("Unauthorized", 401),
        ("TooMany", 429),
    ];
    let named = |family: &str| text.contains(&format!("RefusedAs::{family}, \"{code}\""));
    let status = kind(code).map(|kind| kind.status);
    families.iter().all(|(family, family_status)| !named(family) || status == Some(*family_status))
}

fn collect(folder: &Path, sources: &mut Vec<(std::path::PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let test = path.to_str().is_some_and(|name| name.contains("test"));
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|kind| kind == "rs") && !test {
            let text = std::fs::read_to_string(&path).unwrap();
            // Test modules name codes that do not exist.
            let own = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
            sources.push((path, own));
        }
    }
}

/// The last text in quotes of each call that the marker begins, where it reads like a code.
fn codes_after(text: &str, marker: &str) -> Vec<String> {
    let mut codes = Vec::new();
    for rest in text.split(marker).skip(1) {
        let end = end_of_call(rest);
        let quoted: Vec<_> = rest[..end].split('"').skip(1).step_by(2).collect();
        let code =
            quoted.last().filter(|code| code.len() > 2 && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        codes.extend(code.map(|code| (*code).to_owned()));
    }
    codes
}

/// Where the call that `rest` stands in ends: at its own closing parenthesis, not at one of a call inside it.
fn end_of_call(rest: &str) -> usize {
    let mut depth = 1_usize;
    for (at, character) in rest.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ';' => return at,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}
