//! The catalog: record types and their fields.

mod bodies;
mod classify;
mod drafts;
mod export;
mod types;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use custodian_application::catalog::FieldView;
use custodian_application::{App, catalog};
use custodian_domain::kernel::DomainError;
use utoipa_actix_web::service_config::ServiceConfig;

use self::bodies::{FieldBody, FieldVersionBody, field_example};
use self::drafts::{NewFieldBody, PatchFieldBody, new_example};
use crate::http::{
    ChangeProblems, ETag, Empty, IfMatch, Lang, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid,
    ValidPatch, WriteProblems, once, page_of, single,
};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(types::list_record_types)
        .service(types::create_record_type)
        .service(types::show_record_type)
        .service(types::list_record_type_versions)
        .service(types::change_record_type)
        .service(types::retire_record_type)
        .service(list_fields)
        .service(create_field)
        .service(show_field)
        .service(change_field)
        .service(list_field_versions)
        .service(retire_field)
        .service(classify::classify_columns)
        .service(export::export_catalog);
}

needs! {
    /// Reads the catalog.
    ReadCatalog = CatalogRead;
    /// Makes, changes and retires record types and fields.
    ManageCatalog = CatalogManage;
    /// Takes the data dictionary away.
    ExportCatalog = RetentionRead;
}

fn tag(view: &FieldView, rights: &[u8; 32]) -> ETag {
    ETag::new(i64::from(view.version), rights)
}

fn answered(view: FieldView, rights: &[u8; 32], lang: Lang) -> Result<Reply, DomainError> {
    let tag = tag(&view, rights);
    Ok(Reply::ok(&FieldBody::of(view, lang))?.etag(tag))
}

/// List the fields of a record type.
///
/// Every field with its data type, its place on the three scales, its mask and how it can be searched: the built-in ones as the organisation has them, then its own.
#[utoipa::path(
    tag = "catalog", security(("bearer" = []), ("api_key" = [])),
    params(("type" = String, Path, description = "Code of the record type, such as `customer`"), ("state" = Option<String>, Query, description = "`active` (the default) or `retired`"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "Every field.", body = Listing<FieldBody>,
        example = json!({"data": [field_example()], "next_cursor": null})), ReadProblems))]
#[get("/record-types/{type}/fields")]
pub async fn list_fields(
    may: May<ReadCatalog>,
    app: Data<App>,
    req: HttpRequest,
    code: Path<String>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let lang = Lang::of(req.headers());
    let pages = Pages::new(app.cursor_key(), may.organization(), &format!("/v1/record-types/{code}/fields"), &query);
    let retired = query.choice("state", &["active", "retired"]) == Some("retired");
    let fields = catalog::fields(&app, &may, &code, retired).await?;
    let data = fields.into_iter().map(|view| FieldBody::of(view, lang)).collect();
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// Make a field.
///
/// It takes part in everything at once: entering, changing, reading, searching, revealing, history, import and the access decision; its values are sealed like
/// any other. Sensitive personal information is graded `sensitive` at least and other personal information `internal`, unless `exception_reason` says why not.
#[utoipa::path(
    tag = "catalog", security(("bearer" = [])),
    params(("type" = String, Path, description = "Code of the record type, such as `customer`")),
    request_body(content = NewFieldBody, example = json!(new_example())),
    responses((status = 201, description = "Made; `Location` names it.", body = FieldBody, example = json!(field_example())), WriteProblems))]
#[post("/record-types/{type}/fields")]
pub async fn create_field(
    may: May<ManageCatalog>,
    app: Data<App>,
    req: HttpRequest,
    code: Path<String>,
    new: Valid<NewFieldBody>,
) -> Result<Reply, Problem> {
    let (digest, lang) = (*new.digest(), Lang::of(req.headers()));
    let (key, draft) = new.into_inner().into_draft();
    let made = once(&app, &may, &req, &digest, async |work| {
        let made = catalog::create(&app, &may, work, &code, &key, draft).await?;
        let tag = tag(&made, &may.identity.rights);
        let location = format!("/v1/record-types/{code}/fields/{}", made.field.key);
        Ok(Reply::created(&location, &FieldBody::of(made, lang))?.etag(tag))
    })
    .await;
    catalog::note_change(&app);
    made
}

