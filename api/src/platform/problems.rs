//! The pages that `type` of a problem document points at.

use actix_web::http::header::{ACCEPT, CONTENT_LANGUAGE};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse, get};

use crate::http::openapi::PublicProblems;
use crate::http::{KINDS, Kind, Lang, Problem, kind};

/// List the problem codes
///
/// Every code that a problem document may carry, in both languages: as HTML for browsers, otherwise as plain text.
#[utoipa::path(tag = "platform", security(()), responses(
    (status = 200, description = "All codes.", content((String = "text/plain"), (String = "text/html"))),
    PublicProblems,
))]
#[get("/problems")]
pub async fn list_problems(req: HttpRequest) -> HttpResponse {
    page(&req, "Problems · 问题代码", KINDS.iter())
}

/// Describe a problem code
///
/// The page that `type` of a problem document points at: what went wrong and what to do, in both languages.
#[utoipa::path(tag = "platform", security(()),
    params(("code" = String, Path, description = "The `code` of a problem document.", example = "invalid_cursor")),
    responses(
        (status = 200, description = "The code.", content((String = "text/plain"), (String = "text/html"))),
        PublicProblems,
    ))]
#[get("/problems/{code}")]
pub async fn describe_problem(req: HttpRequest, code: Path<String>) -> Result<HttpResponse, Problem> {
    let found = kind(&code).ok_or_else(|| Problem::of("not_found"))?;
    Ok(page(&req, found.code, std::iter::once(found)))
}

fn page<'a>(req: &HttpRequest, title: &str, kinds: impl Iterator<Item = &'a Kind>) -> HttpResponse {
    let accept = req.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let html = accept.contains("text/html");
    let mut body = String::new();
    for kind in kinds {
        body.push_str(&if html { as_html(kind) } else { as_text(kind) });
    }
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_LANGUAGE, "en, zh-CN"));
    if html {
        answer.content_type("text/html; charset=utf-8").body(format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{}</title>\n<h1>{0}</h1>\n{body}</html>\n",
            escape(title)
        ))
    } else {
        answer.content_type("text/plain; charset=utf-8").body(body)
    }
}

fn as_text(kind: &Kind) -> String {
    let line = |lang| format!("{}\n{}\n", kind.title.pick(lang), kind.detail.filled(lang, None));
    format!("{} ({})\n{}{}\n", kind.code, kind.status, line(Lang::En), line(Lang::Zh))
}

fn as_html(kind: &Kind) -> String {
    let part = |lang: Lang| {
        let (title, detail) = (escape(kind.title.pick(lang)), escape(&kind.detail.filled(lang, None)));
        format!("<p lang=\"{}\"><strong>{title}</strong><br>{detail}</p>\n", lang.tag())
    };
    format!("<h2 id=\"{}\"><code>{0}</code> {}</h2>\n{}{}", kind.code, kind.status, part(Lang::En), part(Lang::Zh))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
