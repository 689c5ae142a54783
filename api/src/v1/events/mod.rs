//! What happened, as far as the caller may read what it is about.

mod stream;
mod tickets;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::events::{self, EventType, EventView, Wanted};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::{ListProblems, Listing, May, Pages, Problem, Query};
use crate::needs;

needs! {
    /// Reads what happened.
    ReadEvents = EventsRead;
}

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_events).service(stream::stream_events).service(tickets::issue_stream_ticket);
}

/// Something that happened. Ids, codes, keys of fields and counts; never a value of a person.
#[derive(Serialize, ToSchema)]
pub struct EventBody {
    /// Its id: the same in lists, streams and deliveries.
    id: Uuid,
    /// What kind of thing; the document's `webhooks` list them.
    #[serde(rename = "type")]
    kind: &'static str,
    /// When it happened.
    timestamp: DateTime<Utc>,
    /// What it says, by its type.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
}

impl From<EventView> for EventBody {
    fn from(event: EventView) -> Self {
        let EventView { id, kind, at, data } = event;
        Self { id, kind: kind.code(), timestamp: at, data }
    }
}

/// Takes `type`: one code, or several with commas between.
fn kinds(query: &mut Query) -> Vec<EventType> {
    let Some(text) = query.text("type") else { return Vec::new() };
    let known: Vec<EventType> = text.split(',').filter_map(EventType::from_code).collect();
    if known.len() != text.split(',').count() {
        query.fault("type", "unknown_event_type");
    }
    known
}

/// Read what happened.
///
/// Oldest first, in the order in which it became true, of the last 30 days. To follow what happens, ask again with `after`, the id of the last event of the page
/// before; a page may be short, or empty, although there is more: as long as `next_cursor` is not null, go on with it. Shown is what the caller may read: events
/// about customers in reach, about colleagues' requests when they are one's own or one watches over all. Partners hear of customers alone.
#[utoipa::path(
    tag = "events", params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ("after" = Option<Uuid>, Query, description = "Only what came after this event"),
    ("type" = Option<String>, Query, description = "Codes of types, with commas between"),
    ("customer_id" = Option<Uuid>, Query, description = "Only what is about this customer")),
    responses((status = 200, description = "A page of events.", body = Listing<EventBody>, example = json!({"data": [event_example()], "next_cursor": null})), ListProblems))]
#[get("/events")]
pub async fn list_events(may: May<ReadEvents>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/events", &query);
    let position = pages.position(&mut query)?.map(|bytes| <[u8; 8]>::try_from(bytes).map(i64::from_be_bytes));
    let position = position.transpose().map_err(|_| Problem::of("invalid_cursor"))?;
    let wanted = Wanted {
        limit: query.limit(),
        kinds: kinds(&mut query),
        customer: query.uuid("customer_id"),
        after: query.uuid("after"),
        position,
    };
    query.done()?;
    let page = events::list(&app, &may, &wanted).await?;
    let next_cursor = page.more.then(|| pages.seal(&page.position.to_be_bytes()));
    let data = page.events.into_iter().map(EventBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor, count: None }))
}

fn event_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "type": "customers.updated", "timestamp": "2026-11-22T08:00:00Z",
        "data": {"customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "version": 3, "fields": ["mobile"]}})
}
