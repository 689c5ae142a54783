//! Well-known addresses: the token keys and where to report a weakness.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use custodian_application::App;

use super::Platform;
use crate::http::Edge;
use crate::http::openapi::PublicProblems;

/// Read the token keys
///
/// The public keys that access tokens are signed with, as a JWK set (RFC 7517). Fetch it again when a token names an unknown `kid`.
#[utoipa::path(tag = "platform", security(()), responses(
    (status = 200, description = "The keys.", body = serde_json::Value, content_type = "application/jwk-set+json", example = json!({
        "keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "2026-01", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]
    })),
    PublicProblems,
))]
#[get("/.well-known/jwks.json")]
pub async fn jwks(platform: Data<Platform>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/jwk-set+json")
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(platform.jwks.read())
}

/// Read where to report a weakness
///
/// The security contact (RFC 9116).
#[utoipa::path(tag = "platform", security(()), responses(
    (status = 200, description = "The contact.", body = String, content_type = "text/plain"),
    PublicProblems,
))]
#[get("/.well-known/security.txt")]
pub async fn security_txt(app: Data<App>, edge: Data<Edge>, platform: Data<Platform>) -> HttpResponse {
    let body = text(&platform.security_contact, &edge.public_base, app.now());
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(body)
}

/// Read the keys of the audit log
///
/// The verifier keys that checkpoints are signed with, as C2SP signed-note writes them, one a line, oldest first. They are those of the log of all logs, whose name
/// is the first part of each line, and count for the logs of its organisations too. Compare them with what `custodian audit key` prints on the server.
#[utoipa::path(tag = "platform", security(()), responses(
    (status = 200, description = "The keys.", body = String, content_type = "text/plain",
        example = json!("custodian.example/audit+7d7a1a5c+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop\n")),
    PublicProblems,
))]
#[get("/.well-known/custodian-audit-keys")]
pub async fn custodian_audit_keys(app: Data<App>) -> HttpResponse {
    let log = app.log();
    let keys: String = log.keys().verifiers(log.origin()).iter().map(|key| format!("{key}\n")).collect();
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(keys)
}

/// Read how opt-out signals are honoured
///
/// Global Privacy Control: `Sec-GPC: 1` on a consent decision is an opt-out from purposes that sell, share or advertise.
#[utoipa::path(tag = "platform", security(()), responses(
    (status = 200, description = "Support for the signal.", body = serde_json::Value, example = json!({"gpc": true, "lastUpdate": "2026-11-22"})),
    PublicProblems,
))]
#[get("/.well-known/gpc.json")]
pub async fn gpc() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .json(serde_json::json!({"gpc": true, "lastUpdate": "2026-11-22"}))
}

/// RFC 9116 wants an expiry less than a year ahead.
pub(super) fn text(contact: &str, base: &str, now: DateTime<Utc>) -> String {
    let expires = (now + Duration::days(180)).to_rfc3339_opts(SecondsFormat::Secs, true);
    format!(
        "Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en, zh\nCanonical: {base}/.well-known/security.txt\n"
    )
}
