//! Notices: what people are told before their data is used.

mod bodies;
mod public;
mod showings;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use custodian_application::notices::NoticeView;
use custodian_application::{App, notices};
use custodian_domain::kernel::DomainError;
use custodian_domain::notices::Wanted;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use self::bodies::{
    DifferenceBody, ImpactBody, NewNoticeBody, NoticeBody, PatchNoticeBody, PublishBody, new_example, notice_example,
};
use crate::http::{
    ChangeProblems, ETag, Edge, Id, IfMatch, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply,
    Valid, ValidPatch, WriteProblems, accepted_languages, once, page_of, single,
};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_notices)
        .service(create_notice)
        .service(show_notice)
        .service(change_notice)
        .service(publish_notice)
        .service(show_notice_impact)
        .service(list_notice_differences)
        .service(showings::list_notice_showings)
        .service(showings::record_notice_showing)
        .service(public::show_public_notice);
}

needs! {
    /// Reads notices.
    ReadNotices = NoticesRead;
    /// Drafts and publishes notices.
    ManageNotices = NoticesManage;
    /// Records that a notice was shown.
    RecordShowings = NoticesRecord;
}

const PATH: &str = "/v1/notices";

fn tag(view: &NoticeView, rights: &[u8; 32]) -> ETag {
    ETag::new(i64::from(view.row.revision), rights)
}

fn reply(view: NoticeView, edge: &Edge, rights: &[u8; 32]) -> Result<Reply, DomainError> {
    let tag = tag(&view, rights);
    Ok(Reply::ok(&NoticeBody::of(view, &edge.public_base))?.etag(tag))
}

/// List notices.
///
/// Every version in order of code, newest first.
#[utoipa::path(
    tag = "notices", security(("bearer" = []), ("api_key" = [])),
    params(("code" = Option<String>, Query, description = "Versions of this code"), ("state" = Option<String>, Query, description = "`draft`, `published` or `superseded`"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of notices.", body = Listing<NoticeBody>,
        example = json!({"data": [notice_example()], "next_cursor": null})), ListProblems))]
#[get("/notices")]
pub async fn list_notices(
    may: May<ReadNotices>,
    app: Data<App>,
    edge: Data<Edge>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), PATH, &query);
    let (code, state) = (query.text("code"), query.choice("state", &["draft", "published", "superseded"]));
    let views = notices::list(&app, &may, code.as_deref(), state).await?;
    let data = views.into_iter().map(|view| NoticeBody::of(view, &edge.public_base)).collect();
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// Draft a notice.
///
/// The first version of a code, or the next one; a code has one draft at a time. Each element that the law wants is named with the words of the text that tell it.
#[utoipa::path(
    tag = "notices", security(("bearer" = [])),
    request_body(content = NewNoticeBody, example = json!(new_example())),
    responses((status = 201, description = "Drafted; `Location` names it.", body = NoticeBody, example = json!(notice_example())), WriteProblems))]
#[post("/notices")]
pub async fn create_notice(
    may: May<ManageNotices>,
    app: Data<App>,
    edge: Data<Edge>,
    req: HttpRequest,
    new: Valid<NewNoticeBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let (code, draft) = new.into_inner().into_draft();
    once(&app, &may, &req, &digest, async |work| {
        let made = notices::create(&app, &may, work, code, draft).await?;
        let (location, tag) = (format!("{PATH}/{}", made.row.id), tag(&made, &may.identity.rights));
        Ok(Reply::created(&location, &NoticeBody::of(made, &edge.public_base))?.etag(tag))
    })
    .await
}

