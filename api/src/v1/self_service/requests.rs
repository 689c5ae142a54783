//! A person's own requests.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::{App, self_service};
use uuid::Uuid;

use super::bodies::{NewOwnRequestBody, OwnRequestBody, own_request_example};
use crate::http::{
    ETag, Empty, Id, ListProblems, Listing, Oneself, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems,
    once, single,
};

const PATH: &str = "/v1/self/privacy-requests";

/// List one's own requests.
///
/// Newest first: those that were proved to be one's own, however they came in.
#[utoipa::path(
    tag = "self-service", security(("subject" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of requests.", body = Listing<OwnRequestBody>,
        example = json!({"data": [own_request_example()], "next_cursor": null})), ListProblems))]
#[get("/self/privacy-requests")]
pub async fn list_own_requests(me: Oneself, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let path = format!("{PATH}/{}", me.identity.actor_id());
    let pages = Pages::new(app.cursor_key(), me.organization(), &path, &query);
    let (limit, before) = (query.limit(), pages.id_position(&mut query)?);
    query.done()?;
    let (views, next) = self_service::list_own(&app, &me, before, limit).await?;
    let data = views.into_iter().map(OwnRequestBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Make a request about oneself.
///
/// The code that opened the session is the proof of who asks, so it is in progress at once. `rectification` names in `corrections` what is to stand in place of what does,
/// in values as `PATCH /v1/customers/{id}` takes them.
#[utoipa::path(
    tag = "self-service", security(("subject" = [])),
    request_body(content = NewOwnRequestBody, example = json!({"right": "rectification", "jurisdiction": "EU", "corrections": {"address": "2 Harbour Street"}})),
    responses((status = 201, description = "Filed; `Location` names the request.", body = OwnRequestBody, example = json!(own_request_example())), WriteProblems))]
#[post("/self/privacy-requests")]
pub async fn create_own_request(
    me: Oneself,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewOwnRequestBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let new = new.into_inner().into_request().ok_or_else(|| Problem::of("invalid_body"))?;
    once(&app, &me, &req, &digest, async |work| {
        let filed = self_service::create_own(&app, &me, work, new).await?;
        Reply::created(&format!("{PATH}/{}", filed.row.id), &OwnRequestBody::from(filed))
    })
    .await
}

/// Read one of one's own requests.
#[utoipa::path(
    tag = "self-service", security(("subject" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    description = "Where it stands, and how it was answered.",
    responses((status = 200, description = "The request.", body = OwnRequestBody, example = json!(own_request_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/self/privacy-requests/{id}")]
pub async fn show_own_request(
    me: Oneself,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let view = self_service::find_own(&app, &me, id.get()).await?;
    let tag = ETag::new(i64::from(view.row.version), &me.identity.rights);
    single(&req, tag, &OwnRequestBody::from(view))
}

/// Take one of one's own requests back.
#[utoipa::path(
    tag = "self-service", security(("subject" = [])), params(("id" = Uuid, Path, description = "Id of the request")),
    description = "As long as it is open.",
    responses((status = 200, description = "Taken back.", body = OwnRequestBody, example = json!(own_request_example())), WriteProblems))]
#[post("/self/privacy-requests/{id}/cancel")]
pub async fn cancel_own_request(
    me: Oneself,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &me, &req, &none.0, async |work| {
        Reply::ok(&OwnRequestBody::from(self_service::cancel_own(&app, &me, work, id.get()).await?))
    })
    .await
}
