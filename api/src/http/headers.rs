//! Headers that every answer carries, and the answers to browsers of other origins.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, HttpResponseBuilder};

use super::edge::Edge;

const EXPOSED: &str =
    "Audit-Id, ETag, Location, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy, Idempotent-Replayed";
const ALLOWED: &str = "Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, \
                       Last-Event-ID, Processing-Purpose, Sec-GPC, Traceparent, X-API-Key, X-Request-Id";

/// Forbids caching, sniffing, referrers and framing. What a handler set itself stays.
pub fn secure(headers: &mut HeaderMap, tls: bool) {
    set(headers, header::CACHE_CONTROL, "no-store");
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::REFERRER_POLICY, "no-referrer");
    set(headers, header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    if tls {
        set(headers, header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// The origin of a browser that may call, word for word as configured.
pub fn allowed_origin(edge: &Edge, headers: &HeaderMap) -> Option<HeaderValue> {
    // Most installations have none: then nothing is looked up.
    if edge.cors_origins.is_empty() {
        return None;
    }
    let origin = headers.get(header::ORIGIN)?;
    edge.cors_origins.iter().any(|known| known.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

/// Whether any page may read the answer: what a form shows and says is for anybody, and the form itself refuses pages of other origins.
pub fn is_open(method: &Method, path: &str) -> bool {
    let of_form = |last: &str| {
        let middle = path.strip_prefix("/v1/forms/").and_then(|rest| rest.strip_suffix(last));
        middle.is_some_and(|id| id.len() == 36 && !id.contains('/'))
    };
    match *method {
        Method::GET | Method::HEAD => of_form("/schema"),
        Method::POST => of_form("/tokens") || of_form("/submissions"),
        _ => false,
    }
}

/// Opens such an answer. No credential travels to it by itself.
pub fn open(method: &Method, path: &str, headers: &mut HeaderMap) {
    if is_open(method, path) && !headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After, X-Request-Id"));
    }
}

/// The answer to a preflight of any page about what is open to any page: no credential may come with the call.
fn open_preflight(path: &str, headers: &HeaderMap) -> Option<HttpResponse> {
    let asked = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
    let method = Method::from_bytes(asked.as_bytes()).ok().filter(|method| is_open(method, path))?;
    let mut answer = HttpResponseBuilder::new(StatusCode::NO_CONTENT);
    answer
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, method.as_str()))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "Accept-Language, Content-Type, X-Request-Id"))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"));
    Some(answer.finish())
}

/// The answer to a preflight of an allowed origin. Credentials travel in headers, so that cookies are never allowed.
pub fn preflight(edge: &Edge, method: &Method, path: &str, headers: &HeaderMap) -> Option<HttpResponse> {
    if method != Method::OPTIONS || !headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    if let Some(open) = open_preflight(path, headers) {
        return Some(open);
    }
    allowed_origin(edge, headers)?;
    let methods = edge.allowed(path)?;
    let mut answer = HttpResponseBuilder::new(StatusCode::NO_CONTENT);
    answer
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"));
    Some(answer.finish())
}

/// Opens an answer to the origin that asked.
pub fn share(edge: &Edge, origin: Option<HeaderValue>, headers: &mut HeaderMap) {
    if edge.cors_origins.is_empty() {
        return;
    }
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}