/// Read one version of a notice.
#[utoipa::path(
    tag = "notices", security(("bearer" = []), ("api_key" = [])), params(("id" = Uuid, Path, description = "Id of the version")),
    description = "One version with its texts in every language.",
    responses((status = 200, description = "The version.", body = NoticeBody, example = json!(notice_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/notices/{id}")]
pub async fn show_notice(
    may: May<ReadNotices>,
    app: Data<App>,
    edge: Data<Edge>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let view = notices::find(&app, &may, id.get()).await?;
    single(&req, tag(&view, &may.identity.rights), &NoticeBody::of(view, &edge.public_base))
}

/// Change a draft.
///
/// JSON Merge Patch over `purposes` and `from_others`; `texts` is replaced whole. What was published stays as it is for good: draft the next version.
#[utoipa::path(
    tag = "notices", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the version")),
    request_body(content = PatchNoticeBody, content_type = "application/merge-patch+json", example = json!({"purposes": ["marketing", "care"]})),
    responses((status = 200, description = "As it is now.", body = NoticeBody, example = json!(notice_example())), ChangeProblems))]
#[patch("/notices/{id}")]
pub async fn change_notice(
    may: May<ManageNotices>,
    app: Data<App>,
    edge: Data<Edge>,
    id: Id<Uuid>,
    if_match: IfMatch,
    body: ValidPatch<PatchNoticeBody>,
) -> Result<Reply, Problem> {
    let work = app.begin(may.organization()).await?;
    let admits = |revision: i32| if_match.check(i64::from(revision));
    let changed = notices::patch(&app, &may, &work, id.get(), admits, body.into_inner().into()).await;
    reply(work.settle(changed).await?, &edge, &may.identity.rights).map_err(Problem::from)
}

/// Publish a notice.
///
/// Only with every element that the laws of its purposes want, in each language: PIPL art. 17, and 23, 30 and 39 where they apply, GDPR arts. 13 and 14. What is missing
/// is named. The version until now is superseded. Where what people agreed to reads otherwise, consents given until now must be renewed. After a change of a
/// purpose that makes consents need renewal, a version tells of it only with another text (another SHA-256) in every language than the versions in force at the
/// change: a yes under the same words stays `notice_outdated`. Where the words still fit, change at least the date in them.
#[utoipa::path(
    tag = "notices", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the version")),
    request_body(content = PublishBody, example = json!({"material": false})),
    responses((status = 200, description = "Published.", body = NoticeBody, example = json!(notice_example())), WriteProblems))]
#[post("/notices/{id}/publish")]
pub async fn publish_notice(
    may: May<ManageNotices>,
    app: Data<App>,
    edge: Data<Edge>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<PublishBody>,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, body.digest(), async |work| {
        let published = notices::publish(&app, &may, work, id.get(), body.material()).await?;
        reply(published, &edge, &may.identity.rights)
    })
    .await
}

/// Read what publishing a notice would mean.
///
/// What is missing, what it no longer tells of, which purposes would be left without a notice that tells of them as they are now, and whether people would have to
/// be asked again.
#[utoipa::path(
    tag = "notices", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the version")),
    responses((status = 200, description = "The consequences.", body = ImpactBody, example = json!({"missing": [{"pointer": "/texts/en/elements/retention",
        "article": "PIPL 17(1)(2)"}], "material": true, "purposes_dropped": [], "languages_dropped": ["zh-CN"], "uncovered": ["newsletter"], "to_renew": {"marketing": 120}})), ReadProblems))]
#[get("/notices/{id}/impact")]
pub async fn show_notice_impact(may: May<ReadNotices>, app: Data<App>, id: Id<Uuid>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(ImpactBody::from(notices::impact(&app, &may, id.get()).await?)))
}

/// List what changed since another version.
///
/// Every line of both versions in order, the title's first, each `same`, `removed` or `added`; against the version before when `from` is absent.
#[utoipa::path(
    tag = "notices", security(("bearer" = []), ("api_key" = [])),
    params(("id" = Uuid, Path, description = "Id of the version"), ("from" = Option<Uuid>, Query, description = "Id of another version of the same notice"),
        ("language" = Option<String>, Query, description = "A language that both have; when absent the one that `Accept-Language` asks for, or the only one"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of lines.", body = Listing<DifferenceBody>,
        example = json!({"data": [{"part": "title", "change": "same", "text": "Offers by mail"}, {"part": "text", "change": "removed", "text": "We keep it for one year."},
            {"part": "text", "change": "added", "text": "We keep it for three years."}], "next_cursor": null})), ReadProblems))]
#[get("/notices/{id}/differences")]
pub async fn list_notice_differences(
    may: May<ReadNotices>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("{PATH}/{}/differences", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let from = query.uuid("from");
    let language = Wanted { named: query.text("language"), ranges: accepted_languages(req.headers()) };
    let lines = match notices::differences(&app, &may, id.get(), from, &language).await {
        Err(DomainError::Invalid(_)) => {
            query.fault("language", "unknown_language");
            Vec::new()
        }
        other => other?,
    };
    let data = lines.into_iter().map(DifferenceBody::from).collect();
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}
