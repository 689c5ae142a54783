//! OpenDSR 2.0, and OpenGDPR 1.0 under its own names: discovery, requests, where they stand, taking them back.

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use custodian_application::App;
use custodian_application::rights_protocols::RightsPartner;
use custodian_application::rights_protocols::opendsr::{self, Identity, Sent};
use custodian_domain::rights_protocols::Protocol;
use custodian_domain::rights_protocols::opendsr::Naming;
use serde_json::{Value, json};

use super::wire::{Refusal, done, opendsr_error, partner, text, texts};
use crate::http::{Edge, Problem, read_json};

/// What is served here.
pub async fn discovery(app: Data<App>) -> HttpResponse {
    done(&opendsr::discovery(&app, Naming::OpenDsr))
}

/// The same of version 1.
pub async fn discovery_v1(app: Data<App>) -> HttpResponse {
    done(&opendsr::discovery(&app, Naming::OpenGdpr))
}

/// The certificate that answers and callbacks are signed by, as PEM.
pub async fn certificate(app: Data<App>) -> Result<HttpResponse, Problem> {
    let found = app.tuning().rights_certificate.as_ref().ok_or_else(|| Problem::of("not_found"))?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/x-pem-file")).body(found.pem().to_owned()))
}

/// A request.
pub async fn create(req: HttpRequest, app: Data<App>, edge: Data<Edge>, body: Bytes) -> HttpResponse {
    answered(take(&req, &app, &edge, &body, Naming::OpenDsr).await)
}

/// The same of version 1.
pub async fn create_v1(req: HttpRequest, app: Data<App>, edge: Data<Edge>, body: Bytes) -> HttpResponse {
    answered(take(&req, &app, &edge, &body, Naming::OpenGdpr).await)
}

/// Where a request stands.
pub async fn show(req: HttpRequest, app: Data<App>, edge: Data<Edge>, id: Path<String>) -> HttpResponse {
    answered(status(&req, &app, &edge, &id, Naming::OpenDsr).await)
}

/// The same of version 1.
pub async fn show_v1(req: HttpRequest, app: Data<App>, edge: Data<Edge>, id: Path<String>) -> HttpResponse {
    answered(status(&req, &app, &edge, &id, Naming::OpenGdpr).await)
}

/// Taking a request back.
pub async fn cancel(req: HttpRequest, app: Data<App>, edge: Data<Edge>, id: Path<String>) -> HttpResponse {
    answered(take_back(&req, &app, &edge, &id, Naming::OpenDsr).await)
}

/// The same of version 1.
pub async fn cancel_v1(req: HttpRequest, app: Data<App>, edge: Data<Edge>, id: Path<String>) -> HttpResponse {
    answered(take_back(&req, &app, &edge, &id, Naming::OpenGdpr).await)
}

fn answered(outcome: Result<HttpResponse, Refusal>) -> HttpResponse {
    outcome.unwrap_or_else(|refusal| opendsr_error(&refusal))
}

async fn take(req: &HttpRequest, app: &App, edge: &Edge, body: &[u8], naming: Naming) -> Result<HttpResponse, Refusal> {
    let by = partner(req, app, edge, Protocol::OpenDsr).await?;
    // Before a byte of it is parsed.
    check_signature(req, app, &by, body)?;
    let sent = sent(&read_json(body)?, naming, &opendsr::own_domain(app));
    let (exchange, row) = opendsr::open(app, &by, sent).await?;
    let mut answer = json!({
        "controller_id": exchange.partner,
        "expected_completion_time": row.due_at,
        "received_time": row.created_at,
        "encoded_request": STANDARD.encode(body),
        "subject_request_id": exchange.external_id,
        "api_version": naming.version(),
    });
    with_signature(app, &mut answer)?;
    signed(app, naming, StatusCode::CREATED, &answer)
}

