//! One's own second factor.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::auth::{self, Confirmed, Enrolment};
use custodian_persistence::auth::mfa::Proofs;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    Body, ChangeProblems, ETag, Empty, Enrolling, IfMatch, Problem, ReadProblems, Reply, Valid, WriteProblems, once,
    single,
};

/// One's own second factor.
#[derive(Serialize, ToSchema)]
pub struct SecondFactorState {
    /// Whether an authenticator is in use.
    enrolled: bool,
    /// Since when.
    enrolled_at: Option<DateTime<Utc>>,
    /// Recovery codes that are left.
    recovery_codes_left: i64,
    /// Whether a role of the account needs it.
    required: bool,
}

impl From<&Proofs> for SecondFactorState {
    fn from(proofs: &Proofs) -> Self {
        let Proofs { enrolled_at, recovery_codes, required, authenticated_at: _, mfa_at: _ } = *proofs;
        Self { enrolled: enrolled_at.is_some(), enrolled_at, recovery_codes_left: recovery_codes, required }
    }
}

/// What to set an authenticator up with. Shown this once.
#[derive(Serialize, ToSchema)]
pub struct EnrolmentBody {
    /// The secret in base32.
    secret: String,
    /// The same as a link, to be shown as a QR code.
    otpauth_uri: String,
}

/// The first code of a new authenticator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstCode {
    /// Six digits.
    #[schema(min_length = 6, max_length = 6)]
    code: String,
}

impl Body for FirstCode {}

/// Recovery codes. Shown this once.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Ten; each logs in once in place of a code of the authenticator.
    recovery_codes: Vec<String>,
}

impl From<Confirmed> for RecoveryCodes {
    fn from(codes: Confirmed) -> Self {
        Self { recovery_codes: codes.iter().map(|code| code.expose().to_owned()).collect() }
    }
}

/// Read one's own second factor.
///
/// Whether there is one, since when, how many recovery codes are left, and whether a role needs it.
#[utoipa::path(
    tag = "auth", security(("bearer" = [])),
    responses((status = 200, description = "The second factor.", body = SecondFactorState,
        example = json!({"enrolled": true, "enrolled_at": "2026-11-22T08:00:00Z", "recovery_codes_left": 10, "required": false})),
        (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/me/mfa/totp")]
pub async fn show_second_factor(caller: Enrolling, app: Data<App>, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let body = SecondFactorState::from(&auth::second_factor(&app, &caller).await?);
    single(&req, ETag::of_body(&body, &caller.identity.rights), &body)
}

/// Enrol an authenticator.
///
/// Answers the secret to set it up with, for the only time. It is in use once its first code was confirmed; until then another call hands out
/// another secret. Needs a fresh proof.
#[utoipa::path(
    tag = "auth", security(("bearer" = [])),
    responses((status = 201, description = "Waits for its first code.", body = EnrolmentBody,
        example = json!({"secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "otpauth_uri": "otpauth://totp/Custodian:0193a0b0?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Custodian&algorithm=SHA1&digits=6&period=30"})), WriteProblems))]
#[post("/me/mfa/totp")]
pub async fn enrol_second_factor(
    caller: Enrolling,
    app: Data<App>,
    req: HttpRequest,
    none: Empty,
) -> Result<Reply, Problem> {
    let reply = once(&app, &caller, &req, &none.0, async |work| {
        let Enrolment { secret, uri } = auth::enrol(&app, &caller, work).await?;
        let body = EnrolmentBody { secret: secret.to_string(), otpauth_uri: uri.to_string() };
        Reply::created("/v1/me/mfa/totp", &body)
    })
    .await?;
    shown_once(reply)
}

/// Confirm an authenticator with its first code.
///
/// From here on a log-in needs a code. Answers ten recovery codes, for the only time. The session counts as freshly proved.
#[utoipa::path(
    tag = "auth", security(("bearer" = [])),
    request_body(content = FirstCode, example = json!({"code": "287082"})),
    responses((status = 200, description = "In use.", body = RecoveryCodes, example = json!({"recovery_codes": ["GEZD-GNBV-GY3T-QOJQ"]})), WriteProblems))]
#[post("/me/mfa/totp/confirm")]
pub async fn confirm_second_factor(
    caller: Enrolling,
    app: Data<App>,
    req: HttpRequest,
    body: Valid<FirstCode>,
) -> Result<Reply, Problem> {
    let reply = once(&app, &caller, &req, body.digest(), async |work| {
        Reply::ok(&RecoveryCodes::from(auth::confirm(&app, &caller, work, &body.code).await?))
    })
    .await?;
    shown_once(reply)
}

/// Hand out new recovery codes.
///
/// Ten new ones, for the only time; those before work no more. Needs a fresh proof.
#[utoipa::path(
    tag = "auth", security(("bearer" = [])),
    responses((status = 200, description = "New codes.", body = RecoveryCodes, example = json!({"recovery_codes": ["GEZD-GNBV-GY3T-QOJQ"]})), WriteProblems))]
#[post("/me/mfa/recovery-codes")]
pub async fn renew_recovery_codes(
    caller: Enrolling,
    app: Data<App>,
    req: HttpRequest,
    none: Empty,
) -> Result<Reply, Problem> {
    let reply = once(&app, &caller, &req, &none.0, async |work| {
        Reply::ok(&RecoveryCodes::from(auth::new_recovery_codes(&app, &caller, work).await?))
    })
    .await?;
    shown_once(reply)
}

/// Remove one's own second factor.
///
/// The authenticator and its recovery codes work no more. Needs a fresh proof, by the second factor itself. If a role needs one, the session opens
/// nothing until another is enrolled.
#[utoipa::path(
    tag = "auth", security(("bearer" = [])), responses((status = 204, description = "Removed."), ChangeProblems))]
#[delete("/me/mfa/totp")]
pub async fn remove_second_factor(
    caller: Enrolling,
    app: Data<App>,
    condition: IfMatch,
) -> Result<HttpResponse, Problem> {
    let work = app.begin(caller.organization()).await?;
    let removed = auth::remove(&app, &caller, &work, |proofs| {
        let tag = ETag::of_body(&SecondFactorState::from(proofs), &caller.identity.rights);
        condition.check(tag.version)
    })
    .await;
    work.settle(removed).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Whoever lost the answer begins anew.
fn shown_once(reply: Reply) -> Result<Reply, Problem> {
    if reply.is_replay() { Err(Problem::of("idempotency_result_withheld")) } else { Ok(reply) }
}
