//! The end of a restriction.

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
use super::bodies::{PrivacyRequestBody, privacy_request_example};
use crate::http::{Body, Empty, Id, May, Problem, Reply, Valid, WriteProblems, once};
use crate::v1::retention::blank;

/// Why a restriction will end.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnounceBody {
    /// Said to the person, and kept sealed.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
}

impl Body for AnnounceBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        blank(value, "reason").into_iter().collect()
    }
}

/// Announce the end of a restriction.
///
/// Of a completed request of right `restriction`: the person is told by letter that their data will be used again (GDPR art. 18(3)), and that they were told is kept.
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    request_body(content = AnnounceBody, example = json!({"reason": "What was contested was checked and found correct."})),
    responses((status = 200, description = "Announced.", body = PrivacyRequestBody, example = json!(privacy_request_example())), WriteProblems))]
#[post("/privacy-requests/{id}/announce-lifting")]
pub async fn announce_lifting(
    may: May<ManageRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<AnnounceBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let reason = body.into_inner().reason;
    once(&app, &may, &req, &digest, async |work| {
        let view = privacy_requests::announce_lifting(&app, &may, work, id.get(), reason).await?;
        Reply::ok(&PrivacyRequestBody::from(view))
    })
    .await
}

/// Lift a restriction.
///
/// Only after its end was announced. The person's data is in use again, unless another restriction is in force.
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    responses((status = 200, description = "Lifted.", body = PrivacyRequestBody, example = json!(privacy_request_example())), WriteProblems))]
#[post("/privacy-requests/{id}/lift")]
pub async fn lift_restriction(
    may: May<ManageRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        let view = privacy_requests::lift(&app, &may, work, id.get()).await?;
        Reply::ok(&PrivacyRequestBody::from(view))
    })
    .await
}
