//! Sessions of staff: tokens for a password, new tokens for a refresh token, and their end.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::auth::{self, Challenge, Login, Tokens};
use custodian_domain::auth::Standing;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::http::{Body, Context, Edge, Empty, Enrolling, LoginProblems, Problem, Valid, client_address};

/// Log-in by address and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginBody {
    /// The address of the account.
    #[schema(min_length = 3, max_length = 254)]
    email: String,
    /// The password, whole and unchanged.
    #[schema(min_length = 1, max_length = 1024)]
    password: String,
}

impl Body for LoginBody {}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshBody {
    /// The newest refresh token of the session; each works once.
    #[schema(min_length = 1, max_length = 200)]
    refresh_token: String,
}

impl Body for RefreshBody {}

/// Tokens of a session.
#[derive(Serialize, ToSchema)]
pub struct TokensBody {
    /// EdDSA JWT for the `Authorization` header.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Life of the access token in seconds.
    expires_in: i64,
    /// For `POST /v1/auth/refresh`; works once.
    refresh_token: String,
    /// When the session ends at the latest, whatever is refreshed.
    session_expires_at: DateTime<Utc>,
    /// Always false here: the session is open.
    mfa_required: bool,
    /// A role of the account needs a second factor and there is none: until one is enrolled, the session opens nothing else.
    mfa_enrolment_required: bool,
}

/// The first factor was right; the second one is awaited.
#[derive(Serialize, ToSchema)]
pub struct SecondFactorBody {
    /// Always true here.
    mfa_required: bool,
    /// For `POST /v1/auth/mfa`; opens nothing else.
    mfa_token: String,
    /// How long it is awaited, in seconds.
    expires_in: i64,
}

/// How a log-in goes on.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum LoginAnswer {
    /// The session is open.
    Open(TokensBody),
    /// The second factor is awaited.
    SecondFactor(SecondFactorBody),
}

impl From<Login> for LoginAnswer {
    fn from(login: Login) -> Self {
        match login {
            Login::Open(tokens) => Self::Open(tokens.into()),
            Login::SecondFactor(Challenge { token, expires_in }) => {
                Self::SecondFactor(SecondFactorBody { mfa_required: true, mfa_token: token, expires_in })
            }
        }
    }
}

impl From<Tokens> for TokensBody {
    fn from(tokens: Tokens) -> Self {
        let Tokens { access, expires_in, refresh, session_expires_at, standing } = tokens;
        let refresh_token = refresh.expose().to_owned();
        Self {
            access_token: access,
            token_type: "Bearer",
            expires_in,
            refresh_token,
            session_expires_at,
            mfa_required: false,
            mfa_enrolment_required: standing == Standing::MustEnrol,
        }
    }
}

/// Log in with a password.
///
/// Answers an access token for 15 minutes and a refresh token. The work is the same for an address that nobody has. After five
/// failures of one account from one address each further try waits, up to a minute. An account with a second factor gets an `mfa_token` instead,
/// for `POST /v1/auth/mfa`.
#[utoipa::path(
    tag = "auth", security(()),
    request_body(content = LoginBody, example = json!({"email": "sales.a@demo.example", "password": "seven green kites over still water"})),
    responses((status = 200, description = "Logged in, or the second factor is awaited.", body = LoginAnswer, example = json!(tokens_example())), LoginProblems))]
#[post("/auth/login")]
pub async fn log_in(
    app: Data<App>,
    edge: Data<Edge>,
    req: HttpRequest,
    body: Valid<LoginBody>,
) -> Result<HttpResponse, Problem> {
    let context = Context::of(&req);
    let login =
        auth::login(&app, &body.email, &body.password, client_address(&edge, &req), &context.request_id).await?;
    Ok(HttpResponse::Ok().json(LoginAnswer::from(login)))
}

/// Exchange a refresh token.
///
/// Answers new tokens and spends the one given. A refresh token that was spent before ends its whole session: one of its two holders is a thief.
#[utoipa::path(
    tag = "auth", security(()),
    request_body(content = RefreshBody, example = json!({"refresh_token": "cr_AZ8...fQ.kR3v..."})),
    responses((status = 200, description = "New tokens.", body = TokensBody, example = json!(tokens_example())), LoginProblems))]
#[post("/auth/refresh")]
pub async fn refresh_session(
    app: Data<App>,
    req: HttpRequest,
    body: Valid<RefreshBody>,
) -> Result<HttpResponse, Problem> {
    let context = Context::of(&req);
    let tokens = auth::refresh(&app, &body.refresh_token, &context.request_id).await?;
    Ok(HttpResponse::Ok().json(TokensBody::from(tokens)))
}

/// Log out.
///
/// Ends the session of the access token at once: neither it nor the refresh token works from here on.
#[utoipa::path(tag = "auth", security(("bearer" = [])), responses((status = 204, description = "Logged out."), LoginProblems))]
#[post("/auth/logout")]
pub async fn log_out(caller: Enrolling, app: Data<App>, _body: Empty) -> Result<HttpResponse, Problem> {
    auth::logout(&app, &caller).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(in crate::v1) fn tokens_example() -> serde_json::Value {
    json!({"access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9...", "token_type": "Bearer", "expires_in": 900,
        "refresh_token": "cr_AZ8...fQ.kR3v...", "session_expires_at": "2026-11-22T20:00:00Z", "mfa_required": false,
        "mfa_enrolment_required": false})
}
