//! What is done with a request: proved, confirmed, given to somebody, extended, answered, taken back.

use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use chrono::{DateTime, Utc};
use custodian_application::{App, privacy_requests};
use custodian_domain::kernel::Fault;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ManageRequests;
use super::bodies::{PrivacyRequestBody, VerifyBody, privacy_request_example};
use crate::http::{Body, Empty, Id, May, Problem, Reply, Valid, WriteProblems, once};
use crate::v1::retention::blank;

/// Whom a request is given to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignBody {
    /// An active colleague who may answer requests (`privacy_requests.manage`).
    user_id: Uuid,
}

impl Body for AssignBody {}

/// Why more time is needed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtendBody {
    /// Said to the person, and kept sealed.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
}

impl Body for ExtendBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        blank(value, "reason").into_iter().collect()
    }
}

/// How a request was answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteBody {
    /// Said to the person, and kept sealed.
    #[schema(min_length = 1, max_length = 4_000)]
    answer: Option<String>,
}

impl Body for CompleteBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        blank(value, "answer").into_iter().collect()
    }
}

/// Why a request is turned down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectBody {
    /// Code of the ground; `GET /v1/privacy-requests/settings` lists them.
    #[schema(pattern = "^[a-z_]{1,40}$")]
    ground: String,
    /// Said to the person, and kept sealed.
    #[schema(min_length = 3, max_length = 4_000)]
    explanation: String,
}

impl Body for RejectBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        blank(value, "explanation").into_iter().collect()
    }
}

/// Prove who asks.
///
/// `method: code` sends eight digits to a contact point on file (three times an hour at most), to be tried five times within ten minutes; the answer is the same whether there
/// is somebody to send them to or not. They count for the contact point that they went to: once another one is on file, they are not accepted. Other methods say what staff have seen, and which customer it is, also in place of the one that it was taken for; once proved it
/// is moved no more (`already_verified`). While a proof is awaited the clock stands still where the law lets it, and nowhere else. Of several open requests of one person for
/// the same right under the same law and for the same purposes, the first one stands; one that is proved takes the place of one that is not. One without purposes asks for all
/// of them and repeats none that names some. Requests of right `rectification` each stand by themselves.
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    request_body(content = VerifyBody, example = json!({"method": "code"})),
    responses((status = 200, description = "Asked for, or proved.", body = PrivacyRequestBody, example = json!(privacy_request_example())), WriteProblems))]
#[post("/privacy-requests/{id}/verify")]
pub async fn verify_privacy_request(
    may: May<ManageRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<VerifyBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let shown = body.into_inner().into_shown().ok_or_else(|| Problem::of("invalid_body"))?;
    once(&app, &may, &req, &digest, async |work| {
        let view = privacy_requests::verify(&app, &may, work, id.get(), shown).await?;
        Reply::ok(&PrivacyRequestBody::from(view))
    })
    .await
}

/// Confirm the receipt.
///
/// Within ten business days under `US-CA`. A person who is known is told by letter. A second time changes nothing.
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    responses((status = 200, description = "Confirmed.", body = PrivacyRequestBody, example = json!(privacy_request_example())), WriteProblems))]
#[post("/privacy-requests/{id}/acknowledge")]
pub async fn acknowledge_privacy_request(
    may: May<ManageRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        let view = privacy_requests::acknowledge(&app, &may, work, id.get()).await?;
        Reply::ok(&PrivacyRequestBody::from(view))
    })
    .await
}

/// Give a request to somebody.
///
/// Who works on it is reminded three days before its last day, and when that is over; as long as nobody does, the data protection officers are.
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    request_body(content = AssignBody, example = json!({"user_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12"})),
    responses((status = 200, description = "Given.", body = PrivacyRequestBody, example = json!(privacy_request_example())), WriteProblems))]
#[post("/privacy-requests/{id}/assign")]
pub async fn assign_privacy_request(
    may: May<ManageRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<AssignBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let body = body.into_inner();
    once(&app, &may, &req, &digest, async |work| {
        let view = privacy_requests::assign(&app, &may, work, id.get(), body.user_id).await?;
        Reply::ok(&PrivacyRequestBody::from(view))
    })
    .await
}

/// Extend the time.
///
/// Once, with a reason, before the first last day is over: to three months of receipt under `EU`, to 90 days under `US-CA`. The person is told by letter.
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    request_body(content = ExtendBody, example = json!({"reason": "Many systems have to be searched"})),
    responses((status = 200, description = "Extended.", body = PrivacyRequestBody, example = json!(privacy_request_example())), WriteProblems))]
#[post("/privacy-requests/{id}/extend")]
pub async fn extend_privacy_request(
    may: May<ManageRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<ExtendBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let body = body.into_inner();
    once(&app, &may, &req, &digest, async |work| {
        let view = privacy_requests::extend(&app, &may, work, id.get(), body.reason).await?;
        Reply::ok(&PrivacyRequestBody::from(view))
    })
    .await
}

/// Complete a request.
///
/// Does what is done here: `rectification` makes the `corrections` as a change by the caller, `restriction` caps what anybody sees of the person and stops every use but those
/// that the law leaves open, `objection` ends the uses that it names, or every one that may be objected to. The rest is said to have been done. A request of right `erasure` cannot be completed as long as no erasure of the person is recorded (`erasure_not_recorded`), nor one of
/// right `withdraw_consent` as long as a consent that it is about is in force. The person is told by letter; of an erasure when it is carried out, for afterwards nobody knows
/// an address any more. Once the person is erased no other right can be said to have been done (`410` `erased`): such a request is turned down on the ground `nothing_held`.
/// Of a customer who was deleted and not erased everything is done but `corrections` (`409` `customer_deleted`).
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    request_body(content = CompleteBody, example = json!({"answer": "A copy was handed over."})),
    responses((status = 200, description = "Done.", body = PrivacyRequestBody, example = json!(privacy_request_example())), WriteProblems))]
#[post("/privacy-requests/{id}/complete")]
pub async fn complete_privacy_request(
    may: May<ManageRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<CompleteBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let body = body.into_inner();
    once(&app, &may, &req, &digest, async |work| {
        let view = privacy_requests::complete(&app, &may, work, id.get(), body.answer).await?;
        Reply::ok(&PrivacyRequestBody::from(view))
    })
    .await
}

/// Turn a request down.
///
/// On a ground that the law of the request knows for its right, with an explanation. What the person may do about it (court, authority) is kept with it and told by letter.
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    request_body(content = RejectBody, example = json!({"ground": "found_correct", "explanation": "The address was checked against the contract."})),
    responses((status = 200, description = "Turned down.", body = PrivacyRequestBody, example = json!(privacy_request_example())), WriteProblems))]
#[post("/privacy-requests/{id}/reject")]
pub async fn reject_privacy_request(
    may: May<ManageRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<RejectBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let body = body.into_inner();
    once(&app, &may, &req, &digest, async |work| {
        let view = privacy_requests::reject(&app, &may, work, id.get(), &body.ground, body.explanation).await?;
        Reply::ok(&PrivacyRequestBody::from(view))
    })
    .await
}

/// Take a request back.
///
/// As its requester said. Of others that pointed to it the next one stands.
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    responses((status = 200, description = "Taken back.", body = PrivacyRequestBody, example = json!(privacy_request_example())), WriteProblems))]
#[post("/privacy-requests/{id}/cancel")]
pub async fn cancel_privacy_request(
    may: May<ManageRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        let view = privacy_requests::cancel(&app, &may, work, id.get()).await?;
        Reply::ok(&PrivacyRequestBody::from(view))
    })
    .await
}
