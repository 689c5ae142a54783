//! Partner keys.

mod rotate;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::api_keys::{self, NewApiKey};
use custodian_domain::kernel::ApiKeyId;
use custodian_persistence::api_keys::ApiKeyRow;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::{
    Body, ETag, Empty, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid,
    WriteProblems, once, single,
};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_api_keys)
        .service(create_api_key)
        .service(show_api_key)
        .service(rotate::rotate_api_key)
        .service(revoke_api_key);
}

needs! {
    /// Reads keys.
    ReadApiKeys = ApiKeysRead;
    /// Makes and revokes keys.
    ManageApiKeys = ApiKeysManage;
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKeyBody {
    /// The company that will hold it.
    #[schema(min_length = 1, max_length = 200)]
    third_party: String,
    /// What it is for.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// `customers.read`, `customers.create`, `customers.write`, `catalog.read`, `purposes.read`, `notices.read`, `notices.record`,
    /// `consents.read`, `consents.record`, `consents.withdraw`, `consents.decide`, `withdrawals.acknowledge`.
    /// Withdrawals of consent are listed and acknowledged without the last, too.
    #[schema(min_items = 1, max_items = 20)]
    permissions: Vec<String>,
    /// Fields that it may see; core fields cannot be given.
    #[serde(default)]
    #[schema(max_items = 200)]
    fields: Vec<String>,
    /// Purposes of the organisation that it is bound to: each call must then name one. Empty for none: where it may see people, its third party then has every
    /// withdrawal of consent to acknowledge, whatever the purpose.
    #[serde(default)]
    #[schema(max_items = 50)]
    purposes: Vec<String>,
    /// CIDR ranges that it may be used from. Empty for anywhere.
    #[serde(default)]
    #[schema(max_items = 50)]
    ip_ranges: Vec<String>,
    /// When it ends by itself.
    expires_at: Option<DateTime<Utc>>,
    /// Calls that it may make in a day (UTC); any number without.
    #[schema(minimum = 1, maximum = 1000000000)]
    daily_quota: Option<i32>,
}

impl Body for NewApiKeyBody {}

impl From<NewApiKeyBody> for NewApiKey {
    fn from(body: NewApiKeyBody) -> Self {
        let NewApiKeyBody { third_party, name, permissions, fields, purposes, ip_ranges, expires_at, daily_quota } =
            body;
        Self { third_party, name, permissions, fields, purposes, ip_ranges, expires_at, daily_quota }
    }
}

/// One key, without its secret.
#[derive(Serialize, ToSchema)]
pub struct ApiKeyBody {
    /// Its id.
    id: Uuid,
    /// The company that holds it.
    third_party_id: Uuid,
    /// That company's name.
    third_party: String,
    /// What it is for.
    name: String,
    /// Permission codes.
    permissions: Vec<String>,
    /// Fields that it may see.
    fields: Vec<String>,
    /// Purposes that it is bound to.
    purposes: Vec<String>,
    /// Ranges that it may be used from.
    ip_ranges: Vec<String>,
    /// Whether it works now.
    active: bool,
    /// Who made it.
    created_by: Uuid,
    /// When.
    created_at: DateTime<Utc>,
    /// When it ends by itself.
    expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    revoked_at: Option<DateTime<Utc>>,
    /// When its secret was last rotated.
    rotated_at: Option<DateTime<Utc>>,
    /// Until when the secret before works.
    previous_secret_until: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    last_used_at: Option<DateTime<Utc>>,
    /// Calls that it may make in a day (UTC).
    daily_quota: Option<i32>,
}

/// A new key with its secret, shown this once.
#[derive(Serialize, ToSchema)]
pub struct CreatedApiKeyBody {
    /// The key.
    #[serde(flatten)]
    key: ApiKeyBody,
    /// For the `X-API-Key` header. It is kept nowhere and cannot be shown again.
    secret: String,
}

fn body(row: ApiKeyRow, active: bool) -> ApiKeyBody {
    let ApiKeyRow {
        id,
        third_party,
        third_party_name,
        name,
        secret_digest: _,
        permissions,
        fields,
        purposes,
        ip_ranges,
        created_by,
        created_at,
        expires_at,
        revoked_at,
        previous_digest: _,
        previous_until,
        rotated_at,
        last_used_at,
        daily_quota,
    } = row;
    ApiKeyBody {
        id: id.uuid(),
        third_party_id: third_party.uuid(),
        third_party: third_party_name,
        name,
        permissions,
        fields,
        purposes,
        ip_ranges,
        active,
        created_by,
        created_at,
        expires_at,
        revoked_at,
        rotated_at,
        previous_secret_until: previous_until,
        last_used_at,
        daily_quota,
    }
}

/// List partner keys.
///
/// Every key of the organisation, also revoked ones, in the order of their making; never their secrets.
#[utoipa::path(
    tag = "api-keys", security(("bearer" = [])), params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of keys.", body = Listing<ApiKeyBody>, example = json!({"data": [key_example()], "next_cursor": null})), ListProblems))]
#[get("/api-keys")]
pub async fn list_api_keys(may: May<ReadApiKeys>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/api-keys", &query);
    let (limit, after) = (query.limit(), pages.id_position(&mut query)?);
    query.done()?;
    let (rows, next) = api_keys::list(&app, &may, after, limit).await?;
    let data = rows.into_iter().map(|(row, active)| body(row, active)).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Make a partner key.
///
/// The secret is in this answer and nowhere else. The key sees at most the fields named, and an id of its own for each person.
#[utoipa::path(
    tag = "api-keys", security(("bearer" = [])),
    request_body(content = NewApiKeyBody, example = json!({"third_party": "SMS gateway", "name": "delivery", "permissions": ["customers.read"],
        "fields": ["name", "mobile"], "purposes": ["sms_delivery"]})),
    responses((status = 201, description = "Made.", body = CreatedApiKeyBody, example = json!(created_example())), WriteProblems))]
