//! The tags of an organisation: read, made, renamed, retired.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::customers::{self, NewTag, TagPatch};
use custodian_domain::customers::{is_tag_code, tag_name_fault};
use custodian_domain::kernel::Fault;
use custodian_persistence::Work;
use custodian_persistence::customers::TagRow;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::may::{ManageTags, ReadCustomers};
use crate::http::{
    Body, ChangeProblems, ETag, Id, IfMatch, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply,
    Valid, ValidPatch, WriteProblems, once, page_of, single,
};

/// One tag.
#[derive(Serialize, ToSchema)]
pub struct TagBody {
    /// Its id.
    id: Uuid,
    /// What customers carry in `tags`; never changes.
    code: String,
    /// What people call it.
    name: String,
    /// Counts changes.
    version: i32,
    /// Since when no further customer is given it; who carries it keeps it.
    retired_at: Option<DateTime<Utc>>,
    /// When it was made.
    created_at: DateTime<Utc>,
}

impl From<TagRow> for TagBody {
    fn from(row: TagRow) -> Self {
        let TagRow { id, code, name, version, created_at, created_by: _, retired_at } = row;
        Self { id, code, name, version, retired_at, created_at }
    }
}

/// A tag to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTagBody {
    /// `a-z`, `0-9` and `_`; no more than six digits.
    #[schema(pattern = "^[a-z0-9_]{1,40}$")]
    code: String,
    /// Words; no address and no number of anybody.
    #[schema(min_length = 1, max_length = 40)]
    name: String,
}

impl Body for NewTagBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let mut faults = name_fault(value);
        let code = value.get("code").and_then(Value::as_str).unwrap_or_default();
        if !code.is_empty() && !is_tag_code(code) {
            faults.push(Fault::new("/code", "personal_value"));
        }
        faults
    }
}

/// A change (RFC 7396): what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchTagBody {
    /// New name.
    #[schema(min_length = 1, max_length = 40)]
    name: Option<String>,
    /// `true` takes it out of use, `false` into use again.
    retired: Option<bool>,
}

impl Body for PatchTagBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let mut faults = name_fault(value);
        let none = |name: &str| value.get(name).is_some_and(Value::is_null);
        let gone = ["name", "retired"].into_iter().filter(|name| none(name));
        faults.extend(gone.map(|name| Fault::new(format!("/{name}"), "required")));
        faults
    }
}

fn name_fault(value: &Value) -> Vec<Fault> {
    let fault = value.get("name").and_then(Value::as_str).and_then(tag_name_fault);
    fault.filter(|code| *code != "too_long").map(|code| Fault::new("/name", code)).into_iter().collect()
}

/// List tags.
///
/// Every tag of the organisation in order of code, those out of use included.
#[utoipa::path(
    tag = "customers", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of tags.", body = Listing<TagBody>,
        example = json!({"data": [tag_example()], "next_cursor": null})), ListProblems))]
#[get("/tags")]
pub async fn list_tags(may: May<ReadCustomers>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let rows = customers::list_tags(&app, &may).await?;
    let data = rows.into_iter().map(TagBody::from).collect();
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/tags", &query);
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// Make a tag.
///
/// Words in the clear that customers are sorted by: what looks like an address or a number of somebody is refused. At most 1,000.
#[utoipa::path(
    tag = "customers", security(("bearer" = [])),
    request_body(content = NewTagBody, example = json!({"code": "vip", "name": "重点客户"})),
    responses((status = 201, description = "Made.", body = TagBody, example = json!(tag_example())), WriteProblems))]
#[post("/tags")]
pub async fn create_tag(
    may: May<ManageTags>,
    app: Data<App>,
    req: HttpRequest,
    body: Valid<NewTagBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let NewTagBody { code, name } = body.into_inner();
    once(&app, &may, &req, &digest, async |work: &Work| {
        let row = customers::create_tag(&app, &may, work, NewTag { code, name }).await?;
        let tag = ETag::new(i64::from(row.version), &may.identity.rights);
        Ok(Reply::created(&format!("/v1/tags/{}", row.id), &TagBody::from(row))?.etag(tag))
    })
    .await
}

/// Read one tag.
///
/// One tag, in use or not.
#[utoipa::path(
    tag = "customers", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the tag")),
    responses((status = 200, description = "The tag.", body = TagBody, example = json!(tag_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/tags/{id}")]
pub async fn show_tag(
    may: May<ReadCustomers>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let row = customers::find_tag(&app, &may, id.get()).await?;
    let tag = ETag::new(i64::from(row.version), &may.identity.rights);
    single(&req, tag, &TagBody::from(row))
}

/// Change a tag.
///
/// Renames it, takes it out of use, or into use again. Its code stays, and whoever carries it keeps it.
#[utoipa::path(
    tag = "customers", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the tag")),
    request_body(content = PatchTagBody, content_type = "application/merge-patch+json", example = json!({"name": "Key accounts", "retired": false})),
    responses((status = 200, description = "As it is now.", body = TagBody, example = json!(tag_example())), ChangeProblems))]
#[patch("/tags/{id}")]
pub async fn change_tag(
    may: May<ManageTags>,
    app: Data<App>,
    id: Id<Uuid>,
    if_match: IfMatch,
    body: ValidPatch<PatchTagBody>,
) -> Result<Reply, Problem> {
    let PatchTagBody { name, retired } = body.into_inner();
    let work = app.begin(may.organization()).await?;
    let patch = TagPatch { name, retired };
    let row = customers::patch_tag(&app, &may, &work, id.get(), |version| if_match.check(version), patch).await;
    let row = work.settle(row).await?;
    let tag = ETag::new(i64::from(row.version), &may.identity.rights);
    Ok(Reply::ok(&TagBody::from(row))?.etag(tag))
}

fn tag_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a13", "code": "vip", "name": "重点客户", "version": 1, "retired_at": null,
        "created_at": "2026-11-22T08:00:00Z"})
}
