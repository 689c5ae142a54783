//! Coming in and going out.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::{App, self_service};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ManageDoor;
use crate::http::{
    Body, Context, ETag, Edge, Empty, LoginProblems, May, Oneself, Problem, ReadProblems, Valid, WriteProblems,
    client_address, single,
};

/// The key of an organisation's own page.
#[derive(Serialize, ToSchema)]
pub struct PortalBody {
    /// Says whose door is knocked at. Opens nothing, and may be known to everybody.
    portal: String,
}

/// Where a code is to go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskForCodeBody {
    /// The key of the organisation's page.
    #[schema(min_length = 1, max_length = 1_000)]
    portal: String,
    /// A contact point that the organisation has on file.
    contact: DoorContactBody,
}

/// A contact point.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DoorContactBody {
    /// `email` or `mobile`.
    #[schema(pattern = "^(email|mobile)$")]
    field: String,
    /// The address or the number; in no answer and kept nowhere.
    #[schema(min_length = 1, max_length = 254)]
    value: String,
}

impl Body for AskForCodeBody {}

/// A code may follow.
#[derive(Serialize, ToSchema)]
pub struct ChallengeBody {
    /// To be shown together with the code.
    challenge: String,
    /// Seconds in which a code, if one comes, can be used.
    expires_in: i64,
}

/// A code that came.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowCodeBody {
    /// The challenge that it was asked for with.
    #[schema(min_length = 1, max_length = 200)]
    challenge: String,
    /// Eight digits.
    #[schema(pattern = "^[0-9]{8}$")]
    code: String,
}

impl Body for ShowCodeBody {}

/// What the code opens.
#[derive(Serialize, ToSchema)]
pub struct OwnTokenBody {
    /// EdDSA JWT of audience `subject`, for `Authorization: Bearer`. Good beneath `/v1/self` and nowhere else.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Its life in seconds. There is no way to prolong it: another code opens another session.
    expires_in: i64,
}

/// Read the key of the organisation's page.
///
/// A page of the organisation's own sends it along when somebody asks for a code: it says whose door is knocked at. It is no secret, opens nothing, and stays the same as long
/// as the signing key does.
#[utoipa::path(
    tag = "self-service", security(("bearer" = [])),
    responses((status = 200, description = "The key.", body = PortalBody, example = json!({"portal": "eyJhbGciOiJFZERTQSJ9.e30.c2ln"})),
        (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/self-service/portal")]
pub async fn show_portal_key(may: May<ManageDoor>, app: Data<App>, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let body = PortalBody { portal: self_service::issue_portal(&app, &may).await? };
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}

/// Ask for a code.
///
/// Answers alike, and as quickly, whether somebody has this contact point or not. If exactly one person on file has it, eight digits follow within a second: to that address,
/// or to that number where messages can be sent, else to the address on file beside it; three an hour at most. A customer who was deleted and not
/// erased is on file for this where nobody in use has the contact point. No session is opened yet.
#[utoipa::path(
    tag = "self-service", security(()),
    request_body(content = AskForCodeBody, example = json!({"portal": "eyJhbGciOiJFZERTQSJ9.e30.c2ln", "contact": {"field": "email", "value": "zhang@example.com"}})),
    responses((status = 202, description = "A code follows, if anybody has this contact point.", body = ChallengeBody,
        example = json!({"challenge": "cv_AZOgsH9MfDqdVWsfbz4qEA", "expires_in": 600})), LoginProblems))]
#[post("/self/sessions")]
pub async fn ask_for_code(
    app: Data<App>,
    edge: Data<Edge>,
    req: HttpRequest,
    body: Valid<AskForCodeBody>,
) -> Result<HttpResponse, Problem> {
    let AskForCodeBody { portal, contact } = body.into_inner();
    let contact = (contact.field.as_str(), contact.value.as_str());
    let began = self_service::begin(&app, &portal, contact, client_address(&edge, &req)).await?;
    Ok(HttpResponse::Accepted().json(ChallengeBody { challenge: began.challenge, expires_in: began.expires_in }))
}

/// Open a session by a code.
///
/// A code works once, within ten minutes, with the challenge that it was asked for with; after five wrong ones it is spent. Once another contact point is on file than the
/// one that it went to, it opens nothing; and a session ends (`401` `session_ended`, within half a second) once the contact point that its code went to is not on file for the
/// person any more, also where they had asked for the correction themselves. Once the person is erased, no call by it reads or writes anything.
#[utoipa::path(
    tag = "self-service", security(()),
    request_body(content = ShowCodeBody, example = json!({"challenge": "cv_AZOgsH9MfDqdVWsfbz4qEA", "code": "40718293"})),
    responses((status = 200, description = "Opened.", body = OwnTokenBody,
        example = json!({"access_token": "eyJhbGciOiJFZERTQSJ9.e30.c2ln", "token_type": "Bearer", "expires_in": 900})), LoginProblems))]
#[post("/self/sessions/verify")]
pub async fn open_own_session(
    app: Data<App>,
    req: HttpRequest,
    body: Valid<ShowCodeBody>,
) -> Result<HttpResponse, Problem> {
    let request = Context::of(&req).request_id.clone();
    let tokens = self_service::redeem(&app, &body.challenge, &body.code, &request).await?;
    let body = OwnTokenBody { access_token: tokens.access, token_type: "Bearer", expires_in: tokens.expires_in };
    Ok(HttpResponse::Ok().json(body))
}

/// End one's session.
///
/// The token opens nothing from then on.
#[utoipa::path(
    tag = "self-service", security(("subject" = [])),
    responses((status = 204, description = "Ended."), WriteProblems))]
#[post("/self/sessions/end")]
pub async fn end_own_session(me: Oneself, app: Data<App>, _none: Empty) -> Result<HttpResponse, Problem> {
    self_service::end(&app, &me).await?;
    Ok(HttpResponse::NoContent().finish())
}
