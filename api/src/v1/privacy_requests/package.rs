//! The package of a request, for who hands it over.

use actix_web::body::BodyStream;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, get};
use custodian_application::App;
use custodian_application::privacy_requests::{self, Package};
use custodian_domain::kernel::DomainError;
use futures_util::stream;
use uuid::Uuid;

use super::ManageRequests;
use crate::http::{Id, May, Problem, ReadProblems, no_head};

/// A package as it leaves.
pub(crate) fn archive(package: Package) -> HttpResponse {
    let name = format!("attachment; filename=\"data-{}.zip\"", package.request);
    let pieces = stream::try_unfold(package, |mut package| async move {
        let piece = package.next().await.map_err(broken)?;
        Ok::<_, std::io::Error>(piece.map(|bytes| (Bytes::from(bytes), package)))
    });
    let mut answer = HttpResponse::Ok();
    answer.content_type("application/zip").insert_header(("Content-Disposition", name));
    answer.body(BodyStream::new(Box::pin(pieces)))
}

/// The connection is cut: an archive must not look whole when it is not.
fn broken(error: DomainError) -> std::io::Error {
    tracing::error!(%error, "a package broke off");
    std::io::Error::other("broken off")
}

/// Fetch the package of a request.
///
/// Of a completed request of right `access` or `portability`, once, within seven days: a ZIP of `data.json` with its schema, `data.csv`, `former_values.csv` (for `access`: what changes replaced, and what lost in a merge), `records.csv`, `attachments.csv`, `consents.csv`, a
/// summary in the person's language, and the files that hang on the person under `attachments/` (under `US-CA` they are named alone). It holds the person's own data and nobody else's: others' identifiers
/// are taken out of free texts and out of the names of files. For `portability` it holds what was given by consent or under a contract, and no files: staff hang them on, and none is known to be
/// provided by the person; the summary says how many were left out. Under `US-CA` no numbers of identity or
/// account. It is made of what is held at that moment and kept nowhere. A second try is `package_fetched` and raises an alarm; once the person is erased the answer is `410` `erased`. `HEAD` is not taken (`405`).
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    responses((status = 200, description = "The archive.", body = Vec<u8>, content_type = "application/zip"), ReadProblems))]
#[get("/privacy-requests/{id}/package", guard = "no_head")]
pub async fn fetch_package(may: May<ManageRequests>, app: Data<App>, id: Id<Uuid>) -> Result<HttpResponse, Problem> {
    Ok(archive(privacy_requests::package(&app, &may, id.get()).await?))
}