#[post("/api-keys")]
pub async fn create_api_key(
    may: May<ManageApiKeys>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewApiKeyBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let new = NewApiKey::from(new.into_inner());
    let reply = once(&app, &may, &req, &digest, async |work| {
        let (row, secret) = api_keys::create(&app, &may, work, new).await?;
        let location = format!("/v1/api-keys/{}", row.id);
        Reply::created(&location, &CreatedApiKeyBody { key: body(row, true), secret: secret.expose().to_owned() })
    })
    .await?;
    // A secret is shown once. Whoever lost the answer revokes the key and makes another.
    if reply.is_replay() { Err(Problem::of("idempotency_result_withheld")) } else { Ok(reply) }
}

/// Read one partner key.
#[utoipa::path(
    tag = "api-keys", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the key")),
    description = "One key of the organisation, without its secret.",
    responses((status = 200, description = "The key.", body = ApiKeyBody, example = json!(key_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/api-keys/{id}")]
pub async fn show_api_key(
    may: May<ReadApiKeys>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<ApiKeyId>,
) -> Result<HttpResponse, Problem> {
    let (row, active) = api_keys::find(&app, &may, id.get()).await?;
    let body = body(row, active);
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}

/// Revoke a partner key.
///
/// Every request that starts from here on is refused, within half a second on every other instance.
#[utoipa::path(
    tag = "api-keys", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the key")),
    responses((status = 200, description = "Revoked.", body = ApiKeyBody, example = json!(key_example())), WriteProblems))]
#[post("/api-keys/{id}/revoke")]
pub async fn revoke_api_key(
    may: May<ManageApiKeys>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<ApiKeyId>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        let row = api_keys::revoke(&app, &may, work, id.get()).await?;
        Reply::ok(&body(row, false))
    })
    .await
}

fn key_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "third_party_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "third_party": "SMS gateway",
        "name": "delivery", "permissions": ["customers.read"], "fields": ["name", "mobile"], "purposes": ["sms_delivery"], "ip_ranges": [],
        "active": true, "created_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12", "created_at": "2026-11-22T08:00:00Z", "expires_at": null, "revoked_at": null})
}

fn created_example() -> Value {
    let mut example = key_example();
    if let Some(object) = example.as_object_mut() {
        object.insert("secret".into(), json!("ck_0193a0b07f4c7c3a9d556b1f6f3e2a10_Qm9n..."));
    }
    example
}
