//! A person's own package.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use custodian_application::{App, self_service};

use crate::http::{Oneself, Problem, Query, ReadProblems, no_head};
use crate::v1::privacy_requests::archive;

/// Fetch one's own package.
///
/// Of one's newest completed request of right `access` or `portability`, or of the one named: once, within seven days. See `GET /v1/privacy-requests/{id}/package`. A second
/// try is `package_fetched` and raises an alarm. `HEAD` is not taken (`405`).
#[utoipa::path(
    tag = "self-service", security(("subject" = [])),
    params(("request_id" = Option<uuid::Uuid>, Query, description = "The request; one's newest that has a package when absent")),
    responses((status = 200, description = "The archive.", body = Vec<u8>, content_type = "application/zip"), ReadProblems))]
#[get("/self/package", guard = "no_head")]
pub async fn fetch_own_package(me: Oneself, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let request = query.uuid("request_id");
    query.done()?;
    Ok(archive(self_service::own_package(&app, &me, request).await?))
}
