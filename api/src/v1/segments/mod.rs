//! Segments: filters that are kept and counted live, the tiers that they give, and views of the list.

mod bodies;
mod tier;
mod view_bodies;
mod views;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use custodian_application::App;
use custodian_application::segments::{self, SegmentView};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use self::bodies::{NewSegmentBody, PatchSegmentBody, SegmentBody, segment_example};
use crate::http::{
    ChangeProblems, ETag, Id, IfMatch, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid,
    ValidPatch, WriteProblems, once, single,
};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_segments)
        .service(create_segment)
        .service(show_segment)
        .service(change_segment)
        .service(delete_segment)
        .service(tier::list_tier_differences)
        .service(tier::apply_tier)
        .service(views::list_views)
        .service(views::create_view)
        .service(views::show_view)
        .service(views::change_view)
        .service(views::delete_view);
}

needs! {
    /// Reads segments and views.
    ReadSegments = SegmentsRead;
    /// Makes and changes them.
    WriteSegments = SegmentsWrite;
    /// Sets the tier of customers.
    ApplyTier = CustomersWrite;
}

const PATH: &str = "/v1/segments";

fn tag(view: &SegmentView, rights: &[u8; 32]) -> ETag {
    ETag::new(i64::from(view.row.version), rights)
}

/// List segments.
///
/// Those that colleagues share and one's own, oldest first, each with the number of customers in one's own reach who match it now.
#[utoipa::path(
    tag = "segments", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of segments.", body = Listing<SegmentBody>,
        example = json!({"data": [segment_example()], "next_cursor": null})), ListProblems))]
#[get("/segments")]
pub async fn list_segments(may: May<ReadSegments>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), PATH, &query);
    let (limit, after) = (query.limit(), pages.id_position(&mut query)?);
    query.done()?;
    let (views, next) = segments::list(&app, &may, after, limit).await?;
    let data = views.into_iter().map(SegmentBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Make a segment.
///
/// A filter that is kept: `filter` as in exports and access requests, `q` as in the list's `q[...]`. It holds no value that singles out a person (of a sensitive, core or
/// unique field), and looks at no field that its maker may not read. Whoever uses it does so with their own scope and rights. Sharing takes `segments.share`. With a `tier` it
/// says which choice of an enum field its customers are to have. A rule with a `schedule` works by itself, with the rights that its maker has at each run, and takes
/// `customers.write`; `tier_run` tells what came of it.
#[utoipa::path(
    tag = "segments", security(("bearer" = [])),
    request_body(content = NewSegmentBody, example = json!({"name": "Shanghai, active", "shared": false, "filter": {"stage": "customer"}, "q": {"province": "上海"}})),
    responses((status = 201, description = "Made; `Location` names it.", body = SegmentBody, example = json!(segment_example())), WriteProblems))]
#[post("/segments")]
pub async fn create_segment(
    may: May<WriteSegments>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewSegmentBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let draft = new.into_inner().into_draft().ok_or_else(|| Problem::of("invalid_body"))?;
    once(&app, &may, &req, &digest, async |work| {
        let made = segments::create(&app, &may, work, draft).await?;
        let (location, tag) = (format!("{PATH}/{}", made.row.id), tag(&made, &may.identity.rights));
        Ok(Reply::created(&location, &SegmentBody::from(made))?.etag(tag))
    })
    .await
}

/// Read one segment.
#[utoipa::path(
    tag = "segments", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the segment")),
    description = "With the number of customers in one's own reach who match it now. `GET /v1/customers?segment=` lists them.",
    responses((status = 200, description = "The segment.", body = SegmentBody, example = json!(segment_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`; its number may be another."), ReadProblems))]
#[get("/segments/{id}")]
pub async fn show_segment(
    may: May<ReadSegments>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let view = segments::find(&app, &may, id.get()).await?;
    single(&req, tag(&view, &may.identity.rights), &SegmentBody::from(view))
}

/// Change a segment.
///
/// JSON Merge Patch; `filter` and `q` are replaced whole, `tier: null` takes the rule away. A shared one takes `segments.share`; one whose
/// rule has a `schedule` takes `customers.write`, and its rule works with the rights of whoever changed it last from then on, for the first time at once.
#[utoipa::path(
    tag = "segments", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the segment")),
    request_body(content = PatchSegmentBody, content_type = "application/merge-patch+json", example = json!({"name": "Shanghai"})),
    responses((status = 200, description = "As it is now.", body = SegmentBody, example = json!(segment_example())), ChangeProblems))]
#[patch("/segments/{id}")]
pub async fn change_segment(
    may: May<WriteSegments>,
    app: Data<App>,
    id: Id<Uuid>,
    if_match: IfMatch,
    body: ValidPatch<PatchSegmentBody>,
) -> Result<Reply, Problem> {
    let draft = body.into_inner().into_draft().ok_or_else(|| Problem::of("invalid_body"))?;
    let work = app.begin(may.organization()).await?;
    let admits = |version: i32| if_match.check(i64::from(version));
    let changed = segments::patch(&app, &may, &work, id.get(), admits, draft).await;
    let changed = work.settle(changed).await?;
    let tag = tag(&changed, &may.identity.rights);
    Ok(Reply::ok(&SegmentBody::from(changed))?.etag(tag))
}

/// Delete a segment.
///
/// The customers stay as they are.
#[utoipa::path(
    tag = "segments", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the segment")),
    responses((status = 204, description = "Deleted."), ChangeProblems))]
#[delete("/segments/{id}")]
pub async fn delete_segment(
    may: May<WriteSegments>,
    app: Data<App>,
    id: Id<Uuid>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let work = app.begin(may.organization()).await?;
    let admits = |version: i32| if_match.check(i64::from(version));
    let deleted = segments::delete(&app, &may, &work, id.get(), admits).await;
    work.settle(deleted).await?;
    Ok(HttpResponse::NoContent().finish())
}
