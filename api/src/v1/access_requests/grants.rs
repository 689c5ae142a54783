//! Rights that end by themselves.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::{App, access_requests};
use custodian_persistence::access_requests::GrantFilter;
use uuid::Uuid;

use super::ReadGrants;
use super::bodies::{GrantBody, grant_example};
use crate::http::{
    ETag, Empty, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, WriteProblems, once,
    single,
};

/// List grants.
///
/// Newest first: those that one has, and those that came from requests which one decided; everybody's for who holds `grants.revoke` or `audit.read`. Those in force by
/// `in_force=true`; rights that were given and never used by `used=false`.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])),
    params(("in_force" = Option<bool>, Query, description = "In force now, or not any more"),
        ("used" = Option<bool>, Query, description = "Used at least once, or never"),
        ("user_id" = Option<Uuid>, Query, description = "Of this person"),
        ("customer_id" = Option<Uuid>, Query, description = "To this customer"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of grants.", body = Listing<GrantBody>,
        example = json!({"data": [grant_example()], "next_cursor": null})), ListProblems))]
#[get("/grants")]
pub async fn list_grants(may: May<ReadGrants>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/grants", &query);
    let filter = GrantFilter {
        in_force: query.parsed("in_force", "invalid_boolean"),
        used: query.parsed("used", "invalid_boolean"),
        user: query.uuid("user_id"),
        customer: query.uuid("customer_id"),
        concerning: None,
        before: pages.id_position(&mut query)?,
    };
    let limit = query.limit();
    query.done()?;
    let (rows, next) = access_requests::list_grants(&app, &may, filter, limit).await?;
    let data = rows.into_iter().map(GrantBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Read one grant.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the grant")),
    description = "For who has it, who decided about it, and who watches over all.",
    responses((status = 200, description = "The grant.", body = GrantBody, example = json!(grant_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/grants/{id}")]
pub async fn show_grant(
    may: May<ReadGrants>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let body = GrantBody::from(access_requests::find_grant(&app, &may, id.get()).await?);
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}

/// Revoke a grant.
///
/// Ends it for every request that begins after this, on every instance: by who has it, who decided about it, or who holds `grants.revoke`.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the grant")),
    responses((status = 200, description = "Ended.", body = GrantBody, example = json!(grant_example())), WriteProblems))]
#[post("/grants/{id}/revoke")]
pub async fn revoke_grant(
    may: May<ReadGrants>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        Reply::ok(&GrantBody::from(access_requests::revoke_grant(&app, &may, work, id.get()).await?))
    })
    .await
}
