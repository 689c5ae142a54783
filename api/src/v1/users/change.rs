//! Changing accounts: place, roles, state.

use actix_web::web::Data;
use actix_web::{HttpRequest, patch, post, put};
use chrono::{DateTime, Utc};
use custodian_application::users::{self, UserPatch, UserView};
use custodian_application::{App, Call};
use custodian_domain::kernel::{DepartmentId, DomainError, Fault, UserId};
use custodian_persistence::Work;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::accounts::{UserBody, user_example};
use crate::http::{
    Body, ChangeProblems, ETag, Empty, Id, IfMatch, May, Problem, Reply, Valid, ValidPatch, WriteProblems, given, once,
};
use crate::needs;

needs! {
    /// Changes accounts.
    ManageUsers = UsersManage;
    /// Hands roles out.
    AssignRoles = RolesAssign;
}

/// A change (RFC 7396): what is absent stays, `null` takes away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchUserBody {
    /// What people call this person.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The department, or `null` for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    department_id: Option<Option<Uuid>>,
    /// The active colleague who approves this person's requests, or `null` for nobody.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    supervisor_id: Option<Option<Uuid>>,
    /// All ISO 3166-2 regions that region-scoped roles cover from now on.
    #[schema(max_items = 100)]
    regions: Option<Vec<String>>,
    /// All roles from now on; needs `roles.assign` too.
    #[schema(max_items = 50)]
    role_ids: Option<Vec<String>>,
}

impl Body for PatchUserBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let null = |name: &str| value.get(name).is_some_and(Value::is_null);
        let named = ["name", "regions", "role_ids"].into_iter().filter(|name| null(name));
        let mut faults: Vec<_> = named.map(|name| Fault::new(format!("/{name}"), "required")).collect();
        faults.extend(blank(value, "name"));
        faults
    }
}

/// A text of nothing but spaces says nothing.
pub(super) fn blank(value: &Value, name: &str) -> Option<Fault> {
    let text = value.get(name).and_then(Value::as_str)?;
    (!text.is_empty() && text.trim().is_empty()).then(|| Fault::new(format!("/{name}"), "empty"))
}

/// All roles of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RolesOfUserBody {
    /// All roles from now on.
    #[schema(max_items = 50)]
    role_ids: Vec<String>,
}

impl Body for RolesOfUserBody {}

pub(super) fn answer(view: UserView, rights: &[u8; 32]) -> Result<Reply, DomainError> {
    let tag = ETag::new(i64::from(view.row.version), rights);
    Ok(Reply::ok(&UserBody::from(view))?.etag(tag))
}

async fn patched(app: &App, call: &Call, id: UserId, if_match: &IfMatch, patch: UserPatch) -> Result<Reply, Problem> {
    let work = app.begin(call.organization()).await?;
    let view = users::patch(app, call, &work, id, |version| if_match.check(version), patch).await;
    Ok(answer(work.settle(view).await?, &call.identity.rights)?)
}

/// What is done to an account by an action without a body, once: the account as it is then.
pub(super) async fn acted(
    app: &App,
    call: &Call,
    req: &HttpRequest,
    none: &Empty,
    act: impl AsyncFnOnce(&Work) -> Result<UserView, DomainError>,
) -> Result<Reply, Problem> {
    once(app, call, req, &none.0, async |work: &Work| answer(act(work).await?, &call.identity.rights)).await
}

/// Change an account.
///
/// Department, supervisor, regions and roles decide whom a person sees and who decides about them, so nobody changes their own. A role can be given
/// or taken by those alone who hold everything that it gives.
#[utoipa::path(
    tag = "users", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the account")),
    request_body(content = PatchUserBody, content_type = "application/merge-patch+json", example = json!({"name": "Sales A", "regions": ["CN-31"]})),
    responses((status = 200, description = "As it is now.", body = UserBody, example = json!(user_example())), ChangeProblems))]
#[patch("/users/{id}")]
pub async fn change_user(
    may: May<ManageUsers>,
    app: Data<App>,
    id: Id<UserId>,
    if_match: IfMatch,
    body: ValidPatch<PatchUserBody>,
) -> Result<Reply, Problem> {
    let PatchUserBody { name, department_id, supervisor_id, regions, role_ids } = body.into_inner();
    let patch = UserPatch {
        name,
        department: department_id.map(|department| department.map(DepartmentId::from)),
        supervisor: supervisor_id.map(|supervisor| supervisor.map(UserId::from)),
        regions,
        roles: role_ids,
    };
    patched(&app, &may, id.get(), &if_match, patch).await
}

/// Set the roles of an account.
///
/// For those who hand out roles without running accounts, such as the data protection officer. Each role given or taken must be within what the caller holds.
#[utoipa::path(
    tag = "users", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the account")),
    request_body(content = RolesOfUserBody, example = json!({"role_ids": ["marketing"]})),
    responses((status = 200, description = "As it is now.", body = UserBody, example = json!(user_example())), ChangeProblems))]
#[put("/users/{id}/roles")]
pub async fn set_user_roles(
    may: May<AssignRoles>,
    app: Data<App>,
    id: Id<UserId>,
    if_match: IfMatch,
    body: Valid<RolesOfUserBody>,
) -> Result<Reply, Problem> {
    let patch = UserPatch { roles: Some(body.into_inner().role_ids), ..UserPatch::default() };
    patched(&app, &may, id.get(), &if_match, patch).await
}

/// Suspend an account.
///
/// Ends every session of the person with this answer; nothing of theirs succeeds a second later. Their customers, keys and reports stay.
#[utoipa::path(
    tag = "users", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the account")),
    responses((status = 200, description = "Suspended.", body = UserBody, example = json!(user_example())), WriteProblems))]
#[post("/users/{id}/suspend")]
pub async fn suspend_user(
    may: May<ManageUsers>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<UserId>,
    none: Empty,
) -> Result<Reply, Problem> {
    acted(&app, &may, &req, &none, async |work| users::suspend(&app, &may, work, id.get()).await).await
}

/// Open a suspended account again.
///
/// The person may log in again; sessions that ended stay ended.
#[utoipa::path(
    tag = "users", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the account")),
    responses((status = 200, description = "Active again.", body = UserBody, example = json!(user_example())), WriteProblems))]
#[post("/users/{id}/reactivate")]
pub async fn reactivate_user(
    may: May<ManageUsers>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<UserId>,
    none: Empty,
) -> Result<Reply, Problem> {
    acted(&app, &may, &req, &none, async |work| users::reactivate(&app, &may, work, id.get()).await).await
}
