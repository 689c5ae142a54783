//! `/scim/v2/Users`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use custodian_application::App;
use custodian_application::scim::{self, ScimUser};
use custodian_domain::kernel::{DomainError, UserId};
use serde_json::Value;

use super::resource::{user, wanted};
use super::wire::{Bearer, Json, ScimError, Wish, admits, answer, has_it, stale, weak};
use crate::http::{Problem, path};

/// What accounts can be found by.
const ATTRIBUTES: [&str; 8] =
    ["id", "userName", "externalId", "active", "displayName", "name.formatted", "emails", "emails.value"];

/// How often a part is changed anew because somebody else was faster.
const TRIES: u8 = 8;

fn id(path: &Path<String>) -> Result<UserId, ScimError> {
    Ok(path::uuid(path).map(UserId::from).ok_or_else(|| Problem::of("not_found"))?)
}

fn shown(app: &App, status: StatusCode, one: &ScimUser) -> HttpResponse {
    answer(status, &user(app, one), Some(&weak(one.version)))
}

pub async fn list(by: Bearer, app: Data<App>, req: HttpRequest) -> Result<HttpResponse, ScimError> {
    let wish = Wish::of(&req, &ATTRIBUTES)?;
    let page = scim::list(&app, &by.0, wish.filter.as_ref(), wish.start, wish.count).await?;
    Ok(wish.answer(page.total, page.items.iter().map(|one| user(&app, one)).collect()))
}

pub async fn show(by: Bearer, app: Data<App>, req: HttpRequest, path: Path<String>) -> Result<HttpResponse, ScimError> {
    let found = scim::find(&app, &by.0, id(&path)?).await?;
    if has_it(&req, &weak(found.version)) {
        return Ok(HttpResponse::NotModified().insert_header(("ETag", weak(found.version))).finish());
    }
    Ok(shown(&app, StatusCode::OK, &found))
}

pub async fn create(by: Bearer, app: Data<App>, body: Json) -> Result<HttpResponse, ScimError> {
    let wanted = wanted(&body.0)?;
    let work = app.begin(by.0.call.organization()).await?;
    let made = scim::create(&app, &by.0, &work, &wanted).await;
    Ok(shown(&app, StatusCode::CREATED, &work.settle(made).await?))
}

pub async fn replace(
    by: Bearer,
    app: Data<App>,
    req: HttpRequest,
    path: Path<String>,
    body: Json,
) -> Result<HttpResponse, ScimError> {
    bring(&app, &by, id(&path)?, &body.0, admits(&req)).await
}

pub async fn patch(
    by: Bearer,
    app: Data<App>,
    req: HttpRequest,
    path: Path<String>,
    body: Json,
) -> Result<HttpResponse, ScimError> {
    let (id, admits) = (id(&path)?, admits(&req));
    let mut tries = 0..TRIES;
    loop {
        let present = scim::find(&app, &by.0, id).await?;
        let changed = super::patch::user(user(&app, &present), &body.0)?;
        // The change was made of this version: what somebody else changed in between must not be undone by it.
        let only =
            |version| admits(version).and_then(|()| if version == present.version { Ok(()) } else { Err(stale()) });
        match bring(&app, &by, id, &changed, only).await {
            Err(refused) if refused.is_stale() && admits(present.version).is_ok() && tries.next().is_some() => {}
            settled => return settled,
        }
    }
}

async fn bring(
    app: &App,
    by: &Bearer,
    id: UserId,
    body: &Value,
    admits: impl Fn(i64) -> Result<(), DomainError>,
) -> Result<HttpResponse, ScimError> {
    let wanted = wanted(body)?;
    let work = app.begin(by.0.call.organization()).await?;
    let changed = scim::replace(app, &by.0, &work, id, &wanted, admits).await;
    Ok(shown(app, StatusCode::OK, &work.settle(changed).await?))
}

pub async fn delete(
    by: Bearer,
    app: Data<App>,
    req: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ScimError> {
    let id = id(&path)?;
    let work = app.begin(by.0.call.organization()).await?;
    let removed = scim::remove(&app, &by.0, &work, id, admits(&req)).await;
    work.settle(removed).await?;
    Ok(HttpResponse::NoContent().finish())
}
