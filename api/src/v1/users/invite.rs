//! Inviting colleagues.

use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::users::{self, Invitation};
use custodian_domain::kernel::{DepartmentId, Fault, UserId};
use custodian_persistence::Work;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::accounts::{UserBody, user_example};
use super::change::{ManageUsers, acted, blank};
use crate::http::{Body, ETag, Empty, Id, May, Problem, Reply, Valid, WriteProblems, once};

/// A colleague to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUserBody {
    /// The address that the letter goes to and the person logs in with.
    #[schema(min_length = 3, max_length = 254)]
    email: String,
    /// What people call this person.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The department.
    department_id: Option<Uuid>,
    /// The active colleague who approves this person's requests.
    supervisor_id: Option<Uuid>,
    /// ISO 3166-2 regions that region-scoped roles cover.
    #[serde(default)]
    #[schema(max_items = 100)]
    regions: Vec<String>,
    /// Roles; need `roles.assign`, and nobody gives more than they hold.
    #[serde(default)]
    #[schema(max_items = 50)]
    role_ids: Vec<String>,
}

impl Body for NewUserBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        blank(value, "name").into_iter().collect()
    }
}

/// Invite a colleague.
///
/// Makes the account and sends a letter with a one-time token to set the first password; until then the account is `invited` and can do nothing.
#[utoipa::path(
    tag = "users", security(("bearer" = [])),
    request_body(content = NewUserBody, example = json!({"email": "sales.d@demo.example", "name": "Sales D", "regions": ["CN-31"], "role_ids": ["sales"]})),
    responses((status = 201, description = "Invited.", body = UserBody, example = json!(user_example())), WriteProblems))]
#[post("/users")]
pub async fn invite_user(
    may: May<ManageUsers>,
    app: Data<App>,
    req: HttpRequest,
    body: Valid<NewUserBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let NewUserBody { email, name, department_id, supervisor_id, regions, role_ids } = body.into_inner();
    let new = Invitation {
        email,
        name,
        department: department_id.map(DepartmentId::from),
        supervisor: supervisor_id.map(UserId::from),
        regions,
        roles: role_ids,
    };
    once(&app, &may, &req, &digest, async |work: &Work| {
        let view = users::invite(&app, &may, work, new).await?;
        let tag = ETag::new(i64::from(view.row.version), &may.identity.rights);
        Ok(Reply::created(&format!("/v1/users/{}", view.row.id), &UserBody::from(view))?.etag(tag))
    })
    .await
}

/// Send another invitation.
///
/// For an account that is still `invited`. Tokens of earlier letters are void from here on.
#[utoipa::path(
    tag = "users", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the account")),
    responses((status = 200, description = "Sent.", body = UserBody, example = json!(user_example())), WriteProblems))]
#[post("/users/{id}/invite")]
pub async fn invite_user_again(
    may: May<ManageUsers>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<UserId>,
    none: Empty,
) -> Result<Reply, Problem> {
    acted(&app, &may, &req, &none, async |work| users::invite_again(&app, &may, work, id.get()).await).await
}
