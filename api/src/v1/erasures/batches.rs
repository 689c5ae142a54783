//! Erasures of many: previewed, proposed by one, decided by another, followed.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::{App, erasures};
use custodian_domain::erasures::{BatchOutcome, BatchState, Origin};
use custodian_persistence::erasures::BatchFilter;
use uuid::Uuid;

use super::batch_bodies::{
    ApproveErasureBatchBody, DenyErasureBatchBody, ErasureBatchBody, ErasureBatchMemberBody, ErasureBatchPreviewBody,
    NewErasureBatchBody, PreviewErasureBatchBody, batch_example, batch_preview_example, member_example,
};
use super::{ReadErasures, RequestErasures};
use crate::http::{
    ETag, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems, once,
    single,
};

/// Preview an erasure of many.
///
/// How many match, how many a legal hold or a term of law keeps, how many are left out as their processing is restricted, how many rows would go, and what stays on what
/// ground. Nothing is opened and nothing is changed.
#[utoipa::path(
    tag = "erasures", security(("bearer" = [])),
    request_body(content = PreviewErasureBatchBody, example = json!({"filter": {"stage": "lost"}})),
    responses((status = 200, description = "What it comes to.", body = ErasureBatchPreviewBody, example = json!(batch_preview_example())), WriteProblems))]
#[post("/erasure-batches/preview")]
pub async fn preview_erasure_batch(
    may: May<RequestErasures>,
    app: Data<App>,
    body: Valid<PreviewErasureBatchBody>,
) -> Result<Reply, Problem> {
    let preview = erasures::preview_batch(&app, &may, &body.into_inner().filter.into()).await?;
    Ok(Reply::ok(&ErasureBatchPreviewBody::from(preview))?)
}

/// Propose an erasure of many.
///
/// Of everybody who matches now, 10,000 at most; whoever comes to match later is not among them. Nobody is erased before somebody else allows it.
#[utoipa::path(
    tag = "erasures", security(("bearer" = [])),
    request_body(content = NewErasureBatchBody, example = json!({"filter": {"stage": "lost"}, "ground": "purpose_done", "reason": "The campaign is over"})),
    responses((status = 201, description = "Proposed; `Location` names it.", body = ErasureBatchBody, example = json!(batch_example())), WriteProblems))]
#[post("/erasure-batches")]
pub async fn propose_erasure_batch(
    may: May<RequestErasures>,
    app: Data<App>,
    req: HttpRequest,
    body: Valid<NewErasureBatchBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let Some(new) = body.into_inner().into_new() else { return Err(Problem::of("invalid_body")) };
    once(&app, &may, &req, &digest, async |work| {
        let body = ErasureBatchBody::from(erasures::propose_batch(&app, &may, work, new).await?);
        Reply::created(&format!("/v1/erasure-batches/{}", body.id), &body)
    })
    .await
}

/// List erasures of many.
///
/// Newest first; by `state`, and by `origin`: with `unasked` those that the service proposes because a purpose is done, a time of keeping is over or a consent was withdrawn, and
/// nothing else holds the people here (PIPL art. 47).
#[utoipa::path(
    tag = "erasures", security(("bearer" = [])),
    params(("state" = Option<String>, Query, description = "`pending`, `running`, `done`, `denied` or `cancelled`"),
        ("origin" = Option<String>, Query, description = "`asked` or `unasked`"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of them.", body = Listing<ErasureBatchBody>,
        example = json!({"data": [batch_example()], "next_cursor": null})), ListProblems))]
