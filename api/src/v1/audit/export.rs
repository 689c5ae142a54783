//! The log as a file that proves itself.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, get};
use custodian_application::App;
use custodian_application::audit;
use custodian_domain::kernel::DomainError;
use futures_util::stream;

use super::{Number, ReadAudit};
use crate::http::{May, Problem, ProofProblems, Query};

/// Export the log.
///
/// One JSON object a line: a header with the signed checkpoint and the proofs, the entries in the order of their places as they are stored, and a digest of it all.
/// `custodian audit verify` checks it offline, without this server; the form is in `crates/crypto/FORMATS.md`. A connection that is cut leaves a file that is told
/// from a whole one.
#[utoipa::path(
    tag = "audit", security(("bearer" = [])),
    params(("from" = Option<u64>, Query, description = "First place; 0 if absent"),
        ("to" = Option<u64>, Query, description = "The place behind the last; the size of the newest checkpoint if absent")),
    responses((status = 200, description = "The export.", body = String, content_type = "application/x-ndjson", example = json!(EXAMPLE)), ProofProblems))]
#[get("/audit/export")]
pub async fn export_log(may: May<ReadAudit>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let from = query.parsed::<Number>("from", "invalid_number").map(|Number(from)| from);
    let to = query.parsed::<Number>("to", "invalid_number").map(|Number(to)| to);
    query.done()?;
    let export = audit::export(&app, &may, from, to).await?;
    let blocks = stream::try_unfold(export, |mut export| async move {
        let block = export.next().await.map_err(broken)?;
        Ok::<_, std::io::Error>(block.map(|bytes| (Bytes::from(bytes), export)))
    });
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .insert_header(("Content-Disposition", "attachment; filename=\"audit.ndjson\""))
        .streaming(blocks))
}

/// The connection is cut: an export must not look whole when it is not.
fn broken(error: DomainError) -> std::io::Error {
    tracing::warn!(%error, "an export of the log broke off");
    std::io::Error::other("broken off")
}

const EXAMPLE: &str = "{\"v\":1,\"organization\":\"0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10\",\"from\":0,\"to\":1,\"tree_size\":1,\"checkpoint\":\"...\",\"left\":[],\"right\":[]}\n\
    {\"place\":0,\"id\":\"0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11\",\"entry\":\"...\",\"mac\":\"...\"}\n\
    {\"count\":1,\"sha256\":\"...\"}\n";
