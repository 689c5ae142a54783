//! What a customer was, and who saw it.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::customers::{self, Change, Version};
use custodian_persistence::customers::CustomerReader;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::bodies::Shown;
use super::may::{ReadAccessLog, ReadHistory};
use crate::http::{Id, Listing, May, Pages, Problem, Query, ReadProblems};
use crate::v1::audit::{EntryBody, page_of_entries};

/// One version.
#[derive(Serialize, ToSchema)]
pub struct VersionBody {
    /// The version that the change made; 1 is the creation.
    version: i32,
    /// When.
    at: DateTime<Utc>,
    /// Who changed it: user or key.
    by: Uuid,
    /// What changed; hidden fields are absent.
    changes: Vec<ChangeBody>,
}

/// One change.
#[derive(Serialize, ToSchema)]
pub struct ChangeBody {
    /// Field key; absent for an attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// Attribute name; absent for a field.
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    /// The value before, as the caller may see it.
    before: Value,
    /// The value after, as the caller may see it.
    after: Value,
}

impl From<Change> for ChangeBody {
    fn from(change: Change) -> Self {
        let Change { name, is_field, before, after } = change;
        let json = |value: Option<customers::SeenValue>| {
            value.and_then(|v| serde_json::to_value(Shown(&v)).ok()).unwrap_or(Value::Null)
        };
        let (field, attribute) = if is_field { (Some(name), None) } else { (None, Some(name)) };
        Self { field, attribute, before: json(before), after: json(after) }
    }
}

impl From<Version> for VersionBody {
    fn from(version: Version) -> Self {
        let Version { version, at, by_kind: _, by, changes } = version;
        Self { version, at, by, changes: changes.into_iter().map(ChangeBody::from).collect() }
    }
}

/// Read a customer's history.
///
/// Every version, newest first, with the values before and after as the caller may see them now. Past values are sealed under the customer's own key.
#[utoipa::path(
    tag = "customers", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the customer"), ("merged_id" = Option<Uuid>, Query, description = "The past of a customer that is this one by now"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of versions.", body = Listing<VersionBody>,
        example = json!({"data": [{"version": 2, "at": "2026-11-22T09:00:00Z", "by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11",
            "changes": [{"field": "mobile", "before": "138****5678", "after": "139****5678"}]}], "next_cursor": null})), ReadProblems))]
#[get("/customers/{id}/history")]
pub async fn show_history(
    may: May<ReadHistory>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages =
        Pages::new(app.cursor_key(), may.organization(), &format!("/v1/customers/{}/history", id.get()), &query);
    let (limit, after, merged) = (query.limit(), pages.position(&mut query)?, query.uuid("merged_id"));
    query.done()?;
    let before = match after.map(<[u8; 4]>::try_from) {
        None => i32::MAX,
        Some(Ok(bytes)) => i32::from_be_bytes(bytes),
        Some(Err(_)) => return Err(Problem::of("invalid_cursor")),
    };
    let versions = customers::history(&app, &reader, &may, id.get(), merged).await?;
    let mut data: Vec<VersionBody> =
        versions.into_iter().filter(|v| v.version < before).map(VersionBody::from).collect();
    let more = data.len() > limit;
    data.truncate(limit);
    let next_cursor = data.last().filter(|_| more).map(|last| pages.seal(&last.version.to_be_bytes()));
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor, count: None }))
}

/// Read who saw a customer.
///
/// Every entry of the audit log that concerns this customer, newest first: who, when, what, which fields and why; lists, searches, imports and partners' reads among them.
/// Each line says where to have it proven. Reading it leaves an entry as well.
#[utoipa::path(
    tag = "customers", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the customer"), ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of entries.", body = Listing<EntryBody>,
        example = json!({"data": [crate::v1::audit::entry_example()], "next_cursor": null})), ReadProblems))]
#[get("/customers/{id}/access-log")]
pub async fn show_access_log(
    may: May<ReadAccessLog>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages =
        Pages::new(app.cursor_key(), may.organization(), &format!("/v1/customers/{}/access-log", id.get()), &query);
    let (limit, before) = (query.limit(), pages.id_position(&mut query)?);
    query.done()?;
    let page = customers::access_log(&app, &reader, &may, id.get(), before, limit).await?;
    Ok(HttpResponse::Ok().json(page_of_entries(page, &pages)))
}