#[get("/erasure-batches")]
pub async fn list_erasure_batches(
    may: May<ReadErasures>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/erasure-batches", &query);
    let states: Vec<&'static str> = BatchState::ALL.iter().map(|state| state.as_str()).collect();
    let origins: Vec<&'static str> = Origin::ALL.iter().map(|origin| origin.as_str()).collect();
    let filter = BatchFilter {
        state: query.choice("state", &states).map(str::to_owned),
        origin: query.choice("origin", &origins).map(str::to_owned),
        before: pages.id_position(&mut query)?,
    };
    let limit = query.limit();
    query.done()?;
    let (views, next) = erasures::list_batches(&app, &may, filter, limit).await?;
    let data = views.into_iter().map(ErasureBatchBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Read an erasure of many.
#[utoipa::path(
    tag = "erasures", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the proposal")),
    description = "Where it stands, and how many came to which outcome.",
    responses((status = 200, description = "The proposal.", body = ErasureBatchBody, example = json!(batch_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/erasure-batches/{id}")]
pub async fn show_erasure_batch(
    may: May<ReadErasures>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let body = ErasureBatchBody::from(erasures::find_batch(&app, &may, id.get()).await?);
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}

/// List whom an erasure of many is about.
///
/// Each with what became of them, and the id of their erasure, which has a certificate of its own.
#[utoipa::path(
    tag = "erasures", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the proposal"),
        ("outcome" = Option<String>, Query, description = "`erased`, `erased_before`, `blocked`, `held`, `restricted` or `failed`"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of people.", body = Listing<ErasureBatchMemberBody>,
        example = json!({"data": [member_example()], "next_cursor": null})), ReadProblems))]
#[get("/erasure-batches/{id}/customers")]
pub async fn list_erasure_batch_customers(
    may: May<ReadErasures>,
    app: Data<App>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("/v1/erasure-batches/{}/customers", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let outcomes: Vec<&'static str> = BatchOutcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
    let outcome = query.choice("outcome", &outcomes);
    let (after, limit) = (pages.id_position(&mut query)?, query.limit());
    query.done()?;
    let (rows, next) = erasures::list_members(&app, &may, id.get(), outcome, after, limit).await?;
    let data = rows.into_iter().map(ErasureBatchMemberBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Allow an erasure of many.
///
/// By somebody who did not propose it, and who repeats how many it is about. One job goes from one person to the next: legal holds keep whom they bind (`held`), statutory terms put off
/// (`blocked`), whoever has had processing restricted is left out unless the ground is `subject_request` (`restricted`), and whoever is erased gets a certificate of their own. A service that is killed goes on where it was.
#[utoipa::path(
    tag = "erasures", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the proposal")),
    request_body(content = ApproveErasureBatchBody, example = json!({"customers": 312})),
    responses((status = 202, description = "Allowed; `Location` names the job.", body = ErasureBatchBody, example = json!(batch_example())), WriteProblems))]
#[post("/erasure-batches/{id}/approve")]
pub async fn approve_erasure_batch(
    may: May<RequestErasures>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<ApproveErasureBatchBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let customers = body.into_inner().customers;
    once(&app, &may, &req, &digest, async |work| {
        let body = ErasureBatchBody::from(erasures::approve_batch(&app, &may, work, id.get(), customers).await?);
        Reply::accepted(&format!("/v1/jobs/{}", body.job_id.unwrap_or_default()), &body)
    })
    .await
}

/// Refuse an erasure of many.
///
/// Nobody is erased by it. Whoever proposed it takes it back so.
#[utoipa::path(
    tag = "erasures", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the proposal")),
    request_body(content = DenyErasureBatchBody, example = json!({"reason": "The contract runs on"})),
    responses((status = 200, description = "`denied`, or `cancelled` by who proposed it.", body = ErasureBatchBody, example = json!(batch_example())), WriteProblems))]
#[post("/erasure-batches/{id}/deny")]
pub async fn deny_erasure_batch(
    may: May<RequestErasures>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<DenyErasureBatchBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let reason = body.into_inner().reason;
    once(&app, &may, &req, &digest, async |work| {
        Reply::ok(&ErasureBatchBody::from(erasures::deny_batch(&app, &may, work, id.get(), reason).await?))
    })
    .await
}
