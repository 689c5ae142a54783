//! Purposes, and the legal rules they rest on.

mod bodies;
mod rules;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use custodian_application::purposes::PurposeView;
use custodian_application::{App, purposes};
use custodian_domain::kernel::DomainError;
use utoipa_actix_web::service_config::ServiceConfig;

use self::bodies::{NewPurposeBody, PatchPurposeBody, PurposeBody, PurposeVersionBody, new_example, purpose_example};
use crate::http::{
    ChangeProblems, ETag, Empty, IfMatch, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply,
    Valid, ValidPatch, WriteProblems, once, page_of, single,
};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_purposes)
        .service(create_purpose)
        .service(show_purpose)
        .service(change_purpose)
        .service(list_purpose_versions)
        .service(retire_purpose)
        .service(rules::list_rules);
}

needs! {
    /// Reads purposes and legal rules.
    ReadPurposes = PurposesRead;
    /// Makes, changes and retires purposes.
    ManagePurposes = PurposesManage;
}

const PATH: &str = "/v1/purposes";

fn tag(view: &PurposeView, rights: &[u8; 32]) -> ETag {
    ETag::new(i64::from(view.row.version), rights)
}

/// List purposes.
///
/// Every purpose in order of code, retired ones too. A call names one in `Processing-Purpose`; it then sees the fields that the purpose lists, and, where the
/// purpose needs consent, the people alone whose consent is in force.
#[utoipa::path(
    tag = "purposes", security(("bearer" = []), ("api_key" = [])),
    params(("state" = Option<String>, Query, description = "`active` or `retired`"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of purposes.", body = Listing<PurposeBody>,
        example = json!({"data": [purpose_example()], "next_cursor": null})), ListProblems))]
#[get("/purposes")]
pub async fn list_purposes(may: May<ReadPurposes>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), PATH, &query);
    let state = query.choice("state", &["active", "retired"]);
    let views = purposes::list(&app, &may, state).await?;
    let data = views.into_iter().map(PurposeBody::from).collect();
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// Make a purpose.
///
/// The legal basis must be one of a law that the purpose is held to, and the kind of consent must fit it: none for a basis that needs none; under PIPL `separate`,
/// `written` or `guardian` where data is sensitive, given to others or sent abroad. Every fault is named.
#[utoipa::path(
    tag = "purposes", security(("bearer" = [])),
    request_body(content = NewPurposeBody, example = json!(new_example())),
    responses((status = 201, description = "Made; `Location` names it.", body = PurposeBody, example = json!(purpose_example())), WriteProblems))]
#[post("/purposes")]
pub async fn create_purpose(
    may: May<ManagePurposes>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewPurposeBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let (code, draft) = new.into_inner().into_draft();
    once(&app, &may, &req, &digest, async |work| {
        let made = purposes::create(&app, &may, work, code, draft).await?;
        let (location, tag) = (format!("{PATH}/{}", made.row.id), tag(&made, &may.identity.rights));
        Ok(Reply::created(&location, &PurposeBody::from(made))?.etag(tag))
    })
    .await
}

/// Read one purpose.
#[utoipa::path(
    tag = "purposes", security(("bearer" = []), ("api_key" = [])), params(("id" = String, Path, description = "Id or code of the purpose, such as `marketing`")),
    description = "One purpose by its id or its code.",
    responses((status = 200, description = "The purpose.", body = PurposeBody, example = json!(purpose_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/purposes/{id}")]
pub async fn show_purpose(
    may: May<ReadPurposes>,
    app: Data<App>,
    req: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let view = purposes::find(&app, &may, &id).await?;
    single(&req, tag(&view, &may.identity.rights), &PurposeBody::from(view))
}

/// Change a purpose.
///
/// JSON Merge Patch; lists are replaced whole; every version is kept. Where what is done, how, with which fields, for whom or for how long goes beyond what it
/// was, consents given until now must be renewed, from this answer on.
#[utoipa::path(
    tag = "purposes", security(("bearer" = [])), params(("id" = String, Path, description = "Id or code of the purpose")),
    request_body(content = PatchPurposeBody, content_type = "application/merge-patch+json", example = json!({"retention_days": 365})),
    responses((status = 200, description = "As it is now.", body = PurposeBody, example = json!(purpose_example())), ChangeProblems))]
#[patch("/purposes/{id}")]
pub async fn change_purpose(
    may: May<ManagePurposes>,
    app: Data<App>,
    id: Path<String>,
    if_match: IfMatch,
    body: ValidPatch<PatchPurposeBody>,
) -> Result<Reply, Problem> {
    let work = app.begin(may.organization()).await?;
    let admits = |version: i32| if_match.check(i64::from(version));
    let changed = purposes::patch(&app, &may, &work, &id, admits, body.into_inner().into()).await;
    answered(work.settle(changed).await?, &may.identity.rights).map_err(Problem::from)
}

fn answered(view: PurposeView, rights: &[u8; 32]) -> Result<Reply, DomainError> {
    let tag = tag(&view, rights);
    Ok(Reply::ok(&PurposeBody::from(view))?.etag(tag))
}

/// List the versions of a purpose.
///
/// Newest first, each with what it said, what changed, when and by whom.
#[utoipa::path(
    tag = "purposes", security(("bearer" = []), ("api_key" = [])),
    params(("id" = String, Path, description = "Id or code of the purpose"), ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of versions.", body = Listing<PurposeVersionBody>,
        example = json!({"data": [{"version": 1, "state": "active", "changed": [], "legal_basis": "cn_consent", "at": "2026-11-22T08:00:00Z"}], "next_cursor": null})), ReadProblems))]
#[get("/purposes/{id}/versions")]
pub async fn list_purpose_versions(
    may: May<ReadPurposes>,
    app: Data<App>,
    id: Path<String>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("{PATH}/{id}/versions");
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let versions = purposes::versions(&app, &may, &id).await?;
    let data = versions.into_iter().map(PurposeVersionBody::from).collect();
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// Retire a purpose.
///
/// For good: within a second no call may name it, and its code stays taken. What was agreed to for it stays on record.
#[utoipa::path(
    tag = "purposes", security(("bearer" = [])), params(("id" = String, Path, description = "Id or code of the purpose")),
    responses((status = 200, description = "Retired.", body = PurposeBody, example = json!(purpose_example())), WriteProblems))]
#[post("/purposes/{id}/retire")]
pub async fn retire_purpose(
    may: May<ManagePurposes>,
    app: Data<App>,
    req: HttpRequest,
    id: Path<String>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        let retired = purposes::retire(&app, &may, work, &id, |_| Ok(())).await?;
        answered(retired, &may.identity.rights)
    })
    .await
}
