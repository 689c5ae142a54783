//! The second half of a log-in, and proving again who one is.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::auth::{self, Factor, Proof};
use custodian_domain::kernel::Fault;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::sessions::{TokensBody, tokens_example};
use crate::http::{Body, Context, Enrolling, LoginProblems, Problem, Valid};

/// The second factor of a log-in: `code` or `recovery_code`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorProof {
    /// From the answer to `POST /v1/auth/login`.
    #[schema(min_length = 1, max_length = 200)]
    mfa_token: String,
    /// Six digits of the authenticator; each code works once.
    #[schema(min_length = 6, max_length = 6)]
    code: Option<String>,
    /// One of the recovery codes; each works once.
    #[schema(min_length = 16, max_length = 40)]
    recovery_code: Option<String>,
}

impl Body for SecondFactorProof {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        exactly_one(value, &["code", "recovery_code"])
    }
}

/// A fresh proof: `code`, `recovery_code`, or `password` for who has no second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepUpBody {
    /// Six digits of the authenticator; each code works once.
    #[schema(min_length = 6, max_length = 6)]
    code: Option<String>,
    /// One of the recovery codes; each works once.
    #[schema(min_length = 16, max_length = 40)]
    recovery_code: Option<String>,
    /// The password, whole and unchanged.
    #[schema(min_length = 1, max_length = 1024)]
    password: Option<String>,
}

impl Body for StepUpBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        exactly_one(value, &["code", "recovery_code", "password"])
    }
}

fn exactly_one(value: &Value, names: &[&str]) -> Vec<Fault> {
    let given = names.iter().filter(|name| value.get(**name).is_some_and(|member| !member.is_null())).count();
    if given == 1 { Vec::new() } else { vec![Fault::new("", "one_of").with_arg(names.join(", "))] }
}

/// Until when the session is fresh.
#[derive(Serialize, ToSchema)]
pub struct FreshBody {
    /// What needs a fresh proof is open until then.
    fresh_until: DateTime<Utc>,
}

/// Complete a log-in with the second factor.
///
/// Answers the tokens of the session. The log-in waits five minutes for it. From the fifth wrong code of an account on, each further one waits,
/// up to a quarter of an hour; recovery codes do not wait.
#[utoipa::path(
    tag = "auth", security(()),
    request_body(content = SecondFactorProof, example = json!({"mfa_token": "cm_AZ8...", "code": "287082"})),
    responses((status = 200, description = "Logged in.", body = TokensBody, example = json!(tokens_example())), LoginProblems))]
#[post("/auth/mfa")]
pub async fn complete_log_in(
    app: Data<App>,
    req: HttpRequest,
    body: Valid<SecondFactorProof>,
) -> Result<HttpResponse, Problem> {
    let SecondFactorProof { mfa_token, code, recovery_code } = body.into_inner();
    let factor = factor(code.as_deref(), recovery_code.as_deref())?;
    let tokens = auth::complete(&app, &mfa_token, &factor, &Context::of(&req).request_id).await?;
    Ok(HttpResponse::Ok().json(TokensBody::from(tokens)))
}

/// Prove again who you are.
///
/// What answers `step_up_required` is open for five minutes from here on, as it is for five minutes after the log-in. Who has a second factor shows
/// that one; the password alone is then answered with `mfa_required`.
#[utoipa::path(
    tag = "auth", security(("bearer" = [])),
    request_body(content = StepUpBody, example = json!({"code": "287082"})),
    responses((status = 200, description = "Proved.", body = FreshBody, example = json!({"fresh_until": "2026-11-22T08:05:00Z"})), LoginProblems))]
#[post("/auth/step-up")]
pub async fn step_up(caller: Enrolling, app: Data<App>, body: Valid<StepUpBody>) -> Result<HttpResponse, Problem> {
    let StepUpBody { code, recovery_code, password } = body.into_inner();
    let proof = match &password {
        Some(password) => Proof::Password(password),
        None => Proof::Factor(factor(code.as_deref(), recovery_code.as_deref())?),
    };
    let fresh_until = auth::step_up(&app, &caller, proof).await?;
    Ok(HttpResponse::Ok().json(FreshBody { fresh_until }))
}

fn factor<'a>(code: Option<&'a str>, recovery_code: Option<&'a str>) -> Result<Factor<'a>, Problem> {
    let recovery = recovery_code.map(Factor::Recovery);
    code.map(Factor::Totp).or(recovery).ok_or_else(|| Problem::of("invalid_body"))
}
