//! The providers of an organisation.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::sso_providers::{self as sso, Change, NewProvider, ProviderRow};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{
    Body, ChangeProblems, ETag, Id, IfMatch, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply,
    Valid, ValidPatch, WriteProblems, once, single,
};
use crate::needs;

needs! {
    /// Sets how staff prove who they are.
    ManageProviders = AuthManage;
}

/// A provider to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProviderBody {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Its issuer, word for word as it names itself; `https`, on a public address.
    #[schema(min_length = 1, max_length = 500)]
    issuer: String,
    /// The client id that it gave us.
    #[schema(min_length = 1, max_length = 500)]
    client_id: String,
    /// The client secret that it gave us; never shown again.
    #[schema(min_length = 1, max_length = 1000)]
    client_secret: Option<String>,
    /// Whether its word that a second factor was shown (`amr` holds `mfa`) counts as one.
    #[serde(default)]
    trusts_mfa: bool,
}

impl Body for NewProviderBody {}

/// What may be changed of a provider.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderPatch {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The client id that it gave us.
    #[schema(min_length = 1, max_length = 500)]
    client_id: Option<String>,
    /// Another client secret, or null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000)]
    client_secret: Option<Option<String>>,
    /// Whether its word that a second factor was shown counts as one.
    trusts_mfa: Option<bool>,
    /// Whether people may log in by it.
    enabled: Option<bool>,
}

impl Body for ProviderPatch {}

/// Tells null from absent.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

impl From<ProviderPatch> for Change {
    fn from(patch: ProviderPatch) -> Self {
        let ProviderPatch { name, client_id, client_secret, trusts_mfa, enabled } = patch;
        Self { name, client_id, client_secret, trusts_mfa, enabled }
    }
}

/// One provider, without its secret.
#[derive(Serialize, ToSchema)]
pub struct ProviderBody {
    /// Its id.
    id: Uuid,
    /// What people call it.
    name: String,
    /// Its issuer.
    issuer: String,
    /// The client id that it gave us.
    client_id: String,
    /// Whether there is a client secret.
    has_client_secret: bool,
    /// Whether its word that a second factor was shown counts as one.
    trusts_mfa: bool,
    /// Whether people may log in by it.
    enabled: bool,
    /// Where it sends people back to; to be registered there.
    redirect_uri: String,
    /// When it was added.
    created_at: DateTime<Utc>,
}

fn body(app: &App, row: &ProviderRow) -> ProviderBody {
    let ProviderRow { id, name, issuer, client_id, sealed_secret, trusts_mfa, enabled, created_at } = row.clone();
    let (has_client_secret, redirect_uri) = (sealed_secret.is_some(), sso::callback_url(app, id));
    ProviderBody { id, name, issuer, client_id, has_client_secret, trusts_mfa, enabled, redirect_uri, created_at }
}

fn tag(app: &App, may: &May<ManageProviders>, row: &ProviderRow) -> ETag {
    // The secret is not shown, but another one is another version.
    ETag::of_body(&(body(app, row), &row.sealed_secret), &may.identity.rights)
}

/// List providers of single sign-on.
///
/// Every provider of the organisation in the order of its making; never their secrets.
#[utoipa::path(
    tag = "sso-providers", security(("bearer" = [])), params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of providers.", body = Listing<ProviderBody>, example = json!({"data": [provider_example()], "next_cursor": null})), ListProblems))]
#[get("/sso-providers")]
pub async fn list_sso_providers(
    may: May<ManageProviders>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/sso-providers", &query);
    let (limit, after) = (query.limit(), pages.id_position(&mut query)?);
    query.done()?;
    let (rows, next) = sso::list(&app, &may, after, limit).await?;
    let data = rows.iter().map(|row| body(&app, row)).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Add a provider of single sign-on.
///
/// The provider is asked for its endpoints and keys at the first log-in. Needs a fresh proof.
#[utoipa::path(
    tag = "sso-providers", security(("bearer" = [])),
    request_body(content = NewProviderBody, example = json!({"name": "Company login", "issuer": "https://login.example.com", "client_id": "custodian", "client_secret": "s3cr3t-of-the-provider"})),
    responses((status = 201, description = "Added.", body = ProviderBody, example = json!(provider_example())), WriteProblems))]
#[post("/sso-providers")]
pub async fn create_sso_provider(
    may: May<ManageProviders>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewProviderBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let NewProviderBody { name, issuer, client_id, client_secret, trusts_mfa } = new.into_inner();
    once(&app, &may, &req, &digest, async |work| {
        let new = NewProvider { name, issuer, client_id, client_secret, trusts_mfa };
        let row = sso::create(&app, &may, work, new).await?;
        let reply = Reply::created(&format!("/v1/sso-providers/{}", row.id), &body(&app, &row))?;
        Ok(reply.etag(tag(&app, &may, &row)))
    })
    .await
}

/// Read one provider of single sign-on.
#[utoipa::path(
    tag = "sso-providers", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the provider")),
    description = "One provider of the organisation, without its secret.",
    responses((status = 200, description = "The provider.", body = ProviderBody, example = json!(provider_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/sso-providers/{id}")]
pub async fn show_sso_provider(
    may: May<ManageProviders>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let row = sso::find(&app, &may, id.get()).await?;
    single(&req, tag(&app, &may, &row), &body(&app, &row))
}

/// Change a provider of single sign-on.
///
/// Everything but the issuer: another issuer is another provider. Needs a fresh proof.
#[utoipa::path(
    tag = "sso-providers", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the provider")),
    request_body(content = ProviderPatch, content_type = "application/merge-patch+json", example = json!({"enabled": false})),
    responses((status = 200, description = "Changed.", body = ProviderBody, example = json!(provider_example())), ChangeProblems))]
#[patch("/sso-providers/{id}")]
pub async fn change_sso_provider(
    may: May<ManageProviders>,
    app: Data<App>,
    id: Id<Uuid>,
    condition: IfMatch,
    patch: ValidPatch<ProviderPatch>,
) -> Result<HttpResponse, Problem> {
    let work = app.begin(may.organization()).await?;
    let change = Change::from(patch.into_inner());
    let allowed = |row: &ProviderRow| condition.check(tag(&app, &may, row).version);
    let changed = sso::change(&app, &may, &work, id.get(), change, allowed).await;
    let row = work.settle(changed).await?;
    let tag = tag(&app, &may, &row);
    Ok(HttpResponse::Ok().insert_header(("ETag", tag.to_string())).json(body(&app, &row)))
}

/// Take a provider of single sign-on away.
///
/// Whom it vouched for keeps the account and logs in otherwise. Needs a fresh proof.
#[utoipa::path(
    tag = "sso-providers", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the provider")),
    responses((status = 204, description = "Gone."), ChangeProblems))]
#[delete("/sso-providers/{id}")]
pub async fn delete_sso_provider(
    may: May<ManageProviders>,
    app: Data<App>,
    id: Id<Uuid>,
    condition: IfMatch,
) -> Result<HttpResponse, Problem> {
    let work = app.begin(may.organization()).await?;
    let allowed = |row: &ProviderRow| condition.check(tag(&app, &may, row).version);
    let removed = sso::remove(&app, &may, &work, id.get(), allowed).await;
    work.settle(removed).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn provider_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "name": "Company login", "issuer": "https://login.example.com", "client_id": "custodian",
        "has_client_secret": true, "trusts_mfa": false, "enabled": true,
        "redirect_uri": "https://custodian.example.com/v1/auth/sso/0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10/callback", "created_at": "2026-11-22T08:00:00Z"})
}
