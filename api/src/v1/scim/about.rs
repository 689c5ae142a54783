//! What this SCIM service says of itself (RFC 7643, 5 to 7).

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use custodian_application::App;
use serde_json::{Value, json};

use super::resource::{GROUP, USER};
use super::wire::{Bearer, MOST, ScimError, Wish, answer, place};
use crate::http::Problem;

pub async fn configuration(_by: Bearer, app: Data<App>) -> HttpResponse {
    let supported = |truth: bool| json!({"supported": truth});
    let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": supported(true), "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": MOST}, "changePassword": supported(false), "sort": supported(false),
        "etag": supported(true),
        "authenticationSchemes": [{"type": "oauthbearertoken", "name": "Bearer token",
            "description": "A token from POST /v1/scim-tokens in the Authorization header.", "primary": true}],
        "meta": {"resourceType": "ServiceProviderConfig", "location": place(&app, "ServiceProviderConfig")}});
    answer(StatusCode::OK, &body, None)
}

fn types(app: &App) -> Vec<Value> {
    [("User", "Users", USER, "Account of a member of staff."), ("Group", "Groups", GROUP, "Role, with who holds it.")]
        .map(|(name, path, schema, description)| {
            json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"], "id": name, "name": name,
                "endpoint": format!("/{path}"), "description": description, "schema": schema,
                "meta": {"resourceType": "ResourceType", "location": place(app, &format!("ResourceTypes/{name}"))}})
        })
        .into()
}

fn known_schemas(app: &App) -> Vec<Value> {
    let text = |name: &str, required: bool, mutability: &str, uniqueness: &str| {
        json!({"name": name, "type": "string", "multiValued": false, "required": required, "caseExact": false,
            "mutability": mutability, "returned": "default", "uniqueness": uniqueness, "description": name})
    };
    let many = |name: &str, mutability: &str, parts: Vec<Value>| {
        json!({"name": name, "type": "complex", "multiValued": true, "required": false, "mutability": mutability,
            "returned": "default", "description": name, "subAttributes": parts})
    };
    let plain = |name: &str, mutability: &str| text(name, false, mutability, "none");
    let active = json!({"name": "active", "type": "boolean", "multiValued": false, "required": false, "mutability": "readWrite",
        "returned": "default", "description": "Whether the account may log in."});
    let name = json!({"name": "name", "type": "complex", "multiValued": false, "required": false, "mutability": "readWrite",
        "returned": "default", "description": "name", "subAttributes": [plain("formatted", "readWrite")]});
    let user = vec![
        text("userName", true, "readWrite", "server"),
        plain("displayName", "readWrite"),
        name,
        active,
        many("emails", "readOnly", vec![plain("value", "readOnly")]),
        many("groups", "readOnly", vec![plain("value", "readOnly")]),
    ];
    let group = vec![plain("displayName", "readOnly"), many("members", "readWrite", vec![plain("value", "immutable")])];
    [(USER, "User", user), (GROUP, "Group", group)]
        .map(|(id, name, attributes)| {
            json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"], "id": id, "name": name, "description": name,
                "attributes": attributes, "meta": {"resourceType": "Schema", "location": place(app, &format!("Schemas/{id}"))}})
        })
        .into()
}

fn list(req: &HttpRequest, all: Vec<Value>) -> Result<HttpResponse, ScimError> {
    Ok(Wish::of(req, &[])?.answer(all.len(), all))
}

fn one(all: Vec<Value>, id: &str) -> Result<HttpResponse, ScimError> {
    let found = all.into_iter().find(|one| one["id"] == *id).ok_or_else(|| Problem::of("not_found"))?;
    Ok(answer(StatusCode::OK, &found, None))
}

pub async fn resource_types(_by: Bearer, app: Data<App>, req: HttpRequest) -> Result<HttpResponse, ScimError> {
    list(&req, types(&app))
}

pub async fn resource_type(_by: Bearer, app: Data<App>, path: Path<String>) -> Result<HttpResponse, ScimError> {
    one(types(&app), &path)
}

pub async fn schemas(_by: Bearer, app: Data<App>, req: HttpRequest) -> Result<HttpResponse, ScimError> {
    list(&req, known_schemas(&app))
}

pub async fn schema(_by: Bearer, app: Data<App>, path: Path<String>) -> Result<HttpResponse, ScimError> {
    one(known_schemas(&app), &path)
}
