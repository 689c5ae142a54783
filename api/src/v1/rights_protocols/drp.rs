//! The Data Rights Protocol 1.0: signed messages in, statuses out.

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use custodian_application::App;
use custodian_application::rights_protocols::drp::{self, Message, Sent};
use custodian_application::rights_protocols::{RightsPartner, find_agent};
use custodian_domain::kernel::Fault;
use custodian_domain::rights_protocols::Protocol;
use custodian_domain::rights_protocols::drp::{Claims, moment};
use serde_json::{Value, json};

use super::wire::{Refusal, done, drp_error, known, own, partner, text};
use crate::http::{Context, Edge, read_json};

/// Bytes of a signature that stands before its message.
const SIGNATURE: usize = 64;

/// Exercises a right (section 2.01).
pub async fn exercise(req: HttpRequest, app: Data<App>, edge: Data<Edge>, body: Bytes) -> HttpResponse {
    answered(exercised(&req, &app, &edge, &body).await)
}

/// Where a request stands (section 2.02).
pub async fn show(req: HttpRequest, app: Data<App>, edge: Data<Edge>, id: Path<String>) -> HttpResponse {
    let shown = async {
        let by = partner(&req, &app, &edge, Protocol::Drp).await?;
        Ok(drp::status(&app, &by, &id).await?)
    };
    answered(shown.await)
}

/// Takes a request back (section 2.04).
pub async fn revoke(req: HttpRequest, app: Data<App>, edge: Data<Edge>, id: Path<String>, body: Bytes) -> HttpResponse {
    let revoked = async {
        let by = partner(&req, &app, &edge, Protocol::Drp).await?;
        let signed = decoded(&req, &body)?;
        let said = opened(&app, &by, &signed)?;
        let message = message(&said, &signed);
        Ok(drp::revoke(&app, &by, &message, &id).await?)
    };
    answered(revoked.await)
}

/// Gives an agent its token (section 2.05). Whatever does not hold is refused alike, and without a word.
pub async fn set_up(req: HttpRequest, app: Data<App>, edge: Data<Edge>, id: Path<String>, body: Bytes) -> HttpResponse {
    match set_up_by(&req, &app, &edge, &id, &body).await {
        Ok(body) => done(&body),
        Err(refusal) if refusal.status.is_server_error() => drp_error(&refusal),
        Err(refusal) => own(StatusCode::FORBIDDEN, refusal.code, None),
    }
}

/// Whether a token is still in force (section 2.06).
pub async fn agent(req: HttpRequest, app: Data<App>, edge: Data<Edge>, id: Path<String>) -> HttpResponse {
    match partner(&req, &app, &edge, Protocol::Drp).await {
        Ok(by) if by.row.identifier == *id => done(&json!({})),
        Err(refusal) if refusal.status.is_server_error() => drp_error(&refusal),
        _ => drp_error(&Refusal::of(StatusCode::FORBIDDEN, "wrong_agent")),
    }
}

fn answered(outcome: Result<Value, Refusal>) -> HttpResponse {
    match outcome {
        Ok(body) => done(&body),
        Err(refusal) => drp_error(&refusal),
    }
}

async fn exercised(req: &HttpRequest, app: &App, edge: &Edge, body: &[u8]) -> Result<Value, Refusal> {
    let by = partner(req, app, edge, Protocol::Drp).await?;
    let signed = decoded(req, body)?;
    let said = opened(app, &by, &signed)?;
    let message = message(&said, &signed);
    Ok(drp::exercise(app, &by, &message, sent(&said)).await?)
}

