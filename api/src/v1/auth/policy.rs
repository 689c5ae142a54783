//! The rules of log-in.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, put};
use custodian_application::{App, auth};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{Body, ChangeProblems, ETag, IfMatch, May, Problem, ReadProblems, Valid, single};
use crate::needs;

needs! {
    /// Sets how staff prove who they are.
    ManageAuth = AuthManage;
}

/// The rules of log-in of an organisation.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginPolicyBody {
    /// Codes of the roles whose holders must show a second factor.
    #[schema(max_items = 200)]
    roles_with_mfa: Vec<String>,
}

impl Body for LoginPolicyBody {}

/// Read the rules of log-in.
///
/// Which roles must show a second factor.
#[utoipa::path(
    tag = "auth", security(("bearer" = [])),
    responses((status = 200, description = "The rules.", body = LoginPolicyBody, example = json!({"roles_with_mfa": ["admin", "dpo"]})),
        (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/auth/policy")]
pub async fn show_policy(may: May<ManageAuth>, app: Data<App>, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let body = LoginPolicyBody { roles_with_mfa: auth::read_policy(&app, &may).await? };
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}

/// Set the rules of log-in.
///
/// Holders of the roles named, such as `["admin", "dpo"]`, must show a second factor: from half a second on, a session of theirs that has not shown one opens nothing
/// but enrolling it. Needs a fresh proof.
#[utoipa::path(
    tag = "auth", security(("bearer" = [])),
    request_body(content = LoginPolicyBody, example = json!({"roles_with_mfa": []})),
    responses((status = 200, description = "Set.", body = LoginPolicyBody, example = json!({"roles_with_mfa": []})), ChangeProblems))]
#[put("/auth/policy")]
pub async fn set_policy(
    may: May<ManageAuth>,
    app: Data<App>,
    condition: IfMatch,
    body: Valid<LoginPolicyBody>,
) -> Result<HttpResponse, Problem> {
    let roles = body.into_inner().roles_with_mfa;
    let tag =
        |roles: &[String]| ETag::of_body(&LoginPolicyBody { roles_with_mfa: roles.to_vec() }, &may.identity.rights);
    let work = app.begin(may.organization()).await?;
    let set = auth::set_policy(&app, &may, &work, roles, |now| condition.check(tag(now).version)).await;
    let roles = work.settle(set).await?;
    let tag = tag(&roles);
    Ok(HttpResponse::Ok().insert_header(("ETag", tag.to_string())).json(LoginPolicyBody { roles_with_mfa: roles }))
}
