//! One's own account and rights.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use custodian_application::{App, users};
use custodian_domain::access::Who;
use custodian_domain::roles::Permission;
use serde::Serialize;
use utoipa::ToSchema;

use super::accounts::{UserBody, user_example};
use crate::http::{Authenticated, ETag, Problem, ReadProblems, single};

/// What the caller may do.
#[derive(Serialize, ToSchema)]
pub struct PermissionsBody {
    /// Every permission held, with the widest scope that gives it.
    permissions: Vec<PermissionBody>,
}

/// One permission held.
#[derive(Serialize, ToSchema)]
pub struct PermissionBody {
    /// Code.
    permission: &'static str,
    /// What it lets a person do.
    description: &'static str,
    /// Scopes of the roles that give it; empty for partner keys, which reach the whole organisation.
    scopes: Vec<&'static str>,
}

/// Read one's own account.
#[utoipa::path(
    tag = "users", security(("bearer" = [])), description = "The account that the access token belongs to. Partner keys have none and get 404.",
    responses((status = 200, description = "The account.", body = UserBody, example = json!(user_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/me")]
pub async fn show_me(caller: Authenticated, app: Data<App>, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let body = UserBody::from(users::me(&app, &caller).await?);
    single(&req, ETag::of_body(&body, &caller.identity.rights), &body)
}

/// Read one's own permissions.
#[utoipa::path(
    tag = "users", security(("bearer" = []), ("api_key" = [])),
    description = "Every permission that the caller's roles or key give, and how far each reaches. Names no customer.",
    responses((status = 200, description = "The permissions.", body = PermissionsBody,
        example = json!({"permissions": [{"permission": "customers.read", "description": "List, search and read customers.", "scopes": ["own"]}]})), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/me/permissions")]
pub async fn show_my_permissions(
    caller: Authenticated,
    app: Data<App>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    users::read_own_permissions(&app, &caller).await?;
    let held = Permission::ALL.iter().filter(|p| caller.identity.caller.holds(**p));
    let permissions = held
        .map(|p| PermissionBody { permission: p.code(), description: p.describe(), scopes: scopes(&caller, *p) })
        .collect();
    let body = PermissionsBody { permissions };
    single(&req, ETag::of_body(&body, &caller.identity.rights), &body)
}

fn scopes(caller: &Authenticated, permission: Permission) -> Vec<&'static str> {
    let Who::Staff(staff) = &caller.identity.caller.who else {
        return Vec::new();
    };
    let mut scopes: Vec<_> =
        staff.roles.iter().filter(|r| r.permissions.contains(&permission)).map(|r| r.data_scope.as_str()).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}
