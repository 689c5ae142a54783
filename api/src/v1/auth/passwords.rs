//! Passwords set by a token out of a letter: first ones, and forgotten ones.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use custodian_application::App;
use custodian_application::auth::{self, OneTime};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::{Body, Context, Edge, LoginProblems, Problem, Valid, client_address};

/// A password for a token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenPasswordBody {
    /// From the letter; works once.
    #[schema(min_length = 1, max_length = 200)]
    token: String,
    /// At least 15 characters (8 for who has a second factor) and at most 256, of any kind; not one that guessers try early, nor made of the person's own words.
    #[schema(min_length = 1, max_length = 1024)]
    password: String,
}

impl Body for TokenPasswordBody {}

/// An address whose password was forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgottenBody {
    /// The address of the account.
    #[schema(min_length = 3, max_length = 254)]
    email: String,
}

impl Body for ForgottenBody {}

/// Accept an invitation.
///
/// Sets the first password and opens the account; log in with it next. A token is spent by its success alone: a password that is refused may be
/// followed by a better one.
#[utoipa::path(
    tag = "auth", security(()),
    request_body(content = TokenPasswordBody, example = json!({"token": "ci_AZ8...fQ.kR3v...", "password": "seven green kites at dawn"})),
    responses((status = 204, description = "The account is open."), LoginProblems))]
#[post("/auth/invitations/accept")]
pub async fn accept_invitation(
    app: Data<App>,
    req: HttpRequest,
    body: Valid<TokenPasswordBody>,
) -> Result<HttpResponse, Problem> {
    let request = Context::of(&req).request_id.clone();
    auth::redeem(&app, OneTime::Invitation, &body.token, &body.password, &request).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ask for a letter about a forgotten password.
///
/// Answers alike, and as quickly, for every address. If an active account has it, a letter with a one-time token follows; at most three an hour.
#[utoipa::path(
    tag = "auth", security(()),
    request_body(content = ForgottenBody, example = json!({"email": "sales.a@demo.example"})),
    responses((status = 202, description = "A letter follows, if anybody has this address."), LoginProblems))]
#[post("/auth/password/forgot")]
pub async fn forget_password(
    app: Data<App>,
    edge: Data<Edge>,
    req: HttpRequest,
    body: Valid<ForgottenBody>,
) -> Result<HttpResponse, Problem> {
    auth::forget_password(&app, &body.email, client_address(&edge, &req)).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Set a new password for a forgotten one.
///
/// Ends every session of the account and every other letter's token. Whoever has a second factor still needs it to log in.
#[utoipa::path(
    tag = "auth", security(()),
    request_body(content = TokenPasswordBody, example = json!({"token": "cp_AZ8...fQ.kR3v...", "password": "seven green kites at dawn"})),
    responses((status = 204, description = "The new password is in force."), LoginProblems))]
#[post("/auth/password/reset")]
pub async fn reset_password(
    app: Data<App>,
    req: HttpRequest,
    body: Valid<TokenPasswordBody>,
) -> Result<HttpResponse, Problem> {
    let request = Context::of(&req).request_id.clone();
    auth::redeem(&app, OneTime::PasswordReset, &body.token, &body.password, &request).await?;
    Ok(HttpResponse::NoContent().finish())
}
