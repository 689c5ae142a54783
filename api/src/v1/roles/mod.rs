//! Roles: what they may do, how far they reach, what they open, and which duties may not meet.

mod bodies;
mod duties;
mod simulate;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use custodian_application::roles::RoleView;
use custodian_application::{App, roles};
use utoipa_actix_web::service_config::ServiceConfig;

pub use self::bodies::LabelsBody;
use self::bodies::{NewRoleBody, PatchRoleBody, RoleBody, role_example};
use crate::http::{
    ChangeProblems, ETag, IfMatch, Lang, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid,
    ValidPatch, WriteProblems, once, page_of, single,
};
use crate::needs;

/// Routes of this capability. Those of the pairs come first: a role's path would take them for the name of a role.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(duties::list_duty_pairs)
        .service(duties::create_duty_pair)
        .service(duties::show_duty_pair)
        .service(duties::delete_duty_pair)
        .service(list_roles)
        .service(create_role)
        .service(show_role)
        .service(change_role)
        .service(delete_role)
        .service(simulate::simulate_role);
}

needs! {
    /// Reads roles.
    ReadRoles = RolesRead;
    /// Makes, changes and deletes roles and pairs.
    ManageRoles = RolesManage;
}

fn tag(view: &RoleView, rights: &[u8; 32]) -> ETag {
    ETag::new(i64::from(view.version), rights)
}

/// List roles.
///
/// Every role in force, with permissions, scope and field rules: the built-in ones first, then the organisation's own by code.
#[utoipa::path(
    tag = "roles", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "Every role.", body = Listing<RoleBody>,
        example = json!({"data": [role_example()], "next_cursor": null})), ListProblems))]
#[get("/roles")]
pub async fn list_roles(
    may: May<ReadRoles>,
    app: Data<App>,
    req: HttpRequest,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let lang = Lang::of(req.headers());
    let data = roles::list(&app, &may).await?.iter().map(|role| RoleBody::of(role, lang)).collect();
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/roles", &query);
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// Make a role.
///
/// A role of the organisation's own. It may hold no permission, reach no customer and open no field that its maker does not: what is missing is
/// listed under `errors` (`exceeds_own_rights`). A rule may speak of a field, a category or a classification; one marked `deny` closes its fields to
/// every holder whatever their other roles say.
#[utoipa::path(
    tag = "roles", security(("bearer" = [])),
    request_body(content = NewRoleBody, example = json!({"code": "call_centre", "labels": {"en": "Call centre", "zh": "呼叫中心"},
        "permissions": ["customers.read", "customers.reveal"], "data_scope": "department_tree",
        "field_rules": [{"on": "field:mobile", "view": "reveal"}, {"on": "classification:core", "deny": true}]})),
    responses((status = 201, description = "Made; `Location` names it.", body = RoleBody, example = json!(role_example())), WriteProblems))]
#[post("/roles")]
pub async fn create_role(
    may: May<ManageRoles>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewRoleBody>,
) -> Result<Reply, Problem> {
    let (digest, lang) = (*new.digest(), Lang::of(req.headers()));
    let (code, draft) = new.into_inner().into_draft();
    once(&app, &may, &req, &digest, async |work| {
        let made = roles::create(&app, &may, work, code, draft).await?;
        let location = format!("/v1/roles/{}", made.id);
        Ok(Reply::created(&location, &RoleBody::of(&made, lang))?.etag(tag(&made, &may.identity.rights)))
    })
    .await
}

/// Read one role.
#[utoipa::path(
    tag = "roles", security(("bearer" = [])), params(("id" = String, Path, description = "Id or code of the role, such as `sales`")),
    description = "One role by its id or its code.",
    responses((status = 200, description = "The role.", body = RoleBody, example = json!(role_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/roles/{id}")]
pub async fn show_role(
    may: May<ReadRoles>,
    app: Data<App>,
    req: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let role = roles::find(&app, &may, &id).await?;
    single(&req, tag(&role, &may.identity.rights), &RoleBody::of(&role, Lang::of(req.headers())))
}

/// Change a role.
///
/// JSON Merge Patch; lists are replaced whole. It holds for everybody who has the role within a second, on every instance. What a change would open for any
/// of them must be held by whoever makes it, also what a `deny` that goes had closed. Built-in roles are fixed.
#[utoipa::path(
    tag = "roles", security(("bearer" = [])), params(("id" = String, Path, description = "Id or code of the role")),
    request_body(content = PatchRoleBody, content_type = "application/merge-patch+json", example = json!({"data_scope": "department"})),
    responses((status = 200, description = "As it is now.", body = RoleBody, example = json!(role_example())), ChangeProblems))]
#[patch("/roles/{id}")]
pub async fn change_role(
    may: May<ManageRoles>,
    app: Data<App>,
    req: HttpRequest,
    id: Path<String>,
    if_match: IfMatch,
    body: ValidPatch<PatchRoleBody>,
) -> Result<Reply, Problem> {
    let work = app.begin(may.organization()).await?;
    let admits = |version: i32| if_match.check(i64::from(version));
    let changed = roles::patch(&app, &may, &work, &id, admits, body.into_inner().into()).await;
    let changed = work.settle(changed).await?;
    let body = RoleBody::of(&changed, Lang::of(req.headers()));
    Ok(Reply::ok(&body)?.etag(tag(&changed, &may.identity.rights)))
}

/// Delete a role.
///
/// Nobody may hold it any more, and no pair of duties may name it. Built-in roles stay.
#[utoipa::path(
    tag = "roles", security(("bearer" = [])), params(("id" = String, Path, description = "Id or code of the role")),
    responses((status = 204, description = "Deleted."), ChangeProblems))]
#[delete("/roles/{id}")]
pub async fn delete_role(
    may: May<ManageRoles>,
    app: Data<App>,
    id: Path<String>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let work = app.begin(may.organization()).await?;
    let admits = |version: i32| if_match.check(i64::from(version));
    let deleted = roles::delete(&app, &may, &work, &id, admits).await;
    work.settle(deleted).await?;
    Ok(HttpResponse::NoContent().finish())
}
