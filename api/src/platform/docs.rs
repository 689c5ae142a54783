//! The interactive document, served from the binary: no other host is asked for anything.

use std::sync::{Arc, LazyLock};

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::web::{Path, ServiceConfig, get};
use utoipa_swagger_ui::Config;

use crate::http::Problem;

/// Only our own scripts run and only our own server is called; the page writes its style into elements.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("/openapi.json");
    Arc::new(
        config
            .persist_authorization(true)
            .try_it_out_enabled(true)
            .display_request_duration(true)
            .filter(true)
            .doc_expansion("list")
            .validator_url("none"),
    )
});

/// The undocumented routes `/docs` and below.
pub fn configure(config: &mut ServiceConfig) {
    config.route("/docs", get().to(index)).route("/docs/{file}", get().to(file));
}

/// The page names its scripts relative to itself, so that it must stand one level down.
async fn index() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/index.html")).finish()
}

async fn file(name: Path<String>) -> Result<HttpResponse, Problem> {
    let found = utoipa_swagger_ui::serve(&name, Arc::clone(&CONFIG));
    let found = found.map_err(|_| Problem::of("internal_error").log("the document's page cannot be made"))?;
    let file = found.ok_or_else(|| Problem::of("not_found"))?;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .content_type(file.content_type.as_str());
    if file.gzpipped {
        answer.insert_header((CONTENT_ENCODING, "gzip"));
    }
    Ok(answer.body(file.bytes.into_owned()))
}