/// Read one field.
#[utoipa::path(
    tag = "catalog", security(("bearer" = []), ("api_key" = [])),
    params(("type" = String, Path, description = "Code of the record type"), ("key" = String, Path, description = "Key of the field, in use or retired")),
    description = "One field as it is now; retired ones too.",
    responses((status = 200, description = "The field.", body = FieldBody, example = json!(field_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/record-types/{type}/fields/{key}")]
pub async fn show_field(
    may: May<ReadCatalog>,
    app: Data<App>,
    req: HttpRequest,
    place: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (code, key) = place.into_inner();
    let view = catalog::field(&app, &may, &code, &key).await?;
    single(&req, tag(&view, &may.identity.rights), &FieldBody::of(view, Lang::of(req.headers())))
}

/// Change a field.
///
/// JSON Merge Patch; every version is kept. A new `required` is refused while stored records lack the field, with their number. A new way of searching, and
/// `unique`, hold for new values at once and are brought about for stored ones by the job of `job_id`: until it has ended a search by the new kind is refused.
/// They come into force together, and kinds that the same change takes away end with that; one that takes away alone holds at once, as `unique: false` does.
/// Where stored values repeat, the job fails (`values_repeat`) with their number in `error_count`, and `searchable` and `unique` are as they were before; what
/// the change said of other members stays. While a job is under way (`building`), these two cannot be changed. A built-in field can be changed like any other.
#[utoipa::path(
    tag = "catalog", security(("bearer" = [])),
    params(("type" = String, Path, description = "Code of the record type"), ("key" = String, Path, description = "Key of the field")),
    request_body(content = PatchFieldBody, content_type = "application/merge-patch+json", example = json!({"searchable": ["exact", "prefix"]})),
    responses((status = 200, description = "As it is now.", body = FieldBody, example = json!(field_example())), ChangeProblems))]
#[patch("/record-types/{type}/fields/{key}")]
pub async fn change_field(
    may: May<ManageCatalog>,
    app: Data<App>,
    req: HttpRequest,
    place: Path<(String, String)>,
    if_match: IfMatch,
    body: ValidPatch<PatchFieldBody>,
) -> Result<Reply, Problem> {
    let (code, key) = place.into_inner();
    let work = app.begin(may.organization()).await?;
    let admits = |version: i32| if_match.check(i64::from(version));
    let changed = catalog::patch(&app, &may, &work, (&code, &key), admits, body.into_inner().into()).await;
    let settled = work.settle(changed).await;
    catalog::note_change(&app);
    answered(settled?, &may.identity.rights, Lang::of(req.headers())).map_err(Problem::from)
}

/// List the versions of a field.
///
/// Newest first, each with what it said, what changed, when and by whom; since the organisation made or first changed the field.
#[utoipa::path(
    tag = "catalog", security(("bearer" = []), ("api_key" = [])),
    params(("type" = String, Path, description = "Code of the record type"), ("key" = String, Path, description = "Key of the field"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of versions.", body = Listing<FieldVersionBody>,
        example = json!({"data": [{"version": 2, "state": "active", "changed": ["labels"], "key": "loyalty_tier", "at": "2026-11-22T08:00:00Z"}], "next_cursor": null})), ReadProblems))]
#[get("/record-types/{type}/fields/{key}/versions")]
pub async fn list_field_versions(
    may: May<ReadCatalog>,
    app: Data<App>,
    req: HttpRequest,
    place: Path<(String, String)>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let (code, key) = place.into_inner();
    let lang = Lang::of(req.headers());
    let route = format!("/v1/record-types/{code}/fields/{key}/versions");
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let versions = catalog::versions(&app, &may, &code, &key).await?;
    let data = versions.into_iter().map(|version| FieldVersionBody::of(version, lang)).collect();
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// Retire a field.
///
/// For good: no value of it is taken, shown or found any more, and its key stays taken. What was entered stays readable in the history of each customer, for
/// those whom the field was open to, until erasure.
#[utoipa::path(
    tag = "catalog", security(("bearer" = [])),
    params(("type" = String, Path, description = "Code of the record type"), ("key" = String, Path, description = "Key of the field")),
    responses((status = 200, description = "Retired.", body = FieldBody, example = json!(field_example())), WriteProblems))]
#[post("/record-types/{type}/fields/{key}/retire")]
pub async fn retire_field(
    may: May<ManageCatalog>,
    app: Data<App>,
    req: HttpRequest,
    place: Path<(String, String)>,
    none: Empty,
) -> Result<Reply, Problem> {
    let (code, key) = place.into_inner();
    let lang = Lang::of(req.headers());
    let retired = once(&app, &may, &req, &none.0, async |work| {
        let retired = catalog::retire(&app, &may, work, (&code, &key), |_| Ok(())).await?;
        answered(retired, &may.identity.rights, lang)
    })
    .await;
    catalog::note_change(&app);
    retired
}
