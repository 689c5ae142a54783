//! Duties that may not meet in one person.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use custodian_application::{App, roles};
use uuid::Uuid;

use super::bodies::{DutyPairBody, NewDutyPairBody, pair_example};
use super::{ManageRoles, ReadRoles};
use crate::http::{
    ChangeProblems, ETag, Id, IfMatch, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid,
    WriteProblems, once, page_of, single,
};

const PATH: &str = "/v1/roles/separation-of-duties";
/// A pair never changes: it is decided and lifted.
const VERSION: i64 = 1;

/// List duties kept apart.
///
/// Every pair that may not meet in one person, the built-in ones first.
#[utoipa::path(
    tag = "roles", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "Every pair.", body = Listing<DutyPairBody>,
        example = json!({"data": [pair_example()], "next_cursor": null})), ListProblems))]
#[get("/roles/separation-of-duties")]
pub async fn list_duty_pairs(may: May<ReadRoles>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let data = roles::list_duties(&app, &may).await?.into_iter().map(DutyPairBody::from).collect();
    let pages = Pages::new(app.cursor_key(), may.organization(), PATH, &query);
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// Keep two duties apart.
///
/// From now on no role and no person may have both. Refused while somebody has both already (`separation_of_duties`).
#[utoipa::path(
    tag = "roles", security(("bearer" = [])),
    request_body(content = NewDutyPairBody, example = json!({"first": "role:support", "second": "role:finance",
        "reason": "Who hears the complaint does not pay it out."})),
    responses((status = 201, description = "Kept apart; `Location` names the pair.", body = DutyPairBody, example = json!(pair_example())), WriteProblems))]
#[post("/roles/separation-of-duties")]
pub async fn create_duty_pair(
    may: May<ManageRoles>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewDutyPairBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let draft = new.into_inner().into();
    once(&app, &may, &req, &digest, async |work| {
        let made = roles::create_duty(&app, &may, work, draft).await?;
        let location = format!("{PATH}/{}", made.id);
        Ok(Reply::created(&location, &DutyPairBody::from(made))?.etag(ETag::new(VERSION, &may.identity.rights)))
    })
    .await
}

/// Read one pair of duties.
#[utoipa::path(
    tag = "roles", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the pair")),
    description = "One pair that may not meet in one person, and why.",
    responses((status = 200, description = "The pair.", body = DutyPairBody, example = json!(pair_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/roles/separation-of-duties/{id}")]
pub async fn show_duty_pair(
    may: May<ReadRoles>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let body = DutyPairBody::from(roles::find_duty(&app, &may, id.get()).await?);
    single(&req, ETag::new(VERSION, &may.identity.rights), &body)
}

/// Let two duties meet again.
///
/// From now on one person may have both. Built-in pairs stay.
#[utoipa::path(
    tag = "roles", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the pair")),
    responses((status = 204, description = "They may meet again."), ChangeProblems))]
#[delete("/roles/separation-of-duties/{id}")]
pub async fn delete_duty_pair(
    may: May<ManageRoles>,
    app: Data<App>,
    id: Id<Uuid>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let work = app.begin(may.organization()).await?;
    let deleted = roles::delete_duty(&app, &may, &work, id.get(), || if_match.check(VERSION)).await;
    work.settle(deleted).await?;
    Ok(HttpResponse::NoContent().finish())
}
