//! `GET /dev/mailbox`: the letters that a private instance would have sent. Served where there is such a folder, and undocumented: no client builds on it.

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use custodian_outbound::FolderMail;
use serde_json::json;

use super::Platform;
use crate::http::Problem;

/// Adds the route where the platform has a mailbox.
pub fn configure(platform: &Platform) -> impl FnOnce(&mut ServiceConfig) + use<> {
    let served = platform.mailbox.is_some();
    move |config| {
        if served {
            config.route("/dev/mailbox", web::get().to(letters));
        }
    }
}

/// Letters, newest first; those to one address with `?to=`.
async fn letters(req: HttpRequest, platform: Data<Platform>) -> Result<HttpResponse, Problem> {
    let folder = platform.mailbox.clone().ok_or_else(|| Problem::of("not_found"))?;
    let unreadable = || Problem::of("internal_error").log("the mailbox cannot be read");
    let all = web::block(move || FolderMail::letters(&folder)).await.map_err(|_| unreadable())?;
    let mut all = all.map_err(|_| unreadable())?;
    if let Some(to) = req.uri().query().and_then(|query| query.strip_prefix("to=")) {
        all.retain(|letter| letter.to.eq_ignore_ascii_case(to));
    }
    Ok(HttpResponse::Ok().json(json!({ "data": all })))
}