async fn status(req: &HttpRequest, app: &App, edge: &Edge, id: &str, naming: Naming) -> Result<HttpResponse, Refusal> {
    let by = partner(req, app, edge, Protocol::OpenDsr).await?;
    signed(app, naming, StatusCode::OK, &opendsr::status(app, &by, id).await?)
}

async fn take_back(
    req: &HttpRequest,
    app: &App,
    edge: &Edge,
    id: &str,
    naming: Naming,
) -> Result<HttpResponse, Refusal> {
    let by = partner(req, app, edge, Protocol::OpenDsr).await?;
    let (exchange, at) = opendsr::cancel(app, &by, id).await?;
    let mut answer = json!({
        "controller_id": exchange.partner,
        "received_time": at,
        "subject_request_id": exchange.external_id,
        "api_version": naming.version(),
    });
    with_signature(app, &mut answer)?;
    signed(app, naming, StatusCode::ACCEPTED, &answer)
}

/// Adds `processor_signature`: over the body as it stands without that member, for a signature cannot stand in what it signs.
fn with_signature(app: &App, answer: &mut Value) -> Result<(), Refusal> {
    let signature = opendsr::sign_answer(app, answer.to_string().as_bytes())?.signature;
    if let Some(members) = answer.as_object_mut() {
        members.insert("processor_signature".to_owned(), json!(signature));
    }
    Ok(())
}

/// An answer with the headers that sign its whole body, under the names that the caller knows.
fn signed(app: &App, naming: Naming, status: StatusCode, body: &Value) -> Result<HttpResponse, Refusal> {
    let bytes = body.to_string();
    let signed = opendsr::sign_answer(app, bytes.as_bytes())?;
    let (domain, signature) = naming.headers();
    let mut answer = HttpResponseBuilder::new(status);
    answer.insert_header((domain, signed.domain)).insert_header((signature, signed.signature));
    Ok(answer.insert_header((CONTENT_TYPE, "application/json")).body(bytes))
}

/// Refuses what is not signed by the key on file, where one is: under the names of either version, for the partner's own domain.
fn check_signature(req: &HttpRequest, app: &App, by: &RightsPartner, body: &[u8]) -> Result<(), Refusal> {
    if !by.must_sign() {
        return Ok(());
    }
    let header = |name: &str| {
        let mut all = req.headers().get_all(name);
        let first = all.next().and_then(|value| value.to_str().ok());
        first.filter(|_| all.next().is_none())
    };
    let holds = Naming::ALL.iter().any(|naming| {
        let (domain, signature) = naming.headers();
        let own = header(domain).is_some_and(|domain| domain.eq_ignore_ascii_case(&by.row.identifier));
        let bytes = header(signature).and_then(|text| STANDARD.decode(text).ok());
        own && bytes.is_some_and(|bytes| by.has_signed(app, body, &bytes))
    });
    if holds { Ok(()) } else { Err(Refusal::of(StatusCode::FORBIDDEN, "invalid_signature")) }
}

/// What a body says, member by member; members that are not known are passed over, as clients of other processors send them.
fn sent(body: &Value, naming: Naming, own_domain: &str) -> Sent {
    let identity = |one: &Value| Identity {
        kind: text(one, "identity_type"),
        value: text(one, "identity_value"),
        format: text(one, "identity_format"),
    };
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let ours = body.get("extensions").and_then(|all| all.get(own_domain));
    let ours = list(ours.and_then(|ours| ours.get("identities")));
    let phones = ours.iter().filter(|one| text(one, "identity_type").as_deref() == Some("phone_number"));
    Sent {
        naming,
        regulation: text(body, "regulation"),
        subject_request_id: text(body, "subject_request_id"),
        subject_request_type: text(body, "subject_request_type"),
        submitted_time: text(body, "submitted_time"),
        identities: list(body.get("subject_identities")).iter().map(identity).collect(),
        phone_numbers: phones.filter_map(|one| text(one, "identity_value")).collect(),
        status_callback_urls: texts(body, "status_callback_urls"),
    }
}
