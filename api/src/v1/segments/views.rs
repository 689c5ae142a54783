//! Views: each person's own, used as `GET /v1/customers?view=`.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use custodian_application::App;
use custodian_application::segments::{self, ViewView};
use uuid::Uuid;

use super::view_bodies::{NewViewBody, PatchViewBody, ViewBody, view_example};
use super::{ReadSegments, WriteSegments};
use crate::http::{
    ChangeProblems, ETag, Id, IfMatch, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid,
    ValidPatch, WriteProblems, once, page_of, single,
};

const PATH: &str = "/v1/views";

fn tag(view: &ViewView, rights: &[u8; 32]) -> ETag {
    ETag::new(i64::from(view.row.version), rights)
}

/// List views.
///
/// One's own, oldest first; nobody else sees them.
#[utoipa::path(
    tag = "segments", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of views.", body = Listing<ViewBody>,
        example = json!({"data": [view_example()], "next_cursor": null})), ListProblems))]
#[get("/views")]
pub async fn list_views(may: May<ReadSegments>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), PATH, &query);
    let data = segments::list_views(&app, &may).await?.into_iter().map(ViewBody::from).collect();
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// Make a view.
///
/// Columns, order and filter of one's own list. `GET /v1/customers?view=` uses it, each time with the rights that one has then: a column that was closed since is not shown, a
/// filter by a field that was closed since is refused.
#[utoipa::path(
    tag = "segments", security(("bearer" = [])),
    request_body(content = NewViewBody, example = json!({"name": "My calls", "columns": ["name", "mobile"], "sort": "-updated_at", "filter": {"stage": "prospect"}})),
    responses((status = 201, description = "Made; `Location` names it.", body = ViewBody, example = json!(view_example())), WriteProblems))]
#[post("/views")]
pub async fn create_view(
    may: May<WriteSegments>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewViewBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let draft = new.into_inner().into_draft().ok_or_else(|| Problem::of("invalid_body"))?;
    once(&app, &may, &req, &digest, async |work| {
        let made = segments::create_view(&app, &may, work, draft).await?;
        let (location, tag) = (format!("{PATH}/{}", made.row.id), tag(&made, &may.identity.rights));
        Ok(Reply::created(&location, &ViewBody::from(made))?.etag(tag))
    })
    .await
}

/// Read one view.
#[utoipa::path(
    tag = "segments", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the view")),
    description = "One of one's own.",
    responses((status = 200, description = "The view.", body = ViewBody, example = json!(view_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/views/{id}")]
pub async fn show_view(
    may: May<ReadSegments>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let view = segments::find_view(&app, &may, id.get()).await?;
    single(&req, tag(&view, &may.identity.rights), &ViewBody::from(view))
}

/// Change a view.
///
/// JSON Merge Patch; columns, `filter` and `q` are replaced whole.
#[utoipa::path(
    tag = "segments", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the view")),
    request_body(content = PatchViewBody, content_type = "application/merge-patch+json", example = json!({"sort": "created_at"})),
    responses((status = 200, description = "As it is now.", body = ViewBody, example = json!(view_example())), ChangeProblems))]
#[patch("/views/{id}")]
pub async fn change_view(
    may: May<WriteSegments>,
    app: Data<App>,
    id: Id<Uuid>,
    if_match: IfMatch,
    body: ValidPatch<PatchViewBody>,
) -> Result<Reply, Problem> {
    let draft = body.into_inner().into_draft().ok_or_else(|| Problem::of("invalid_body"))?;
    let work = app.begin(may.organization()).await?;
    let admits = |version: i32| if_match.check(i64::from(version));
    let changed = segments::patch_view(&app, &may, &work, id.get(), admits, draft).await;
    let changed = work.settle(changed).await?;
    let tag = tag(&changed, &may.identity.rights);
    Ok(Reply::ok(&ViewBody::from(changed))?.etag(tag))
}

/// Delete a view.
///
/// Nothing else changes.
#[utoipa::path(
    tag = "segments", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the view")),
    responses((status = 204, description = "Deleted."), ChangeProblems))]
#[delete("/views/{id}")]
pub async fn delete_view(
    may: May<WriteSegments>,
    app: Data<App>,
    id: Id<Uuid>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let work = app.begin(may.organization()).await?;
    let admits = |version: i32| if_match.check(i64::from(version));
    let deleted = segments::delete_view(&app, &may, &work, id.get(), admits).await;
    work.settle(deleted).await?;
    Ok(HttpResponse::NoContent().finish())
}
