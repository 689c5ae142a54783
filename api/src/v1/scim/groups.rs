//! `/scim/v2/Groups`: roles, and who holds them. Roles are made in the product and not here.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use custodian_application::App;
use custodian_application::scim;
use serde_json::Value;

use super::patch;
use super::resource::{group, group_version, member};
use super::wire::{Bearer, Json, ScimError, Wish, answer, has_it};

const ATTRIBUTES: [&str; 3] = ["id", "displayName", "externalId"];

pub async fn list(by: Bearer, app: Data<App>, req: HttpRequest) -> Result<HttpResponse, ScimError> {
    let wish = Wish::of(&req, &ATTRIBUTES)?;
    let page = scim::list_groups(&app, &by.0, wish.filter.as_ref(), wish.start, wish.count).await?;
    Ok(wish.answer(page.total, page.items.iter().map(|one| group(&app, one)).collect()))
}

pub async fn show(by: Bearer, app: Data<App>, req: HttpRequest, path: Path<String>) -> Result<HttpResponse, ScimError> {
    let found = scim::find_group(&app, &by.0, &path).await?;
    let version = group_version(&found);
    if has_it(&req, &version) {
        return Ok(HttpResponse::NotModified().insert_header(("ETag", version)).finish());
    }
    Ok(answer(StatusCode::OK, &group(&app, &found), Some(&version)))
}

pub async fn replace(by: Bearer, app: Data<App>, path: Path<String>, body: Json) -> Result<HttpResponse, ScimError> {
    let empty = Value::Array(Vec::new());
    let named = patch::ids(member(&body.0, "members").unwrap_or(&empty))?;
    let work = app.begin(by.0.call.organization()).await?;
    let changed = scim::change_members(&app, &by.0, &work, &path, |_| named).await;
    let changed = work.settle(changed).await?;
    Ok(answer(StatusCode::OK, &group(&app, &changed), Some(&group_version(&changed))))
}

pub async fn patch(by: Bearer, app: Data<App>, path: Path<String>, body: Json) -> Result<HttpResponse, ScimError> {
    let wanted = patch::members(&body.0)?;
    let work = app.begin(by.0.call.organization()).await?;
    let changed = scim::change_members(&app, &by.0, &work, &path, wanted).await;
    let changed = work.settle(changed).await?;
    Ok(answer(StatusCode::OK, &group(&app, &changed), Some(&group_version(&changed))))
}
