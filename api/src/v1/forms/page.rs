//! What a page of anybody's calls: the schema, a token, and the submission. No account, no cookie, no third party.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::http::header::ORIGIN;
use actix_web::rt::time::{Instant, sleep_until};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::forms::{self, Sender, Sent, SentGuardian};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::openapi::PublicProblems;
use crate::http::{Body, Context, Edge, Id, LoginProblems, Problem, Query, Valid, client_address};
use crate::v1::customers::input;

/// No submission is answered sooner: how long the work took would tell whether somebody was known.
const FLOOR: Duration = Duration::from_millis(400);

/// The token of one submission.
#[derive(Serialize, ToSchema)]
pub struct FormTokenBody {
    /// To be sent with the submission; good for one.
    token: String,
    /// `SHA-256(challenge ":" proof)`, over ASCII, must begin with `proof_bits` zero bits.
    challenge: String,
    /// See `challenge`.
    proof_bits: u32,
    /// Sent sooner than so many seconds after now, it is refused.
    min_seconds: u32,
    /// From then on it is good for nothing.
    expires_at: DateTime<Utc>,
}

/// Who agrees for a person under fourteen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FormGuardianBody {
    /// `mother`, `father` or `guardian`.
    #[schema(pattern = "^(mother|father|guardian)$")]
    relation: String,
    /// Their name.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Where they are reached.
    #[schema(min_length = 5, max_length = 32)]
    mobile: String,
    /// Whether they agree.
    agreed: bool,
}

/// What a page sends; `GET /v1/forms/{id}/schema` says exactly what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSubmissionBody {
    /// From `POST /v1/forms/{id}/tokens`.
    #[schema(min_length = 1, max_length = 2_000)]
    token: String,
    /// What the page's work came to.
    #[schema(max_length = 64)]
    proof: String,
    /// A trap: no person sees it, none fills it in.
    #[serde(default)]
    #[schema(max_length = 1_000)]
    website: String,
    /// The language in which the page was.
    #[schema(min_length = 2, max_length = 35)]
    language: String,
    /// Values by field key.
    fields: BTreeMap<String, Value>,
    /// Yes or no by purpose.
    #[serde(default)]
    consents: BTreeMap<String, bool>,
    /// Who agrees for a person under fourteen.
    guardian: Option<FormGuardianBody>,
}

impl Body for NewSubmissionBody {}

/// A submission was taken.
#[derive(Serialize, ToSchema)]
pub struct SubmittedBody {
    /// Its id.
    submission_id: Uuid,
    /// `received`, whoever it is about.
    state: &'static str,
}

fn origin(req: &HttpRequest) -> Option<&str> {
    // What cannot be read is no origin of a form's.
    req.headers().get(ORIGIN).map(|value| value.to_str().unwrap_or("null"))
}

/// Read a form's schema.
///
/// For anybody: the JSON Schema 2020-12 of the body of `POST /v1/forms/{id}/submissions`, with titles in one of the form's languages, which fields must be filled in
/// (`required`, `x-optional`), the notice that is to be shown (`x-form`, `x-notice`), and the guardian's part for who is under fourteen. A page of another origin than the form
/// names is refused.
#[utoipa::path(
    tag = "forms", security(()),
    params(("id" = Uuid, Path, description = "Id of the form"), ("language" = Option<String>, Query, description = "One of its languages")),
    responses((status = 200, description = "The schema.", content_type = "application/schema+json", body = Object, example = json!({"$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://crm.example.com/v1/forms/0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2ab0/schema?language=en", "title": "Newsletter", "type": "object",
        "required": ["token", "proof", "language", "fields", "consents"], "properties": {"fields": {"type": "object", "required": ["name", "email"],
        "properties": {"name": {"type": "string", "title": "Name", "minLength": 1, "maxLength": 100, "x-optional": false}}}}})),
        (status = 400, description = "A query parameter is not known."), (status = 403, description = "The page is of another origin."), PublicProblems))]
