//! What requests and answers of both protocols have in common: the partner's token, bodies, and refusals in each protocol's own shape.

use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use custodian_application::App;
use custodian_application::rights_protocols::{RightsPartner, authenticate};
use custodian_domain::kernel::{DomainError, Fault, RefusedAs};
use custodian_domain::rights_protocols::Protocol;
use serde_json::{Value, json};

use crate::http::{Context, Edge, OwnShape, Problem, fault_text};

/// A refusal, before it is written in a protocol's shape.
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// A stable code of ours.
    pub code: &'static str,
    /// The places that are faulty.
    pub faults: Vec<Fault>,
}

impl Refusal {
    /// A refusal without places.
    pub const fn of(status: StatusCode, code: &'static str) -> Self {
        Self { status, code, faults: Vec::new() }
    }

    /// In words. Never a value of what was sent.
    fn message(&self) -> &'static str {
        match self.code {
            "invalid_token" | "unauthenticated" => "The credential is missing or not in force.",
            "invalid_signature" => "The signature is missing, or not by the key on file.",
            "wrong_agent" => "The request is not this agent's.",
            "wrong_business" => "The message is meant for another business.",
            "not_yet_in_force" => "The message was issued in the future.",
            "message_expired" => "The message has expired.",
            "message_replayed" => "The message was taken before.",
            "unsupported_right" => "Unsupported rights actions submitted.",
            "unsupported_regime" => "Unsupported legal regime.",
            "request_exists" => "A request of this id was submitted before.",
            "request_not_pending" => "Only a pending request can be cancelled.",
            "request_closed" => "The request has been answered or taken back.",
            "not_found" => "There is no such request.",
            "malformed_message" => "The message is not base64 of a signature and a JSON object.",
            "unsupported_media_type" => "The media type is not taken here.",
            "rate_limited" => "Too many requests.",
            "invalid_body" => "The request is faulty.",
            _ if self.status.is_server_error() => "The service cannot answer for now.",
            _ => "The request was refused.",
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let status = match problem.status() {
            StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
            other => other,
        };
        Self::of(status, problem.code())
    }
}

impl From<DomainError> for Refusal {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::NotFound => Self::of(StatusCode::NOT_FOUND, "not_found"),
            DomainError::Refused { status, code } => Self::of(status_of(status), code),
            DomainError::RefusedAt { status, code, faults } => Self { faults, ..Self::of(status_of(status), code) },
            DomainError::Invalid(faults) => Self { faults, ..Self::of(StatusCode::BAD_REQUEST, "invalid_body") },
            other => {
                tracing::error!(error = %other, "a partner's request failed");
                Problem::from(other).into()
            }
        }
    }
}

const fn status_of(status: RefusedAs) -> StatusCode {
    match status {
        RefusedAs::Forbidden => StatusCode::FORBIDDEN,
        RefusedAs::Unauthorized => StatusCode::UNAUTHORIZED,
        RefusedAs::Conflict => StatusCode::CONFLICT,
        RefusedAs::TooMany => StatusCode::TOO_MANY_REQUESTS,
        RefusedAs::Gone => StatusCode::GONE,
        RefusedAs::Upstream => StatusCode::SERVICE_UNAVAILABLE,
        RefusedAs::Unprocessable
        | RefusedAs::BadRequest
        | RefusedAs::PreconditionFailed
        | RefusedAs::PreconditionRequired => StatusCode::BAD_REQUEST,
    }
}

/// OpenDSR's error (sections 7.5 and 7.6): what is wrong with a request is always 400.
pub fn opendsr_error(refusal: &Refusal) -> HttpResponse {
    let status = match refusal.status {
        StatusCode::CONFLICT | StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::GONE => StatusCode::BAD_REQUEST,
        other => other,
    };
    let fault = |fault: &Fault| {
        let text = fault_text(fault.code).map_or(fault.code, |text| text.en);
        let text = text.replace("{}", fault.arg.as_deref().unwrap_or_default());
        let place = fault.pointer.trim_start_matches('/').replace('/', ".");
        json!({"domain": "Validation", "reason": fault.code, "message": format!("{place}: {text}")})
    };
    let mut errors: Vec<Value> = refusal.faults.iter().map(fault).collect();
    if errors.is_empty() {
        errors.push(json!({"domain": "Request", "reason": refusal.code, "message": refusal.message()}));
    }
    let body = json!({"error": {"code": status.as_u16(), "message": refusal.message(), "errors": errors}});
    own(status, refusal.code, Some(&body))
}

/// The Data Rights Protocol's error (section 3.06). What ends with the message itself is fatal: it is not to be sent again.
pub fn drp_error(refusal: &Refusal) -> HttpResponse {
    let mut message = refusal.message().to_owned();
    for fault in &refusal.faults {
        let text = fault_text(fault.code).map_or(fault.code, |text| text.en);
        let text = text.replace("{}", fault.arg.as_deref().unwrap_or_default());
        message.push_str(&format!(" {}: {text}", fault.pointer.trim_start_matches('/')));
    }
    let mut body = json!({"code": refusal.status.as_u16().to_string(), "message": message});
    if let (Some(members), "message_expired" | "message_replayed") = (body.as_object_mut(), refusal.code) {
        members.insert("fatal".to_owned(), json!(true));
    }
    own(refusal.status, refusal.code, Some(&body))
}

/// What went well, as JSON.
pub fn done(body: &Value) -> HttpResponse {
    own(StatusCode::OK, "", Some(body))
}

/// An answer that stays as it is, whatever its status; the code names a refusal in the audit log.
pub fn own(status: StatusCode, code: &'static str, body: Option<&Value>) -> HttpResponse {
    let mut answer = HttpResponseBuilder::new(status);
    if status == StatusCode::UNAUTHORIZED {
        answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
    }
    let mut answer = match body {
        Some(body) => answer.insert_header((CONTENT_TYPE, "application/json")).body(body.to_string()),
        None => answer.finish(),
    };
    answer.extensions_mut().insert(OwnShape(code));
    answer
}

/// The one token of a request: a bearer, or the password of HTTP Basic, as some controllers send it.
fn token(headers: &HeaderMap) -> Option<String> {
    let mut all = headers.get_all(AUTHORIZATION);
    let (scheme, text) = all.next()?.to_str().ok()?.split_once(' ')?;
    if all.next().is_some() || headers.contains_key("x-api-key") {
        return None;
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let pair = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
        return pair.split_once(':').map(|(_, password)| password.to_owned());
    }
    scheme.eq_ignore_ascii_case("bearer").then(|| text.trim().to_owned())
}

/// The partner that calls, known to the transport from here on; counted against its minute.
pub async fn partner(req: &HttpRequest, app: &App, edge: &Edge, protocol: Protocol) -> Result<RightsPartner, Refusal> {
    let token = token(req.headers()).ok_or(Refusal::of(StatusCode::UNAUTHORIZED, "unauthenticated"))?;
    let context = Context::of(req);
    let by = authenticate(app, protocol, &token, &context.request_id).await?;
    known(&context, edge, &by)?;
    Ok(by)
}

/// Lets the transport know who calls.
pub fn known(context: &Context, edge: &Edge, by: &RightsPartner) -> Result<(), Refusal> {
    context.set_call(by.call.clone());
    if let Some(quota) = edge.rate.take(by.row.id, Instant::now()) {
        context.set_quota(quota);
        quota.check()?;
    }
    Ok(())
}

/// A member that is text.
pub fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// A member that lists texts; what is none is left out.
pub fn texts(value: &Value, name: &str) -> Vec<String> {
    let all = value.get(name).and_then(Value::as_array);
    all.into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}
