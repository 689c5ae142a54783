//! Making, changing, publishing and retiring forms.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use custodian_application::App;
use custodian_application::forms::{self, FormView};
use uuid::Uuid;

use super::bodies::{FormBody, NewFormBody, PatchFormBody, form_example};
use super::{ManageForms, PATH, ReadForms};
use crate::http::{
    ChangeProblems, ETag, Empty, Id, IfMatch, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply,
    Valid, ValidPatch, WriteProblems, once, single,
};

fn tag(view: &FormView, rights: &[u8; 32]) -> ETag {
    ETag::new(i64::from(view.row.revision), rights)
}

/// List forms.
///
/// Oldest first, whatever their state.
#[utoipa::path(
    tag = "forms", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of forms.", body = Listing<FormBody>,
        example = json!({"data": [form_example()], "next_cursor": null})), ListProblems))]
#[get("/forms")]
pub async fn list_forms(may: May<ReadForms>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), PATH, &query);
    let (limit, after) = (query.limit(), pages.id_position(&mut query)?);
    query.done()?;
    let (views, next) = forms::list(&app, &may, after, limit).await?;
    let data = views.into_iter().map(FormBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Make a form.
///
/// A draft. It collects for one purpose, under one version of a notice, and asks for no field that the purpose does not list: such a field is refused by its name
/// (`purpose_excludes_field`), and so is a purpose that lists none. One required field must be an e-mail address or a telephone number that is searchable by its exact value.
#[utoipa::path(
    tag = "forms", security(("bearer" = [])),
    request_body(content = NewFormBody, example = json!({"labels": {"en": "Newsletter", "zh": "订阅"}, "purpose": "newsletter",
        "notice_version": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a50", "languages": ["zh-CN", "en"], "origins": ["https://www.example.com"],
        "fields": [{"key": "name", "required": true}, {"key": "email", "required": true}, {"key": "birthday", "required": false}]})),
    responses((status = 201, description = "Made; `Location` names it.", body = FormBody, example = json!(form_example())), WriteProblems))]
#[post("/forms")]
pub async fn create_form(
    may: May<ManageForms>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewFormBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let draft = new.into_inner().into();
    once(&app, &may, &req, &digest, async |work| {
        let made = forms::create(&app, &may, work, draft).await?;
        let (location, tag) = (format!("{PATH}/{}", made.row.id), tag(&made, &may.identity.rights));
        Ok(Reply::created(&location, &FormBody::from(made))?.etag(tag))
    })
    .await
}

/// Read one form.
#[utoipa::path(
    tag = "forms", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the form")),
    description = "As it would be published next.",
    responses((status = 200, description = "The form.", body = FormBody, example = json!(form_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/forms/{id}")]
pub async fn show_form(
    may: May<ReadForms>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let view = forms::find(&app, &may, id.get()).await?;
    single(&req, tag(&view, &may.identity.rights), &FormBody::from(view))
}

/// Change a form.
///
/// JSON Merge Patch; lists are replaced whole. Pages go on showing the published version until the next is.
#[utoipa::path(
    tag = "forms", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the form")),
    request_body(content = PatchFormBody, content_type = "application/merge-patch+json", example = json!({"origins": ["https://shop.example.com"]})),
    responses((status = 200, description = "As it is now.", body = FormBody, example = json!(form_example())), ChangeProblems))]
#[patch("/forms/{id}")]
pub async fn change_form(
    may: May<ManageForms>,
    app: Data<App>,
    id: Id<Uuid>,
    if_match: IfMatch,
    body: ValidPatch<PatchFormBody>,
) -> Result<Reply, Problem> {
    let work = app.begin(may.organization()).await?;
    let admits = |version: i32| if_match.check(i64::from(version));
    let changed = forms::patch(&app, &may, &work, id.get(), admits, body.into_inner().into()).await;
    let changed = work.settle(changed).await?;
    let tag = tag(&changed, &may.identity.rights);
    Ok(Reply::ok(&FormBody::from(changed))?.etag(tag))
}

/// Publish a form.
///
/// As a version of its own, kept for good. Pages that were opened before may still be sent, each under the version that it showed.
#[utoipa::path(
    tag = "forms", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the form")),
    responses((status = 200, description = "Published.", body = FormBody, example = json!(form_example())), WriteProblems))]
#[post("/forms/{id}/publish")]
pub async fn publish_form(
    may: May<ManageForms>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        Reply::ok(&FormBody::from(forms::publish(&app, &may, work, id.get()).await?))
    })
    .await
}

/// Retire a form.
///
/// At once: no page shows it, and none that was opened before is taken.
#[utoipa::path(
    tag = "forms", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the form")),
    responses((status = 200, description = "Out of use.", body = FormBody, example = json!(form_example())), WriteProblems))]
#[post("/forms/{id}/retire")]
pub async fn retire_form(
    may: May<ManageForms>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        Reply::ok(&FormBody::from(forms::retire(&app, &may, work, id.get()).await?))
    })
    .await
}