#[get("/forms/{id}/schema")]
pub async fn show_form_schema(
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let language = query.text("language");
    query.done()?;
    let schema = forms::schema(&app, id.get(), language.as_deref(), origin(&req)).await?;
    Ok(HttpResponse::Ok().content_type("application/schema+json").body(schema.to_string()))
}

/// Get a token for a form.
///
/// For the page that shows the form, when it shows it. The token is good for one submission, for two hours, under the version that is published now. The page proves by a
/// little work that it is no mass of them: it looks for a `proof`, any short text, for which `SHA-256(challenge ":" proof)` begins with `proof_bits` zero bits.
#[utoipa::path(
    tag = "forms", security(()), params(("id" = Uuid, Path, description = "Id of the form")),
    responses((status = 200, description = "The token.", body = FormTokenBody, example = json!({"token": "eyJhbGciOiJFZERTQSJ9.e30.c2ln",
        "challenge": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2ab1", "proof_bits": 16, "min_seconds": 3, "expires_at": "2026-11-22T10:00:00Z"})),
        (status = 403, description = "The page is of another origin."), PublicProblems))]
#[post("/forms/{id}/tokens")]
pub async fn issue_form_token(app: Data<App>, req: HttpRequest, id: Id<Uuid>) -> Result<HttpResponse, Problem> {
    let ticket = forms::issue(&app, id.get(), origin(&req)).await?;
    Ok(HttpResponse::Ok().json(FormTokenBody {
        token: ticket.token,
        challenge: ticket.challenge,
        proof_bits: ticket.proof_bits,
        min_seconds: ticket.min_seconds,
        expires_at: ticket.expires_at,
    }))
}

/// Submit a form.
///
/// Without an account. Somebody who is not known by one of the form's contact points is entered, with the consents given, in one transaction; about somebody who is known it is
/// kept as a proposal that changes nothing until a member of staff accepts it, consents included. The answer is the same, and takes as long. Who is under fourteen, by a date of
/// birth or resident id that is given, needs the guardian's part. The token makes it idempotent: the same body again is answered alike, another one is refused.
#[utoipa::path(
    tag = "forms", security(()), params(("id" = Uuid, Path, description = "Id of the form")),
    request_body(content = NewSubmissionBody, example = json!({"token": "eyJhbGciOiJFZERTQSJ9.e30.c2ln", "proof": "41213", "language": "en",
        "fields": {"name": "张三", "email": "zhang@example.com"}, "consents": {"newsletter": true}})),
    responses((status = 202, description = "Taken.", body = SubmittedBody, example = json!({"submission_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2ab1", "state": "received"})),
        (status = 404, description = "There is no such form in use."), (status = 409, description = "The form tells of what is told otherwise by now."), LoginProblems))]
#[post("/forms/{id}/submissions")]
pub async fn submit_form(
    app: Data<App>,
    edge: Data<Edge>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<NewSubmissionBody>,
) -> Result<HttpResponse, Problem> {
    let floor = Instant::now() + FLOOR;
    let digest = body.digest().0;
    let NewSubmissionBody { token, proof, website, language, fields, consents, guardian } = body.into_inner();
    let guardian = guardian.map(|FormGuardianBody { relation, name, mobile, agreed }| SentGuardian {
        relation,
        name,
        mobile,
        agreed,
    });
    let fields = fields.iter().map(|(key, value)| (key.clone(), input(value))).collect();
    let sent = Sent { token, proof, trap: website, language, fields, consents, guardian };
    let context = Context::of(&req);
    let peer = client_address(&edge, &req);
    let from = Sender { origin: origin(&req), peer, request: &context.request_id, digest };
    let submission_id = forms::submit(&app, id.get(), sent, from).await?;
    sleep_until(floor).await;
    Ok(HttpResponse::Accepted().json(SubmittedBody { submission_id, state: "received" }))
}
