//! Record types: what hangs on customers, the built-in ones and those of an organisation's own.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use chrono::{DateTime, Utc};
use custodian_application::catalog::TypeView;
use custodian_application::{App, catalog};
use custodian_domain::catalog::Labels;
use custodian_domain::kernel::DomainError;
use custodian_persistence::catalog::TypeVersionRow;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ManageCatalog, ReadCatalog};
use crate::http::{
    Body, ChangeProblems, ETag, Empty, IfMatch, Lang, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems,
    Reply, Valid, ValidPatch, WriteProblems, once, page_of, single,
};
use crate::v1::roles::LabelsBody;

/// One record type.
#[derive(Serialize, ToSchema)]
pub struct RecordTypeBody {
    /// Its code.
    code: String,
    /// Its name in the language asked for.
    label: String,
    /// Its names.
    labels: LabelsBody,
    /// How many fields it has in use.
    field_count: usize,
    /// Counts changes of its names and state.
    version: i32,
    /// `active` or `retired`.
    state: &'static str,
    /// Part of the product.
    built_in: bool,
    /// When the organisation made or first changed it; null for a built-in type as it came.
    created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    updated_at: Option<DateTime<Utc>>,
}

impl RecordTypeBody {
    pub(super) fn of(view: TypeView, lang: Lang) -> Self {
        let TypeView { record_type, version, built_in, created_at, updated_at } = view;
        let labels = record_type.labels;
        Self {
            code: record_type.code.to_owned(),
            label: if lang == Lang::Zh { labels.zh.clone() } else { labels.en.clone() },
            labels: labels.into(),
            field_count: record_type.fields.len(),
            version,
            state: if record_type.in_use { "active" } else { "retired" },
            built_in,
            created_at,
            updated_at,
        }
    }
}

/// A record type to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRecordTypeBody {
    /// Its code for good: `[a-z][a-z0-9_]*`. Field rules, purposes and grants name its fields as `code.key`.
    #[schema(min_length = 2, max_length = 40)]
    code: String,
    /// Its names.
    labels: LabelsBody,
}

impl Body for NewRecordTypeBody {}

/// A change (RFC 7396): what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchRecordTypeBody {
    /// New names.
    #[schema(nullable = false)]
    labels: Option<LabelsBody>,
}

impl Body for PatchRecordTypeBody {}

fn example() -> Value {
    json!({"code": "visit_report", "label": "Visit report", "labels": {"en": "Visit report", "zh": "拜访报告"}, "field_count": 0, "version": 1, "state": "active",
        "built_in": false, "created_at": "2026-11-22T08:00:00Z", "updated_at": "2026-11-22T08:00:00Z"})
}

fn tag(view: &TypeView, rights: &[u8; 32]) -> ETag {
    ETag::new(view.revision(), rights)
}

fn answered(view: TypeView, rights: &[u8; 32], lang: Lang) -> Result<Reply, DomainError> {
    let tag = tag(&view, rights);
    Ok(Reply::ok(&RecordTypeBody::of(view, lang))?.etag(tag))
}

/// One version of a record type.
#[derive(Serialize, ToSchema)]
pub struct RecordTypeVersionBody {
    /// The version.
    version: i32,
    /// `active` or `retired`.
    state: String,
    /// Its names.
    labels: LabelsBody,
    /// Members that changed; empty for a new type.
    changed: Vec<String>,
    /// When it came into force.
    at: DateTime<Utc>,
    /// Who made it.
    by: Uuid,
}

impl From<TypeVersionRow> for RecordTypeVersionBody {
    fn from(row: TypeVersionRow) -> Self {
        let TypeVersionRow { version, state, label_en, label_zh, changed, at, by } = row;
        Self { version, state, labels: Labels::new(label_en, label_zh).into(), changed, at, by }
    }
}

/// List the versions of a record type.
///
/// Newest first, each with its names and state, what changed, when and by whom; since the organisation made or first changed the type. Its fields have versions of their own.
#[utoipa::path(
    tag = "catalog", security(("bearer" = []), ("api_key" = [])),
    params(("type" = String, Path, description = "Code of the record type"), ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of versions.", body = Listing<RecordTypeVersionBody>,
        example = json!({"data": [{"version": 2, "state": "active", "labels": {"en": "Visit", "zh": "拜访"}, "changed": ["labels"], "at": "2026-11-22T08:00:00Z",
            "by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10"}], "next_cursor": null})), ReadProblems))]
#[get("/record-types/{type}/versions")]
pub async fn list_record_type_versions(
    may: May<ReadCatalog>,
    app: Data<App>,
    code: Path<String>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("/v1/record-types/{code}/versions");
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let versions = catalog::type_versions(&app, &may, &code).await?;
    Ok(HttpResponse::Ok().json(page_of(
        versions.into_iter().map(RecordTypeVersionBody::from).collect(),
        &pages,
        &mut query,
    )?))
}

/// List record types.
///
/// What kinds of record there are: the customer, the built-in ones that hang on customers, then the organisation's own.
#[utoipa::path(
    tag = "catalog", security(("bearer" = []), ("api_key" = [])),
    params(("state" = Option<String>, Query, description = "`active` (the default) or `retired`"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "Every record type.", body = Listing<RecordTypeBody>,
        example = json!({"data": [example()], "next_cursor": null})), ListProblems))]
