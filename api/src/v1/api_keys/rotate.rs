//! Another secret for a key, with the old one working on for a while.

use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use custodian_application::{App, api_keys};
use custodian_domain::kernel::ApiKeyId;
use custodian_persistence::Work;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{CreatedApiKeyBody, ManageApiKeys, body, created_example};
use crate::http::{Body, Id, May, Problem, Reply, Valid, WriteProblems, once};

/// How long both secrets work.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateApiKeyBody {
    /// Minutes that the secret until now works on: 0 to 10080, a day by default.
    #[serde(default = "a_day")]
    #[schema(minimum = 0, maximum = 10080, default = 1440)]
    overlap_minutes: i32,
}

const fn a_day() -> i32 {
    1440
}

impl Body for RotateApiKeyBody {}

/// Rotate the secret of a partner key.
///
/// The new secret is in this answer and nowhere else. The one until now works until the overlap is over; one before that ends at once.
#[utoipa::path(
    tag = "api-keys", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the key")),
    request_body(content = RotateApiKeyBody, example = json!({"overlap_minutes": 1440})),
    responses((status = 200, description = "Rotated.", body = CreatedApiKeyBody, example = json!(created_example())), WriteProblems))]
#[post("/api-keys/{id}/rotate")]
pub async fn rotate_api_key(
    may: May<ManageApiKeys>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<ApiKeyId>,
    rotation: Valid<RotateApiKeyBody>,
) -> Result<Reply, Problem> {
    let overlap = chrono::Duration::minutes(i64::from(rotation.overlap_minutes));
    let reply = once(&app, &may, &req, rotation.digest(), async |work: &Work| {
        let (row, secret) = api_keys::rotate(&app, &may, work, id.get(), overlap).await?;
        Reply::ok(&CreatedApiKeyBody { key: body(row, true), secret: secret.expose().to_owned() })
    })
    .await?;
    // A secret is shown once. Whoever lost the answer rotates again.
    if reply.is_replay() { Err(Problem::of("idempotency_result_withheld")) } else { Ok(reply) }
}
