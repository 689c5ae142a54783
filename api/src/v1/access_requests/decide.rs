//! Approving, denying and taking back.

use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use custodian_application::{App, access_requests};
use uuid::Uuid;

use super::bodies::{DecideBody, RequestBody, ReviewOutcomeBody, request_example};
use super::{CreateRequest, DecideRequests};
use crate::http::{Empty, Id, May, Problem, Reply, Valid, WriteProblems, once};

/// Approve an access request.
///
/// By somebody whom its present step asks, never by the requester or who stands in for them, and by one person for one step alone. With the last step the right begins.
/// It takes a proof of who one is that is not older than five minutes (`POST /v1/auth/step-up`). Of decisions made at the same moment one counts; the others get `already_decided`.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    request_body(content = DecideBody, example = json!({"comment": "For this contract alone"})),
    responses((status = 200, description = "Approved, or passed on to the next step.", body = RequestBody, example = json!(request_example())), WriteProblems))]
#[post("/access-requests/{id}/approve")]
pub async fn approve_access_request(
    may: May<DecideRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<DecideBody>,
) -> Result<Reply, Problem> {
    let (digest, comment) = (*body.digest(), body.into_inner().comment());
    once(&app, &may, &req, &digest, async |work| {
        let view = access_requests::approve(&app, &may, work, id.get(), comment.as_deref()).await?;
        Reply::ok(&RequestBody::from(view))
    })
    .await
}

/// Deny an access request.
///
/// By somebody whom its present step asks. One no ends the request.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    request_body(content = DecideBody, example = json!({"comment": "The mask is enough for this"})),
    responses((status = 200, description = "Denied.", body = RequestBody, example = json!(request_example())), WriteProblems))]
#[post("/access-requests/{id}/deny")]
pub async fn deny_access_request(
    may: May<DecideRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<DecideBody>,
) -> Result<Reply, Problem> {
    let (digest, comment) = (*body.digest(), body.into_inner().comment());
    once(&app, &may, &req, &digest, async |work| {
        let view = access_requests::deny(&app, &may, work, id.get(), comment.as_deref()).await?;
        Reply::ok(&RequestBody::from(view))
    })
    .await
}

/// Take a request back.
///
/// One's own, as long as it is pending. A right that was given already is ended by `POST /v1/grants/{id}/revoke`.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    responses((status = 200, description = "Taken back.", body = RequestBody, example = json!(request_example())), WriteProblems))]
#[post("/access-requests/{id}/cancel")]
pub async fn cancel_access_request(
    may: May<CreateRequest>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        Reply::ok(&RequestBody::from(access_requests::cancel(&app, &may, work, id.get()).await?))
    })
    .await
}

/// Close the review of an emergency.
///
/// By somebody whom the policy for emergencies asks, never by who made it or stands in for them. `unjustified` ends what it gave, if it has not ended by itself.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    request_body(content = ReviewOutcomeBody, example = json!({"outcome": "justified", "comment": "The customer was in danger"})),
    responses((status = 200, description = "Reviewed.", body = RequestBody, example = json!(request_example())), WriteProblems))]
#[post("/access-requests/{id}/review")]
pub async fn review_emergency(
    may: May<DecideRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<ReviewOutcomeBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let (justified, comment) = body.into_inner().into_parts();
    once(&app, &may, &req, &digest, async |work| {
        let view = access_requests::review(&app, &may, work, id.get(), justified, comment.as_deref()).await?;
        Reply::ok(&RequestBody::from(view))
    })
    .await
}
