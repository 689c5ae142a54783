//! Exports: files of customers, asked for, approved, prepared, and taken away once.

mod bodies;
mod download;
mod trace;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::{App, exports};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(crate) use self::bodies::{ExportBody, dataset_example};
use self::bodies::{NewExportBody, export_example};
use crate::http::{
    ETag, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems, once,
    single,
};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_exports)
        .service(create_export)
        .service(show_export)
        .service(download::make_export_link)
        .service(download::download_export)
        .service(trace::trace_leak);
}

needs! {
    /// Follows files.
    ReadExports = ExportsRead;
    /// Asks for files and takes them away.
    RequestExports = ExportsRequest;
    /// Finds out which file a value came from.
    TraceLeaks = LeakTracesRun;
}

const PATH: &str = "/v1/exports";

/// List exports.
///
/// Newest first: one's own; everybody's for who holds `leak_traces.run` or `audit.read`. Those that wait for one's own decision stand in
/// `GET /v1/access-requests?waiting=true`.
#[utoipa::path(
    tag = "exports", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of exports.", body = Listing<ExportBody>,
        example = json!({"data": [export_example()], "next_cursor": null})), ListProblems))]
#[get("/exports")]
pub async fn list_exports(may: May<ReadExports>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), PATH, &query);
    let (limit, before) = (query.limit(), pages.id_position(&mut query)?);
    query.done()?;
    let (views, next) = exports::list(&app, &may, before, limit).await?;
    let data = views.into_iter().map(ExportBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Ask for an export.
///
/// A file of those in one's own reach who match the `filter` now. It waits for approval: `POST /v1/access-requests/{id}/approve` with the export's own id, by those whom
/// `/v1/approval-policies` finds for kind `export`, never by the requester. The approval is for this filter, these fields, this format, purpose and number of rows. Then it is
/// prepared: scope, consent, restriction and deletion are looked at anew for each person, and `left_out` says how many are not in it and why. The file carries the export's id
/// on every row, and one row about nobody that `POST /v1/leak-traces` knows again.
#[utoipa::path(
    tag = "exports", security(("bearer" = [])),
    request_body(content = NewExportBody, example = json!({"filter": {"stage": "customer"}, "fields": ["name", "mobile"], "format": "csv", "purpose": "care",
        "reason": "Letters about the new opening hours", "row_limit": 5000})),
    responses((status = 201, description = "Asked for; `Location` names it.", body = ExportBody, example = json!(export_example())), WriteProblems))]
#[post("/exports")]
pub async fn create_export(
    may: May<RequestExports>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewExportBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let new = new.into_inner().into_export().ok_or_else(|| Problem::of("invalid_body"))?;
    once(&app, &may, &req, &digest, async |work| {
        let made = exports::create(&app, &may, work, new).await?;
        let location = format!("{PATH}/{}", made.row.id);
        Reply::created(&location, &ExportBody::from(made))
    })
    .await
}

/// Read one export.
///
/// For who asked for it, who is or was asked about it, and who traces leaks or reads the log. It is `pending` until it is approved (or `denied`, `cancelled`, `lapsed`), then
/// `approved`, `preparing` with its progress, `ready` for a day, and in the end `downloaded` or `expired`; `failed` when it cannot be written or its requester may no longer have it.
#[utoipa::path(
    tag = "exports", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the export")),
    responses((status = 200, description = "The export.", body = ExportBody, example = json!(export_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/exports/{id}")]
pub async fn show_export(
    may: May<ReadExports>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let body = ExportBody::from(exports::find(&app, &may, id.get()).await?);
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}
