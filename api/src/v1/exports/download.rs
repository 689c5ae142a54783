//! Taking a file away.

use actix_web::body::SizedStream;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, post};
use chrono::{DateTime, Utc};
use custodian_application::{App, exports};
use custodian_domain::kernel::DomainError;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::RequestExports;
use crate::http::{Body, Empty, Id, May, Problem, Reply, Valid, WriteProblems, carries_key, once};

/// What a file is taken away with.
#[derive(Serialize, ToSchema)]
pub struct ExportLinkBody {
    /// Shown once; for `POST /v1/exports/{id}/download`.
    token: String,
    /// Until then.
    expires_at: DateTime<Utc>,
}

/// The token of a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DownloadTokenBody {
    /// As it was made.
    #[schema(min_length = 10, max_length = 100)]
    token: String,
}

impl Body for DownloadTokenBody {}

/// Make the link of an export.
///
/// A token of 256 random bits for one's own file that is ready; one that was made before counts no more. It stands in no address, so that none keeps it.
#[utoipa::path(
    tag = "exports", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the export")),
    responses((status = 200, description = "The token.", body = ExportLinkBody,
        example = json!({"token": "cx_6mJm0y3b1Q9x8mFZ7pQd2n5rT4vW1yA3c6e9g2i5k8", "expires_at": "2026-11-23T08:06:00Z"})), WriteProblems))]
#[post("/exports/{id}/link")]
pub async fn make_export_link(
    may: May<RequestExports>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        let link = exports::link(&app, &may, work, id.get()).await?;
        Reply::ok(&ExportLinkBody { token: link.token.expose().to_owned(), expires_at: link.expires_at })
    })
    .await
}

/// Download an export.
///
/// Once, by its requester alone, with the newest token: with the first byte the file is gone, whatever becomes of the connection, and an `Idempotency-Key` does not bring it
/// back. There are no ranges. Its SHA-256 stands in the export and in the audit log. Where somebody in it was deleted, restricted or has withdrawn since it was written, it is
/// prepared anew without them (`export_not_ready`).
#[utoipa::path(
    tag = "exports", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the export")),
    request_body(content = DownloadTokenBody, example = json!({"token": "cx_6mJm0y3b1Q9x8mFZ7pQd2n5rT4vW1yA3c6e9g2i5k8"})),
    responses((status = 200, description = "The file.", content(
        (String = "text/csv", example = json!("\"id\",\"name\",\"custodian_export\"\r\n")),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (String = "application/x-ndjson", example = json!("{\"id\":\"0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10\",\"name\":\"张三\",\"custodian_export\":\"0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a70\"}\n")))), WriteProblems))]
#[post("/exports/{id}/download")]
pub async fn download_export(
    may: May<RequestExports>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<DownloadTokenBody>,
) -> Result<HttpResponse, Problem> {
    carries_key(&req)?;
    let file = exports::download(&app, &may, id.get(), &body.token).await?;
    let name = format!("attachment; filename=\"export-{}.{}\"", id.get(), file.format.as_str());
    let (media, size) = (file.format.media(), file.size);
    let blocks = stream::try_unfold(file, |mut file| async move {
        let block = file.next().await.map_err(broken)?;
        Ok::<_, std::io::Error>(block.map(|bytes| (Bytes::from(bytes), file)))
    });
    let mut answer = HttpResponse::Ok();
    answer.content_type(media).insert_header(("Content-Disposition", name));
    Ok(answer.body(SizedStream::new(size, blocks)))
}

/// The connection is cut: a file must not look whole when it is not.
fn broken(error: DomainError) -> std::io::Error {
    tracing::warn!(%error, "a download broke off");
    std::io::Error::other("broken off")
}
