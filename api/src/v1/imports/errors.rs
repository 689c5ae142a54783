//! The records that an import refused, as a list or as a download.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use custodian_application::{App, Call, imports};
use custodian_domain::kernel::{DomainError, JobId};
use custodian_persistence::imports::ImportError;
use futures_util::stream;

use super::may::FollowImports;
use crate::http::{Id, Listing, May, Pages, Problem, Query, ReadProblems};
use crate::v1::jobs::RowErrorBody;

/// Rows fetched at once for a download.
const BLOCK: usize = 1_000;

/// List an import's refused records.
///
/// Line, field and code of each fault in line order, never the value. With `Accept: text/csv` all of them as one download.
#[utoipa::path(
    tag = "imports", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the import's job"), ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of faults, or all of them as `text/csv`.", body = Listing<RowErrorBody>,
        example = json!({"data": [{"line": 8, "field": "mobile", "code": "invalid_mobile"}], "next_cursor": null})), ReadProblems))]
#[get("/imports/{id}/errors")]
pub async fn list_import_errors(
    may: May<FollowImports>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<JobId>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let wants_csv =
        req.headers().get("accept").and_then(|v| v.to_str().ok()).is_some_and(|accept| accept.contains("text/csv"));
    let pages = Pages::new(app.cursor_key(), may.organization(), &format!("/v1/imports/{}/errors", id.get()), &query);
    let (limit, position) = (query.limit(), pages.position(&mut query)?);
    query.done()?;
    if wants_csv {
        return download(may.into_call(), app, id.get()).await;
    }
    let after = position
        .map(|bytes| serde_json::from_slice::<(i64, String, String)>(&bytes).map_err(|_| Problem::of("invalid_cursor")))
        .transpose()?;
    let after = after.map(|(line, field, code)| ImportError { line, field, code });
    let mut errors = imports::errors(&app, &may, id.get(), after.as_ref(), limit + 1).await?;
    let more = errors.len() > limit;
    errors.truncate(limit);
    let next_cursor = errors
        .last()
        .filter(|_| more)
        .map(|last| pages.seal(&serde_json::to_vec(&(last.line, &last.field, &last.code)).unwrap_or_default()));
    Ok(HttpResponse::Ok().json(Listing {
        data: errors.into_iter().map(RowErrorBody::from).collect(),
        next_cursor,
        count: None,
    }))
}

/// Streams every fault, block by block. Keys and codes need no quotes.
async fn download(call: Call, app: Data<App>, id: JobId) -> Result<HttpResponse, Problem> {
    let first = imports::errors(&app, &call, id, None, BLOCK).await?;
    let head = Bytes::from_static(b"line,field,code\r\n");
    let blocks = stream::try_unfold((Some(first), call, app), move |(block, call, app)| async move {
        let Some(block) = block else {
            return Ok::<_, std::io::Error>(None);
        };
        let next = match block.last() {
            Some(last) if block.len() == BLOCK => {
                Some(imports::errors(&app, &call, id, Some(last), BLOCK).await.map_err(broken)?)
            }
            _ => None,
        };
        let text: String = block.iter().map(|e| format!("{},{},{}\r\n", e.line, e.field, e.code)).collect();
        Ok(Some((Bytes::from(text), (next, call, app))))
    });
    let body = futures_util::StreamExt::chain(stream::once(async move { Ok(head) }), blocks);
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(("Content-Disposition", format!("attachment; filename=\"import-{id}-errors.csv\"")))
        .streaming(body))
}

/// The connection is cut: a download must not look whole when it is not.
fn broken(error: DomainError) -> std::io::Error {
    tracing::warn!(%error, "a download broke off");
    std::io::Error::other("broken off")
}