#[get("/record-types")]
pub async fn list_record_types(
    may: May<ReadCatalog>,
    app: Data<App>,
    req: HttpRequest,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let lang = Lang::of(req.headers());
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/record-types", &query);
    let retired = query.choice("state", &["active", "retired"]) == Some("retired");
    let types = catalog::record_types(&app, &may, retired).await?;
    let data = types.into_iter().map(|one| RecordTypeBody::of(one, lang)).collect();
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// Make a record type.
///
/// What hangs on customers beside the built-in types. Give it fields at `/v1/record-types/{type}/fields`; records of it are entered, listed, searched, changed,
/// deleted, revealed and remembered at the paths of the built-in ones (`/v1/customers/{id}/records/{type}`, `/v1/records/{type}`), sealed under their customer's
/// key, within its scope and by the same field rules, and go with the customer when it is erased. No restart is needed.
#[utoipa::path(
    tag = "catalog", security(("bearer" = [])),
    request_body(content = NewRecordTypeBody, example = json!({"code": "visit_report", "labels": {"en": "Visit report", "zh": "拜访报告"}})),
    responses((status = 201, description = "Made; `Location` names it.", body = RecordTypeBody, example = json!(example())), WriteProblems))]
#[post("/record-types")]
pub async fn create_record_type(
    may: May<ManageCatalog>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewRecordTypeBody>,
) -> Result<Reply, Problem> {
    let (digest, lang) = (*new.digest(), Lang::of(req.headers()));
    let NewRecordTypeBody { code, labels } = new.into_inner();
    let labels = labels.into_parts();
    let made = once(&app, &may, &req, &digest, async |work| {
        let made = catalog::create_type(&app, &may, work, &code, labels.clone()).await?;
        let tag = tag(&made, &may.identity.rights);
        let location = format!("/v1/record-types/{}", made.record_type.code);
        Ok(Reply::created(&location, &RecordTypeBody::of(made, lang))?.etag(tag))
    })
    .await;
    catalog::note_change(&app);
    made
}

/// Read one record type.
#[utoipa::path(
    tag = "catalog", security(("bearer" = []), ("api_key" = [])),
    params(("type" = String, Path, description = "Code of the record type, in use or retired")),
    description = "One record type as it is now; retired ones too.",
    responses((status = 200, description = "The record type.", body = RecordTypeBody, example = json!(example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/record-types/{type}")]
pub async fn show_record_type(
    may: May<ReadCatalog>,
    app: Data<App>,
    req: HttpRequest,
    code: Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = catalog::record_type(&app, &may, &code).await?;
    single(&req, tag(&view, &may.identity.rights), &RecordTypeBody::of(view, Lang::of(req.headers())))
}

/// Name a record type anew.
///
/// JSON Merge Patch. A built-in type can be named anew like any other; codes never change.
#[utoipa::path(
    tag = "catalog", security(("bearer" = [])),
    params(("type" = String, Path, description = "Code of the record type")),
    request_body(content = PatchRecordTypeBody, content_type = "application/merge-patch+json", example = json!({"labels": {"en": "Member", "zh": "会员"}})),
    responses((status = 200, description = "As it is now.", body = RecordTypeBody, example = json!(example())), ChangeProblems))]
#[patch("/record-types/{type}")]
pub async fn change_record_type(
    may: May<ManageCatalog>,
    app: Data<App>,
    req: HttpRequest,
    code: Path<String>,
    if_match: IfMatch,
    body: ValidPatch<PatchRecordTypeBody>,
) -> Result<Reply, Problem> {
    let work = app.begin(may.organization()).await?;
    let admits = |view: &TypeView| if_match.check(view.revision());
    let labels = body.into_inner().labels.map(LabelsBody::into_parts);
    let changed = catalog::patch_type(&app, &may, &work, &code, admits, labels).await;
    let settled = work.settle(changed).await;
    catalog::note_change(&app);
    answered(settled?, &may.identity.rights, Lang::of(req.headers())).map_err(Problem::from)
}

/// Retire a record type.
///
/// For good, and its code stays taken: nothing of it is entered or changed any more, and its fields change no more. The records that there are stay readable,
/// searchable and on the timeline, can be deleted, and go with their customers when these are erased.
#[utoipa::path(
    tag = "catalog", security(("bearer" = [])),
    params(("type" = String, Path, description = "Code of the record type")),
    responses((status = 200, description = "Retired.", body = RecordTypeBody, example = json!(example())), WriteProblems))]
#[post("/record-types/{type}/retire")]
pub async fn retire_record_type(
    may: May<ManageCatalog>,
    app: Data<App>,
    req: HttpRequest,
    code: Path<String>,
    none: Empty,
) -> Result<Reply, Problem> {
    let lang = Lang::of(req.headers());
    let retired = once(&app, &may, &req, &none.0, async |work| {
        let retired = catalog::retire_type(&app, &may, work, &code).await?;
        answered(retired, &may.identity.rights, lang)
    })
    .await;
    catalog::note_change(&app);
    retired
}
