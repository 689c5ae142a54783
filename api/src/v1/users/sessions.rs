//! Sessions: one's own, and those of colleagues, listed and ended one by one.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::{DateTime, Utc};
use custodian_application::users::{self, SessionView};
use custodian_application::{App, Call};
use custodian_domain::kernel::{DomainError, Fault, SessionId, UserId};
use custodian_persistence::Work;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::change::ManageUsers;
use crate::http::{
    Authenticated, Body, Empty, Id, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems,
    once, page_of,
};

/// One session that is going on.
#[derive(Serialize, ToSchema)]
pub struct SessionBody {
    /// Its id.
    id: Uuid,
    /// When the person logged in.
    created_at: DateTime<Utc>,
    /// When it ends at the latest.
    expires_at: DateTime<Utc>,
    /// When the second factor was last shown in it.
    mfa_at: Option<DateTime<Utc>>,
    /// Whether it is the one that asks.
    current: bool,
}

impl From<SessionView> for SessionBody {
    fn from(view: SessionView) -> Self {
        let SessionView { row, current } = view;
        let (created_at, expires_at, mfa_at) = (row.created_at, row.expires_at, row.mfa_at);
        Self { id: row.id.uuid(), created_at, expires_at, mfa_at, current }
    }
}

/// A change of one's own password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    /// The password until now.
    #[schema(min_length = 1, max_length = 1024)]
    current_password: String,
    /// At least 15 characters (8 for who has a second factor) and at most 256, of any kind; not one that guessers try early, nor made of the person's own words.
    #[schema(min_length = 1, max_length = 1024)]
    new_password: String,
}

impl Body for PasswordBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let same = text("new_password").is_some() && text("new_password") == text("current_password");
        if same { vec![Fault::new("/new_password", "password_unchanged")] } else { Vec::new() }
    }
}

/// Change one's own password.
///
/// Ends every other session of the account at once, and voids letters about a forgotten password. Whoever has a second factor must have shown it
/// within five minutes.
#[utoipa::path(
    tag = "users", security(("bearer" = [])),
    request_body(content = PasswordBody, example = json!({"current_password": "the one until today", "new_password": "seven green kites at dawn"})),
    responses((status = 204, description = "The new password is in force."), WriteProblems))]
#[post("/me/password")]
pub async fn change_my_password(
    caller: Authenticated,
    app: Data<App>,
    body: Valid<PasswordBody>,
) -> Result<HttpResponse, Problem> {
    let work = app.begin(caller.organization()).await?;
    users::change_password(&app, &caller, work, &body.current_password, &body.new_password).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List one's own sessions.
///
/// Those that are going on, newest first.
#[utoipa::path(
    tag = "users", security(("bearer" = [])), params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of sessions.", body = Listing<SessionBody>, example = json!({"data": [session_example()], "next_cursor": null})), ReadProblems))]
#[get("/me/sessions")]
pub async fn list_my_sessions(
    caller: Authenticated,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let user = caller.identity.user().ok_or(DomainError::NotFound)?;
    page(&app, &caller, user, "/v1/me/sessions", &mut query).await
}

async fn page(app: &App, call: &Call, user: UserId, route: &str, query: &mut Query) -> Result<HttpResponse, Problem> {
    let data = users::list_sessions(app, call, user).await?.into_iter().map(SessionBody::from).collect();
    let pages = Pages::new(app.cursor_key(), call.organization(), route, query);
    Ok(HttpResponse::Ok().json(page_of(data, &pages, query)?))
}

/// End one of one's own sessions.
///
/// Its tokens are refused from here on, within half a second on every other instance.
#[utoipa::path(
    tag = "users", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the session")),
    responses((status = 204, description = "Ended."), WriteProblems))]
#[post("/me/sessions/{id}/end")]
pub async fn end_my_session(
    caller: Authenticated,
    app: Data<App>,
    req: HttpRequest,
    id: Id<SessionId>,
    none: Empty,
) -> Result<Reply, Problem> {
    ended(&app, &caller, &req, &none, async |work| {
        let user = caller.identity.user().ok_or(DomainError::NotFound)?;
        users::end_session(&app, &caller, work, user, id.get()).await
    })
    .await
}

/// List the sessions of a colleague.
///
/// Those that are going on, newest first.
#[utoipa::path(
    tag = "users", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the account"),
    ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of sessions.", body = Listing<SessionBody>, example = json!({"data": [session_example()], "next_cursor": null})), ReadProblems))]
#[get("/users/{id}/sessions")]
pub async fn list_user_sessions(
    may: May<ManageUsers>,
    app: Data<App>,
    id: Id<UserId>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    page(&app, &may, id.get(), &format!("/v1/users/{}/sessions", id.get()), &mut query).await
}

/// End every session of a colleague.
///
/// For a lost device: the person may log in again. Nothing of the ended sessions succeeds a second later.
#[utoipa::path(
    tag = "users", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the account")),
    responses((status = 204, description = "Ended."), WriteProblems))]
#[post("/users/{id}/sessions/end")]
pub async fn end_user_sessions(
    may: May<ManageUsers>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<UserId>,
    none: Empty,
) -> Result<Reply, Problem> {
    ended(&app, &may, &req, &none, async |work| users::end_all_sessions(&app, &may, work, id.get()).await).await
}

/// End one session of a colleague.
///
/// Its tokens are refused from here on, within half a second on every other instance.
#[utoipa::path(
    tag = "users", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the account"),
    ("session_id" = Uuid, Path, description = "Id of the session")),
    responses((status = 204, description = "Ended."), WriteProblems))]
#[post("/users/{id}/sessions/{session_id}/end")]
pub async fn end_user_session(
    may: May<ManageUsers>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<UserId>,
    none: Empty,
) -> Result<Reply, Problem> {
    let session: SessionId = crate::http::path::id(&req, "session_id")?;
    ended(&app, &may, &req, &none, async |work| users::end_session(&app, &may, work, id.get(), session).await).await
}

async fn ended(
    app: &App,
    call: &Call,
    req: &HttpRequest,
    none: &Empty,
    end: impl AsyncFnOnce(&Work) -> Result<(), DomainError>,
) -> Result<Reply, Problem> {
    once(app, call, req, &none.0, async |work: &Work| end(work).await.map(|()| Reply::no_content())).await
}

fn session_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12", "created_at": "2026-11-22T08:00:00Z", "expires_at": "2026-11-22T20:00:00Z",
        "mfa_at": null, "current": true})
}
