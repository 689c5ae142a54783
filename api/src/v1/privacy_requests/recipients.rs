//! Recipients of a person's data: who was told of what was corrected or restricted, and who has acted on it.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::privacy_requests::{self, NotificationView};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{HearOfRequests, ReadRequests};
use crate::http::{
    Empty, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, WriteProblems, once, page_of,
};
use crate::v1::erasures::ReadErasures;

/// One recipient of one piece of news.
#[derive(Serialize, ToSchema)]
pub struct NotificationBody {
    /// Its id: another one for each recipient.
    id: Uuid,
    /// The third party.
    third_party_id: Uuid,
    /// Its name.
    third_party: String,
    /// Whose data, by the id that the caller knows.
    customer_id: Uuid,
    /// `rectified`: fetch the fields anew. `restricted`: use nothing of the person. `restriction_lifted`: use it again. `erased`:
    /// erase everything of the person. `objected`: stop the use, and acknowledge it as a withdrawal of this id.
    kind: String,
    /// Keys of the fields that were corrected; all of them for the other kinds, which name none.
    fields: Vec<String>,
    /// `notified`, `acknowledged`, or `overdue`.
    state: &'static str,
    /// When it was told.
    notified_at: DateTime<Utc>,
    /// Until when it is to be acknowledged.
    due_at: DateTime<Utc>,
    /// When it was acknowledged.
    acknowledged_at: Option<DateTime<Utc>>,
}

impl From<NotificationView> for NotificationBody {
    fn from(view: NotificationView) -> Self {
        let NotificationView { row, customer } = view;
        Self {
            id: row.id,
            third_party_id: row.third_party,
            third_party: row.name,
            customer_id: customer,
            kind: row.kind,
            fields: row.fields,
            state: match (row.acknowledged_at, row.overdue) {
                (Some(_), _) => "acknowledged",
                (None, true) => "overdue",
                (None, false) => "notified",
            },
            notified_at: row.at,
            due_at: row.due_at,
            acknowledged_at: row.acknowledged_at,
        }
    }
}

fn example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a71", "third_party_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "third_party": "Courier",
        "customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "kind": "rectified", "fields": ["address"], "state": "notified",
        "notified_at": "2026-11-22T08:00:00Z", "due_at": "2026-11-25T08:00:00Z", "acknowledged_at": null})
}

/// List who must hear of a request.
///
/// Every recipient of the data when it was corrected, restricted, or the restriction lifted: the third parties that a purpose names, those with a key,
/// and those whose key was ever shown something of the person. Recipients of what is objected to hear of it as of a withdrawal (`GET /v1/withdrawals`).
#[utoipa::path(
    tag = "privacy-requests", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the request"), ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of recipients.", body = Listing<NotificationBody>,
        example = json!({"data": [example()], "next_cursor": null})), ReadProblems))]
#[get("/privacy-requests/{id}/recipients")]
pub async fn list_request_recipients(
    may: May<ReadRequests>,
    app: Data<App>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("/v1/privacy-requests/{}/recipients", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let all = privacy_requests::recipients(&app, &may, id.get()).await?;
    let data = all.into_iter().map(NotificationBody::from).collect();
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// List who must hear of an erasure.
///
/// Every third party that may hold something of the person: those that a purpose names, those with a live key, and those whose key was ever shown something of them; and who has said
/// that it has erased it, too. Each is told by the event `privacy_notifications.opened`, reminded, and `overdue` after three days.
#[utoipa::path(
    tag = "erasures", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the erasure"), ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of recipients.", body = Listing<NotificationBody>,
        example = json!({"data": [example()], "next_cursor": null})), ReadProblems))]
#[get("/erasures/{id}/recipients")]
pub async fn list_erasure_recipients(
    may: May<ReadErasures>,
    app: Data<App>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("/v1/erasures/{}/recipients", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let all = privacy_requests::erasure_recipients(&app, &may, id.get()).await?;
    let data = all.into_iter().map(NotificationBody::from).collect();
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// List what was corrected, restricted or erased.
///
/// For a partner: what it must act on, oldest first; `open=true` for what it has not acknowledged.
#[utoipa::path(
    tag = "privacy-requests", security(("api_key" = [])),
    params(("open" = Option<bool>, Query, description = "What waits, or what does not"), ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page.", body = Listing<NotificationBody>, example = json!({"data": [example()], "next_cursor": null})), ListProblems))]
#[get("/privacy-notifications")]
pub async fn list_notifications(
    may: May<HearOfRequests>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/privacy-notifications", &query);
    let (open, after) = (query.parsed("open", "invalid_boolean"), pages.id_position(&mut query)?);
    let limit = query.limit();
    query.done()?;
    let (views, next) = privacy_requests::notifications(&app, &may, open, after, limit).await?;
    let data = views.into_iter().map(NotificationBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Acknowledge what was corrected, restricted or erased.
///
/// The partner says that it has acted on it. A second time changes nothing.
#[utoipa::path(
    tag = "privacy-requests", security(("api_key" = [])), params(("id" = Uuid, Path, description = "Id of the notification")),
    responses((status = 200, description = "Acknowledged.", body = NotificationBody, example = json!(example())), WriteProblems))]
#[post("/privacy-notifications/{id}/acknowledge")]
pub async fn acknowledge_notification(
    may: May<HearOfRequests>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    once(&app, &may, &req, &none.0, async |work| {
        Reply::ok(&NotificationBody::from(
            privacy_requests::acknowledge_notification(&app, &may, work, id.get()).await?,
        ))
    })
    .await
}
