//! One line in the log and one sample in the metrics per request; the id that ties both to the answer.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Instant;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use metrics::{Gauge, Histogram};
use uuid::Uuid;

use super::context::Context;

/// The histogram's name.
pub const REQUEST_SECONDS: &str = "custodian_http_request_seconds";
/// The gauge's name.
pub const IN_FLIGHT: &str = "custodian_http_requests_in_flight";
/// The most bytes of a field in the log.
const FIELD: usize = 256;

/// The request's id: the caller's if it is a UUID or 8 to 64 of `[A-Za-z0-9._-]`, otherwise a new UUIDv7.
#[expect(
    clippy::disallowed_methods,
    reason = "names the request for people reading logs; nothing is decided or stored by it"
)]
pub fn request_id(headers: &HeaderMap) -> String {
    let sent = headers.get("x-request-id").and_then(|value| value.to_str().ok());
    let usable = |id: &&str| {
        (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    };
    sent.filter(usable).map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// Answers the request's id.
pub fn write_request_id(context: &Context, headers: &mut HeaderMap) {
    if let Ok(value) = HeaderValue::from_str(&context.request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
}

/// The trace id of a W3C `traceparent`; nothing for a malformed one, whose sender is then not followed.
pub fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let parent = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = parent.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let known = hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
    let usable = known && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    let zero = |text: &str| text.bytes().all(|b| b == b'0');
    (usable && !zero(trace) && !zero(span)).then_some(trace)
}

/// A request under way, counted until it is dropped, however it ends.
#[derive(Debug)]
pub struct InFlight(());

static GAUGE: LazyLock<Gauge> = LazyLock::new(|| metrics::gauge!(IN_FLIGHT));

impl InFlight {
    /// Counts one request more.
    pub fn begin() -> Self {
        GAUGE.increment(1);
        Self(())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        GAUGE.decrement(1);
    }
}

/// Writes the line and the sample. `route` is the pattern, never the path: a path holds ids, a label must not.
pub fn finish(context: &Context, route: &str, status: StatusCode, now: Instant) {
    let seconds = now.saturating_duration_since(context.started).as_secs_f64();
    sample(&context.method, route, status, seconds);
    let caller = context.call().map_or("none", |call| call.identity.caller.actor_kind());
    tracing::info!(
        target: "custodian::http",
        method = %printable(context.method.as_str()),
        route = %printable(route),
        status = status.as_u16(),
        duration_ms = (seconds * 1e6).round() / 1e3,
        request_id = %context.request_id,
        caller,
        "request"
    );
}

/// At most 256 bytes, with control characters and those that turn the direction of text escaped.
fn printable(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= FIELD && text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return text.into();
    }
    let mut shown = String::new();
    for character in text.chars() {
        let escaped = character.escape_debug().to_string();
        if shown.len() + escaped.len() > FIELD {
            break;
        }
        shown.push_str(&escaped);
    }
    shown.into()
}

type Samples = HashMap<String, Vec<(Method, StatusCode, Histogram)>>;

thread_local! {
    /// Handles of this worker: looking one up costs no allocation, registering one does.
    static SAMPLES: RefCell<Samples> = RefCell::default();
}

fn sample(method: &Method, route: &str, status: StatusCode, seconds: f64) {
    SAMPLES.with_borrow_mut(|samples| {
        if let Some(known) = samples.get(route)
            && let Some((.., histogram)) = known.iter().find(|(m, s, _)| m == method && *s == status)
        {
            return histogram.record(seconds);
        }
        let histogram = register(method, route, status);
        histogram.record(seconds);
        samples.entry(route.to_owned()).or_default().push((method.clone(), status, histogram));
    });
}

fn register(method: &Method, route: &str, status: StatusCode) -> Histogram {
    // A caller may invent methods; the metrics know the usual ones.
    let method = match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let status = status.as_u16().to_string();
    metrics::histogram!(REQUEST_SECONDS, "method" => method, "route" => route.to_owned(), "status" => status)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn takes_a_plain_id_and_makes_one_otherwise() {
        for id in ["0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "build.42_a-b"] {
            assert_eq!(request_id(&headers("x-request-id", id)), id);
        }
        for id in ["short", "has space", "${jndi:ldap://x}", &"x".repeat(65), "a\tbcdefgh"] {
            let made = request_id(&headers("x-request-id", id));
            assert_eq!(made.parse::<Uuid>().unwrap().get_version_num(), 7, "{id}");
        }
    }

    #[test]
    fn follows_a_well_formed_trace_alone() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(trace_id(&headers("traceparent", good)), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        for bad in [
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
            "00-4bf9-00f067aa0ba902b7-01",
            "",
        ] {
            assert_eq!(trace_id(&headers("traceparent", bad)), None, "{bad}");
        }
    }

    #[test]
    fn fields_are_escaped_and_cut() {
        assert_eq!(printable("/v1/customers/{id}"), "/v1/customers/{id}");
        assert_eq!(printable("a\r\nb\u{1b}[31m\u{202e}"), "a\\r\\nb\\u{1b}[31m\\u{202e}");
        assert!(printable(&"张".repeat(1000)).len() <= FIELD);
    }
}
