//! Problem documents (RFC 9457): the only place where a [`DomainError`] becomes a status.

use std::fmt;

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use serde::Serialize;

use super::context::Context;
use super::fault_table::fault_text;
use super::headers::secure;
use super::locale::Lang;
use super::problem_table::{KINDS, Kind, kind};

/// The media type of every problem document.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was not answered as asked. Holds no value of the caller's; its `log` text is never answered.
pub struct Problem(Box<Inner>);

struct Inner {
    kind: &'static Kind,
    status: StatusCode,
    arg: Option<String>,
    faults: Vec<Fault>,
    headers: Vec<(HeaderName, HeaderValue)>,
    log: Option<String>,
    ready: Option<Ready>,
}

/// What only the request knows, for a problem that outlives it.
struct Ready {
    lang: Lang,
    request_id: String,
    instance: String,
    base: String,
    tls: bool,
}

/// The wire form.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    instance: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorItem<'a>>,
}

/// One line of `errors`.
#[derive(Serialize)]
struct ErrorItem<'a> {
    pointer: &'a str,
    code: &'a str,
    detail: String,
}

impl Problem {
    /// A problem of the table; a code that the table lacks is a defect of ours.
    pub fn of(code: &'static str) -> Self {
        match kind(code) {
            Some(kind) => Self::new(kind),
            None => Self::of_family(StatusCode::INTERNAL_SERVER_ERROR, code),
        }
    }

    fn new(kind: &'static Kind) -> Self {
        let status = StatusCode::from_u16(kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let inner = Inner { kind, status, arg: None, faults: Vec::new(), headers: Vec::new(), log: None, ready: None };
        Self(Box::new(inner)).with_usual_headers()
    }

    /// A code that the table lacks is answered as the first kind of its status, and told to the log.
    fn of_family(status: StatusCode, code: &'static str) -> Self {
        let found = kind(code).or_else(|| KINDS.iter().find(|kind| kind.status == status.as_u16()));
        let Some(found) = found.or_else(|| KINDS.iter().find(|kind| kind.status == 500)).or(KINDS.first()) else {
            unreachable!("the table of problems is not empty");
        };
        let mut problem = Self::new(found);
        problem.0.status = status;
        if found.code != code {
            problem.0.log = Some(format!("problem code {code} is not in the table"));
        }
        problem.with_usual_headers()
    }

    fn with_usual_headers(mut self) -> Self {
        self.0.headers.clear();
        let code = self.0.kind.code;
        match self.0.status.as_u16() {
            401 => self.with_header(header::WWW_AUTHENTICATE, challenge(code)),
            403 if code.ends_with("_budget_exhausted") => {
                self.with_header(header::LINK, HeaderValue::from_static("</v1/access-requests>; rel=\"help\""))
            }
            409 if code == "idempotency_in_progress" || code == "not_yet_placed" => {
                self.with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
            }
            429 => self.with_header(header::RETRY_AFTER, HeaderValue::from_static("60")),
            503 => self.with_header(header::RETRY_AFTER, HeaderValue::from_static("5")),
            _ => self,
        }
    }

    /// Fills the `{}` of the detail.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.0.arg = Some(arg.into());
        self
    }

    /// Lists faults under `errors`.
    #[must_use]
    pub fn faults(mut self, faults: Vec<Fault>) -> Self {
        self.0.faults = faults;
        self
    }

    /// Adds a header, replacing one of the same name.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.retain(|(known, _)| *known != name);
        self.0.headers.push((name, value));
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, seconds.into())
    }

    /// Text for the log alone; never personal data.
    #[must_use]
    pub fn log(mut self, log: impl Into<String>) -> Self {
        self.0.log = Some(log.into());
        self
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.0.kind.code
    }

    /// The faults it lists.
    pub fn listed(&self) -> &[Fault] {
        &self.0.faults
    }

    /// What fills the detail.
    pub fn argument(&self) -> Option<&str> {
        self.0.arg.as_deref()
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Settles everything that only the request knows, for a problem that is rendered without it.
    #[must_use]
    pub fn settle(mut self, context: &Context, base: &str, tls: bool) -> Self {
        self.0.ready = Some(Ready {
            lang: context.lang,
            request_id: context.request_id.clone(),
            instance: context.path().to_owned(),
            base: base.to_owned(),
            tls,
        });
        self
    }

    /// The finished document.
    pub fn render(&self, context: &Context, base: &str) -> HttpResponse {
        self.document(context.lang, &context.request_id, context.path(), base)
    }

    fn document(&self, lang: Lang, request_id: &str, instance: &str, base: &str) -> HttpResponse {
        let document = Document {
            r#type: format!("{base}/problems/{}", self.0.kind.code),
            title: self.0.kind.title.pick(lang),
            status: self.0.status.as_u16(),
            detail: self.0.kind.detail.filled(lang, self.0.arg.as_deref()),
            instance,
            code: self.0.kind.code,
            request_id,
            errors: self.0.faults.iter().map(|fault| item(fault, lang)).collect(),
        };
        let mut answer = HttpResponseBuilder::new(self.0.status);
        answer
            .insert_header((header::CONTENT_TYPE, PROBLEM_JSON))
            .insert_header((header::CONTENT_LANGUAGE, lang.tag()));
        for header in &self.0.headers {
            answer.insert_header(header.clone());
        }
        // Strings and numbers alone: this cannot fail, and if it did the status would still say enough.
        answer.body(serde_json::to_vec(&document).unwrap_or_default())
    }

    /// The document as it leaves when nothing stands between it and the socket any more.
    fn alone(&self, ready: &Ready) -> HttpResponse {
        let mut answer = self.document(ready.lang, &ready.request_id, &ready.instance, &ready.base);
        secure(answer.headers_mut(), ready.tls);
        if let Ok(id) = HeaderValue::from_str(&ready.request_id) {
            answer.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
        }
        answer.head_mut().set_connection_type(ConnectionType::Close);
        answer
    }

    /// Writes the text meant for the log, with the request's id beside it.
    pub fn tell_log(&self, context: &Context) {
        let request_id = context.request_id.as_str();
        let text = self.0.log.as_deref().unwrap_or_default();
        match self.0.kind.code {
            "integrity_error" => {
                metrics::counter!("custodian_integrity_failures_total").increment(1);
                tracing::error!(request_id, code = self.0.kind.code, "a sealed value did not open");
            }
            code if self.0.status.as_u16() == 500 => tracing::error!(request_id, code, text, "request failed"),
            code if self.0.status.as_u16() == 503 => tracing::warn!(request_id, code, text, "request refused"),
            code if !text.is_empty() => tracing::warn!(request_id, code, text, "request refused"),
            _ => {}
        }
    }
}