async fn set_up_by(req: &HttpRequest, app: &App, edge: &Edge, id: &str, body: &[u8]) -> Result<Value, Refusal> {
    let refused = || Refusal::of(StatusCode::FORBIDDEN, "invalid_signature");
    let signed = decoded(req, body)?;
    // Whose key to try is read from what is not verified yet; nothing else of it is believed before it is.
    let named = read_json(signed.get(SIGNATURE..).unwrap_or_default())?;
    let business = text(&named, "business-id").ok_or_else(refused)?;
    let context = Context::of(req);
    let by = find_agent(app, id, &business, &context.request_id).await?.ok_or_else(refused)?;
    known(&context, edge, &by)?;
    let said = opened(app, &by, &signed)?;
    let message = message(&said, &signed);
    let token = drp::set_up(app, &by, &message).await?;
    Ok(json!({"agent-id": by.row.identifier, "token": token.expose()}))
}

/// The bytes of a message: a signature, and what it is over.
fn decoded(req: &HttpRequest, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let media = req.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("text/plain");
    if !media.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/plain") {
        return Err(Refusal::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"));
    }
    let malformed = || Refusal::of(StatusCode::BAD_REQUEST, "malformed_message");
    STANDARD.decode(body.trim_ascii()).map_err(|_| malformed())
}

/// What a message says, once its signature was found to be by the agent that shows the token.
fn opened(app: &App, by: &RightsPartner, signed: &[u8]) -> Result<Value, Refusal> {
    let (signature, said) = signed.split_at_checked(SIGNATURE).unwrap_or((&[], &[]));
    if !by.has_signed(app, said, signature) {
        return Err(Refusal::of(StatusCode::FORBIDDEN, "invalid_signature"));
    }
    let said = read_json(said)?;
    if said.is_object() { Ok(said) } else { Err(Refusal::of(StatusCode::BAD_REQUEST, "malformed_message")) }
}

fn message<'a>(said: &'a Value, signed: &'a [u8]) -> Message<'a> {
    let version = said.get("drp.version").filter(|version| !version.is_null());
    Message { claims: claims(said), version: version.map(|version| version.as_str().unwrap_or_default()), signed }
}

fn claims(said: &Value) -> Claims<'_> {
    let text = |name: &str| said.get(name).and_then(Value::as_str);
    Claims {
        agent: text("agent-id"),
        business: text("business-id"),
        issued_at: text("issued-at").and_then(moment),
        expires_at: text("expires-at").and_then(moment),
    }
}

/// Members as the specification types them. One that is null says nothing, like one that is missing.
struct Members<'a> {
    said: &'a Value,
    faults: Vec<Fault>,
}

impl Members<'_> {
    fn read<T>(&mut self, name: &str, expected: &str, of: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let value = self.said.get(name).filter(|value| !value.is_null())?;
        let read = of(value);
        if read.is_none() {
            self.faults.push(Fault::new(format!("/{name}"), "wrong_type").with_arg(expected));
        }
        read
    }

    fn text(&mut self, name: &str) -> Option<String> {
        self.read(name, "string", |value| value.as_str().map(str::to_owned))
    }

    fn texts(&mut self, name: &str) -> Vec<String> {
        let all = |value: &Value| {
            let texts = value.as_array()?.iter().map(|one| one.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<String>>>()
        };
        self.read(name, "array of strings", all).unwrap_or_default()
    }

    fn holds(&mut self, name: &str) -> bool {
        self.read(name, "boolean", Value::as_bool).unwrap_or_default()
    }
}

fn sent(said: &Value) -> Sent {
    let mut members = Members { said, faults: Vec::new() };
    let (email, email_verified) = (members.text("email"), members.holds("email_verified"));
    let (phone_number, phone_verified) = (members.text("phone_number"), members.holds("phone_number_verified"));
    Sent {
        agent_request_id: members.text("agent-request-id"),
        exercise: members.text("exercise"),
        regime: members.text("regime"),
        relationships: members.texts("relationships"),
        status_callback: members.text("status_callback"),
        email: email.map(|value| (value, email_verified)),
        phone_number: phone_number.map(|value| (value, phone_verified)),
        power_of_attorney: members.text("power_of_attorney"),
        faults: members.faults,
    }
}
