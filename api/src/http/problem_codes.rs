//! Which problem codes an operation may answer: those of its shape, and those of its own.

use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Ref, RefOr, Response};

use super::problem_own_codes::OWN_CODES;
use super::problem_table::{KINDS, Kind};

/// The extension of an operation that lists its codes for programs.
pub const EXTENSION: &str = "x-problem-codes";

/// Whatever is asked: the transport, the database and our own mistakes know no operation.
const ALWAYS: &[&str] = &[
    "bad_request",
    "not_acceptable",
    "request_timeout",
    "uri_too_long",
    "headers_too_large",
    "rate_limited",
    "internal_error",
    "unavailable",
];
const KNOWN_CALLER: &[&str] = &[
    "two_credentials",
    "invalid_purpose",
    "unauthenticated",
    "invalid_token",
    "session_ended",
    "invalid_api_key",
    "mfa_required",
    "forbidden",
    "mfa_enrolment_required",
    "purpose_required",
    "purpose_not_allowed",
    "unknown_purpose",
    "withdrawal_unacknowledged",
    "ip_not_allowed",
    "quota_exhausted",
    "integrity_error",
    "audit_unavailable",
];
const QUERY: &[&str] = &["invalid_query", "unknown_parameter"];
const PAGED: &[&str] = &["invalid_cursor"];
const ONE_THING: &[&str] = &["invalid_id", "not_found"];
/// Routes about one customer, who may be gone for good.
pub const OF_CUSTOMER: &str = "/v1/customers/{id}";
/// Routes about one record of a customer, which goes with them.
pub const OF_RECORD: &str = "/v1/records/{type}/{id}";
const ERASABLE: &[&str] = &["erased"];
const BODY: &[&str] =
    &["body_too_large", "unsupported_media_type", "unsupported_content_encoding", "invalid_body", "unknown_field"];
const JSON_BODY: &[&str] = &["malformed_json", "duplicate_key", "too_deep"];
const FORM_BODY: &[&str] = &["malformed_multipart"];
const RETRIED: &[&str] =
    &["idempotency_key_invalid", "idempotency_in_progress", "idempotency_result_withheld", "idempotency_key_reused"];
const VERSIONED: &[&str] = &["precondition_failed", "precondition_required"];

/// Says in the operation which codes it answers with, status by status, and in [`EXTENSION`] all of them.
pub fn declare(path: &str, method: &str, operation: &mut Operation) {
    let kinds = kinds_of(path, method, operation);
    let responses = &mut operation.responses.responses;
    responses.retain(|status, _| !status.starts_with(['4', '5']));
    let mut rest = kinds.as_slice();
    while let Some(first) = rest.first() {
        let (these, others) = rest.split_at(rest.iter().take_while(|kind| kind.status == first.status).count());
        let codes: Vec<_> = these.iter().map(|kind| format!("`{}`", kind.code)).collect();
        let mut reference = Ref::from_response_name(format!("Problem{}", first.status));
        reference.description = format!("Problem: {}.", codes.join(", "));
        responses.insert(first.status.to_string(), RefOr::Ref(reference));
        rest = others;
    }
    let codes: Vec<_> = kinds.iter().map(|kind| kind.code).collect();
    if path.starts_with(OF_CUSTOMER) {
        let status = if method.eq_ignore_ascii_case("get") { "301" } else { "308" };
        let place = "The customer is another by now; `Location` says where.";
        operation.responses.responses.insert(status.to_owned(), RefOr::T(Response::new(place)));
    }
    operation.extensions.get_or_insert_default().insert(EXTENSION.to_owned(), codes.into());
}

/// In the table's order, which is the statuses'.
fn kinds_of(path: &str, method: &str, operation: &Operation) -> Vec<&'static Kind> {
    let codes = codes_of(path, method, operation);
    KINDS.iter().filter(|kind| codes.contains(&kind.code)).collect()
}

fn codes_of(path: &str, method: &str, operation: &Operation) -> Vec<&'static str> {
    let answers = |status: &str| operation.responses.responses.contains_key(status);
    let open = operation.security.as_deref() == Some(&[SecurityRequirement::default()]);
    let parameters = || {
        operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter),
            RefOr::Ref(_) => None,
        })
    };
    let has = |place: &ParameterIn| parameters().any(|parameter| parameter.parameter_in == *place);
    let media = |part: &str| {
        let Some(RefOr::T(body)) = &operation.request_body else { return false };
        body.content.keys().any(|media| media.contains(part))
    };
    let own = OWN_CODES.iter().filter(|(id, _)| Some(*id) == operation.operation_id.as_deref());
    let shapes = [
        (true, ALWAYS),
        (!open && answers("401"), KNOWN_CALLER),
        (has(&ParameterIn::Query) || (!open && method == "GET"), QUERY),
        (parameters().any(|parameter| parameter.name == "cursor"), PAGED),
        (has(&ParameterIn::Path), ONE_THING),
        (path.starts_with(OF_CUSTOMER) || path.starts_with(OF_RECORD), ERASABLE),
        (operation.request_body.is_some(), BODY),
        (media("json"), JSON_BODY),
        (media("multipart"), FORM_BODY),
        (method == "POST" && !open && answers("409"), RETRIED),
        (answers("428"), VERSIONED),
    ];
    let shared = shapes.into_iter().filter(|(fits, _)| *fits).flat_map(|(_, codes)| codes.iter().copied());
    shared.chain(own.flat_map(|(_, codes)| codes.iter().copied())).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_code_named_here_is_in_the_table() {
        let shared =
            [ALWAYS, KNOWN_CALLER, QUERY, PAGED, ONE_THING, ERASABLE, BODY, JSON_BODY, FORM_BODY, RETRIED, VERSIONED];
        let own = OWN_CODES.iter().map(|(_, codes)| *codes);
        for code in shared.into_iter().chain(own).flatten() {
            assert!(KINDS.iter().any(|kind| kind.code == *code), "{code}");
        }
    }

    #[test]
    fn every_operation_named_here_is_one_and_is_named_once() {
        let document = crate::server::document("http://127.0.0.1");
        let all = document.paths.paths.values().flat_map(|item| {
            [&item.get, &item.put, &item.post, &item.patch, &item.delete]
                .map(|one| one.as_ref()?.operation_id.as_deref())
        });
        let known: Vec<&str> = all.into_iter().flatten().collect();
        for (id, _) in OWN_CODES {
            assert!(known.contains(id), "{id} is no operation");
        }
        assert!(OWN_CODES.is_sorted_by(|(one, _), (next, _)| one < next));
    }

    #[test]
    fn the_table_stands_in_the_order_of_its_statuses() {
        assert!(KINDS.is_sorted_by_key(|kind| kind.status));
    }
}
