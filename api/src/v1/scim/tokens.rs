//! Tokens of identity providers.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::scim::{self, NewToken, TokenRow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{
    Body, ETag, Empty, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid,
    WriteProblems, once, single,
};
use crate::needs;

needs! {
    /// Sets how staff prove who they are.
    ManageTokens = AuthManage;
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewScimTokenBody {
    /// What it is for.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// When it ends by itself.
    expires_at: Option<DateTime<Utc>>,
}

impl Body for NewScimTokenBody {}

/// One token, without its secret.
#[derive(Serialize, ToSchema)]
pub struct ScimTokenBody {
    /// Its id.
    id: Uuid,
    /// What it is for.
    name: String,
    /// Whether it works now.
    active: bool,
    /// Who made it; roles are given as by this person.
    created_by: Uuid,
    /// When.
    created_at: DateTime<Utc>,
    /// When it ends by itself.
    expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    revoked_at: Option<DateTime<Utc>>,
}

/// A new token with its secret, shown this once.
#[derive(Serialize, ToSchema)]
pub struct CreatedScimTokenBody {
    /// The token.
    #[serde(flatten)]
    token: ScimTokenBody,
    /// For the `Authorization: Bearer` header of `/scim/v2`. It is kept nowhere and cannot be shown again.
    secret: String,
}

fn body(row: TokenRow, active: bool) -> ScimTokenBody {
    let TokenRow { id, name, secret_digest: _, created_by, created_at, expires_at, revoked_at } = row;
    ScimTokenBody { id, name, active, created_by: created_by.uuid(), created_at, expires_at, revoked_at }
}

/// List tokens of identity providers.
///
/// Every token of the organisation, also revoked ones, in the order of their making; never their secrets.
#[utoipa::path(
    tag = "scim", security(("bearer" = [])), params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of tokens.", body = Listing<ScimTokenBody>, example = json!({"data": [token_example()], "next_cursor": null})), ListProblems))]
#[get("/scim-tokens")]
pub async fn list_scim_tokens(
    may: May<ManageTokens>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/scim-tokens", &query);
    let (limit, after) = (query.limit(), pages.id_position(&mut query)?);
    query.done()?;
    let (rows, next) = scim::list_tokens(&app, &may, after, limit).await?;
    let data = rows.into_iter().map(|(row, active)| body(row, active)).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Make a token for an identity provider.
///
/// It keeps accounts and role membership by SCIM 2.0 at `/scim/v2` (Users, Groups, ServiceProviderConfig, ResourceTypes, Schemas), which describes itself. The secret
/// is in this answer and nowhere else. It ends with the account of whoever makes it. Needs a fresh proof.
#[utoipa::path(
    tag = "scim", security(("bearer" = [])),
    request_body(content = NewScimTokenBody, example = json!({"name": "HR system"})),
    responses((status = 201, description = "Made.", body = CreatedScimTokenBody, example = json!(created_example())), WriteProblems))]
#[post("/scim-tokens")]
pub async fn create_scim_token(
    may: May<ManageTokens>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewScimTokenBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let NewScimTokenBody { name, expires_at } = new.into_inner();
    let reply = once(&app, &may, &req, &digest, async |work| {
        let (row, secret) = scim::create_token(&app, &may, work, NewToken { name, expires_at }).await?;
        let location = format!("/v1/scim-tokens/{}", row.id);
        let created = CreatedScimTokenBody { token: body(row, true), secret: secret.expose().to_owned() };
        Reply::created(&location, &created)
    })
    .await?;
    // A secret is shown once. Whoever lost the answer revokes the token and makes another.
    if reply.is_replay() { Err(Problem::of("idempotency_result_withheld")) } else { Ok(reply) }
}

/// Read one token of an identity provider.
#[utoipa::path(
    tag = "scim", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the token")),
    description = "One token of the organisation, without its secret.",
    responses((status = 200, description = "The token.", body = ScimTokenBody, example = json!(token_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/scim-tokens/{id}")]
pub async fn show_scim_token(
    may: May<ManageTokens>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let (row, active) = scim::find_token(&app, &may, id.get()).await?;
    let body = body(row, active);
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}

/// Revoke a token of an identity provider.
///
/// Every request that starts from here on is refused, on every instance.
#[utoipa::path(
    tag = "scim", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the token")),
    responses((status = 200, description = "Revoked.", body = ScimTokenBody, example = json!(token_example())), WriteProblems))]
#[post("/scim-tokens/{id}/revoke")]
pub async fn revoke_scim_token(
    may: May<ManageTokens>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        let row = scim::revoke_token(&app, &may, work, id.get()).await?;
        Reply::ok(&body(row, false))
    })
    .await
}

fn token_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "name": "HR system", "active": true,
        "created_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12", "created_at": "2026-11-22T08:00:00Z", "expires_at": null, "revoked_at": null})
}

fn created_example() -> Value {
    let mut example = token_example();
    if let Some(object) = example.as_object_mut() {
        object.insert("secret".into(), json!("cst_0193a0b07f4c7c3a9d556b1f6f3e2a10_Qm9n..."));
    }
    example
}
