//! The generated OpenAPI document, served as it stands.

use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderValue, IF_NONE_MATCH};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use custodian_crypto::mac::sha256;
use utoipa::openapi::OpenApi;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::http::openapi::PublicProblems;

/// The document's bytes and their tag.
#[derive(Clone, Debug)]
pub struct Document {
    bytes: Bytes,
    tag: HeaderValue,
}

impl Document {
    /// Writes the document once, for every request to come. Fails only if it cannot be written as JSON.
    pub fn new(document: &OpenApi) -> Result<Self, serde_json::Error> {
        let bytes = Bytes::from(serde_json::to_vec(document)?);
        let digest: String = sha256(&bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        // Hex between quotation marks always is a header value.
        let tag = HeaderValue::try_from(format!("\"{digest}\"")).unwrap_or(HeaderValue::from_static("\"0\""));
        Ok(Self { bytes, tag })
    }

    /// The document as JSON.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

/// The documented route. Needs `Data<Document>`, which the finished document is put into.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(openapi);
}

/// Read this document
///
/// OpenAPI 3.1, generated from the code that serves it. `/docs` shows it for people.
#[utoipa::path(tag = "platform", security(()), responses(
    (status = 200, description = "The document.", body = serde_json::Value, content_type = "application/json",
        headers(("ETag" = String, description = "Changes with the document.")),
        example = json!({"openapi": "3.1.0", "info": {"title": "Custodian"}})),
    (status = 304, description = "Unchanged."),
    PublicProblems,
))]
#[get("/openapi.json")]
pub async fn openapi(req: HttpRequest, document: Data<Document>) -> HttpResponse {
    let tag = document.tag.as_bytes();
    let known = |value: &HeaderValue| value.as_bytes().split(|b| *b == b',').any(|one| one.trim_ascii() == tag);
    let unchanged = req.headers().get_all(IF_NONE_MATCH).any(known);
    let mut answer = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((ETAG, document.tag.clone())).insert_header((CACHE_CONTROL, "no-cache"));
    if unchanged {
        return answer.finish();
    }
    answer.content_type("application/json").body(document.bytes.clone())
}
