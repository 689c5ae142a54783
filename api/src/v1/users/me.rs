//! One's own account and rights.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, patch};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::users::{self, MePatch};
use custodian_domain::access::Who;
use custodian_domain::kernel::{Fault, Language};
use custodian_domain::roles::Permission;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::accounts::{UserBody, user_example};
use super::change::{answer, blank};
use crate::http::{
    Authenticated, Body, ChangeProblems, ETag, IfMatch, Problem, ReadProblems, Reply, ValidPatch, given, single,
};

/// A change of one's own account (RFC 7396): what is absent stays, `null` takes away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchMeBody {
    /// What people call you.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// `en` or `zh-CN`: what letters to you are in; `null` for both.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    language: Option<Option<String>>,
    /// Whether to be written to, once a day, about what is due and overdue.
    #[schema(nullable = false)]
    follow_up_letters: Option<bool>,
}

impl Body for PatchMeBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let null = value.get("name").is_some_and(Value::is_null).then(|| Fault::new("/name", "required"));
        let tag = value.get("language").and_then(Value::as_str);
        let unknown = tag.filter(|tag| Language::from_tag(tag).is_none());
        let tags = Language::ALL.map(Language::tag).join(", ");
        let unknown = unknown.map(|_| Fault::new("/language", "not_a_choice").with_arg(tags));
        null.into_iter().chain(blank(value, "name")).chain(unknown).collect()
    }
}

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
    let view = users::me(&app, &caller).await?;
    let tag = ETag::new(i64::from(view.row.version), &caller.identity.rights);
    single(&req, tag, &UserBody::from(view))
}

/// Change one's own account.
///
/// One's name, the language of letters, and whether letters about what is due are wanted. Address, place and roles are changed by those who manage accounts.
#[utoipa::path(
    tag = "users", security(("bearer" = [])),
    request_body(content = PatchMeBody, content_type = "application/merge-patch+json", example = json!({"name": "Sales A", "language": "zh-CN", "follow_up_letters": false})),
    responses((status = 200, description = "As it is now.", body = UserBody, example = json!(user_example())), ChangeProblems))]
#[patch("/me")]
pub async fn change_me(
    caller: Authenticated,
    app: Data<App>,
    if_match: IfMatch,
    body: ValidPatch<PatchMeBody>,
) -> Result<Reply, Problem> {
    let PatchMeBody { name, language, follow_up_letters } = body.into_inner();
    let language = language.map(|tag| tag.as_deref().and_then(Language::from_tag));
    let patch = MePatch { name, language, follow_up_letters };
    let work = app.begin(caller.organization()).await?;
    let view = users::patch_me(&app, &caller, &work, |version| if_match.check(version), patch).await;
    Ok(answer(work.settle(view).await?, &caller.identity.rights)?)
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
