//! Undoing a whole import.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::{App, imports};
use custodian_domain::kernel::JobId;
use custodian_persistence::imports::ChangeRow;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::may::{FollowImports, RunImports};
use super::upload::ImportBody;
use crate::http::{Empty, Id, Listing, May, Pages, Problem, Query, ReadProblems, Reply, WriteProblems, once};

/// A customer or record that an undoing left as it is.
#[derive(Serialize, ToSchema)]
pub struct ImportKeptBody {
    /// Its id.
    id: Uuid,
    /// The import made it, and did not only change it.
    made: bool,
    /// `changed_since` by somebody; `has_records` of other sources; `gone` already; `value_taken`: a unique value that it had is somebody else's by now;
    /// `outside_scope` of who undid the import; `customer_restricted`: the person has had processing restricted.
    code: String,
}

impl From<ChangeRow> for ImportKeptBody {
    fn from(row: ChangeRow) -> Self {
        let ChangeRow { thing, version: _, made, kept } = row;
        Self { id: thing, made, code: kept.unwrap_or_default() }
    }
}

/// Undo an import.
///
/// Within seven days, once: the customers or records that it made are taken out of use, those that it changed get back what they were, as a new version; what somebody
/// changed since, or hung records on, stays as it is and is listed at `GET /v1/imports/{id}/kept`. By who ran it, or by who may delete what it made. `Location` names the job.
#[utoipa::path(
    tag = "imports", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the import's job")),
    responses((status = 202, description = "Queued.", body = ImportBody, headers(("Location" = String, description = "The job to follow")),
        example = json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "state": "queued"})), WriteProblems))]
#[post("/imports/{id}/undo")]
pub async fn undo_import(
    may: May<RunImports>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<JobId>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        let job = imports::undo(&app, &may, work, id.get()).await?.uuid();
        Reply::accepted(&format!("/v1/jobs/{job}"), &ImportBody::queued(job))
    })
    .await
}

/// List what an undoing left as it is.
///
/// In order of id, each with the reason.
#[utoipa::path(
    tag = "imports", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the import's job"), ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of customers or records.", body = Listing<ImportKeptBody>,
        example = json!({"data": [{"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "made": true, "code": "changed_since"}], "next_cursor": null})), ReadProblems))]
#[get("/imports/{id}/kept")]
pub async fn list_import_kept(
    may: May<FollowImports>,
    app: Data<App>,
    id: Id<JobId>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), &format!("/v1/imports/{}/kept", id.get()), &query);
    let (limit, position) = (query.limit(), pages.position(&mut query)?);
    query.done()?;
    let after = position.map(|bytes| Uuid::from_slice(&bytes).map_err(|_| Problem::of("invalid_cursor")));
    let after = after.transpose()?.unwrap_or_default();
    let mut rows = imports::kept(&app, &may, id.get(), after, limit + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| more).map(|last| pages.seal(last.thing.as_bytes()));
    let data: Vec<ImportKeptBody> = rows.into_iter().map(ImportKeptBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor, count: None }))
}
