//! A published notice, for anybody.

use actix_web::http::header::{CACHE_CONTROL, VARY};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use custodian_application::{App, notices};
use custodian_domain::notices::Wanted;
use uuid::Uuid;

use super::bodies::PublicNoticeBody;
use crate::http::openapi::PublicProblems;
use crate::http::{Id, Problem, Query, accepted_languages};

/// Read a published notice.
///
/// For anybody, without a credential. The address of a version stays for good, also when a newer one is in force. In the language that is
/// named, or else in the one that `Accept-Language` asks for most, or else in the first.
#[utoipa::path(
    tag = "notices", security(()),
    params(("id" = Uuid, Path, description = "Id of the version"), ("language" = Option<String>, Query, description = "One of its languages; that of `Accept-Language` when absent")),
    responses((status = 200, description = "The text.", body = PublicNoticeBody, example = json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a50", "code": "privacy",
        "version": 1, "state": "published", "language": "en", "languages": ["en", "zh-CN"], "title": "Offers", "text": "Example Ltd sends you offers.",
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "published_at": "2026-11-22T08:00:00Z"})),
        (status = 400, description = "A query parameter is not known."), PublicProblems))]
#[get("/public/notices/{id}")]
pub async fn show_public_notice(
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let language = Wanted { named: query.text("language"), ranges: accepted_languages(req.headers()) };
    query.done()?;
    let notice = notices::public(&app, id.get(), &language).await?;
    let body = PublicNoticeBody::of(notice).ok_or_else(|| Problem::of("not_found"))?;
    let kept = (CACHE_CONTROL, "public, max-age=300");
    Ok(HttpResponse::Ok().insert_header(kept).insert_header((VARY, "Accept-Language")).json(body))
}