fn item(fault: &Fault, lang: Lang) -> ErrorItem<'_> {
    let detail = fault_text(fault.code).map(|text| text.filled(lang, fault.arg.as_deref()));
    ErrorItem { pointer: &fault.pointer, code: fault.code, detail: detail.unwrap_or_default() }
}

/// RFC 6750: no error code where no credential was sent.
fn challenge(code: &str) -> HeaderValue {
    HeaderValue::from_static(match code {
        "invalid_token" | "session_ended" => r#"Bearer realm="custodian", error="invalid_token""#,
        _ => r#"Bearer realm="custodian""#,
    })
}

impl From<DomainError> for Problem {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::NotFound => Self::of("not_found"),
            DomainError::Forbidden { permission } => Self::of("forbidden").arg(permission),
            DomainError::Refused { status, code } => Self::of_family(family(status), code),
            DomainError::RefusedAt { status, code, faults } => Self::of_family(family(status), code).faults(faults),
            DomainError::Wait { code, seconds } => {
                Self::of_family(StatusCode::TOO_MANY_REQUESTS, code).retry_after(seconds.into())
            }
            DomainError::Invalid(faults) => Self::of("invalid_body").faults(faults),
            DomainError::Taken(faults) => Self::of("duplicate_value").faults(faults),
            DomainError::Integrity => Self::of("integrity_error"),
            DomainError::AuditUnavailable => Self::of("audit_unavailable"),
            // Where the database is away, no entry can be written either.
            DomainError::Unavailable { log_as } => Self::of("audit_unavailable").log(log_as),
            aborted @ DomainError::Aborted => Self::of("internal_error").log(aborted.to_string()),
            DomainError::Internal { log_as } => Self::of("internal_error").log(log_as),
        }
    }
}

const fn family(status: RefusedAs) -> StatusCode {
    match status {
        RefusedAs::Forbidden => StatusCode::FORBIDDEN,
        RefusedAs::Conflict => StatusCode::CONFLICT,
        RefusedAs::Gone => StatusCode::GONE,
        RefusedAs::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        RefusedAs::BadRequest => StatusCode::BAD_REQUEST,
        RefusedAs::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        RefusedAs::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
        RefusedAs::Unauthorized => StatusCode::UNAUTHORIZED,
        RefusedAs::TooMany => StatusCode::TOO_MANY_REQUESTS,
        RefusedAs::Upstream => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Problem({} {}, {} faults)", self.0.status.as_u16(), self.0.kind.code, self.0.faults.len())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind.code)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    /// Complete where settled; otherwise the transport renders it again with the request at hand.
    fn error_response(&self) -> HttpResponse {
        match &self.0.ready {
            Some(ready) => self.alone(ready),
            None => HttpResponse::new(self.0.status),
        }
    }
}

/// The problem that stands for an error of the framework itself.
pub fn of_status(status: StatusCode, method: &Method) -> Problem {
    let code = match status.as_u16() {
        401 => "unauthenticated",
        403 => "forbidden",
        404 => "not_found",
        405 => "method_not_allowed",
        406 => "not_acceptable",
        408 => "request_timeout",
        413 => "body_too_large",
        414 => "uri_too_long",
        415 => "unsupported_media_type",
        431 => "headers_too_large",
        503 => "unavailable",
        400..=499 => "bad_request",
        _ => "internal_error",
    };
    let problem = Problem::of(code);
    if code == "internal_error" {
        return problem.log(format!("{method} answered {status} without a problem document"));
    }
    problem
}

#[cfg(test)]
#[path = "problem_tests.rs"]
mod tests;
