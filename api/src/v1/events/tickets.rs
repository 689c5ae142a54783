//! Tickets for streams.

use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::events;
use serde::Serialize;
use utoipa::ToSchema;

use super::ReadEvents;
use crate::http::{Empty, May, Problem, Reply, WriteProblems, once};

/// A ticket for one stream, shown this once.
#[derive(Serialize, ToSchema)]
pub struct StreamTicketBody {
    /// For `?ticket=`. It opens one stream and nothing else.
    ticket: String,
    /// The address to open, with the ticket in it; `type`, `customer_id` and `after` may be added.
    url: String,
    /// Until when the stream can be opened for the first time.
    expires_at: DateTime<Utc>,
}

/// Get a ticket for a stream.
///
/// For a browser's `EventSource`, which cannot send a credential: `new EventSource(url)` within 60 seconds opens one stream, for the purpose that this call names. The ticket opens
/// nothing else, and no second stream beside it: a newer connection ends the older one. When the connection breaks, the browser comes back by itself with the same address and
/// `Last-Event-ID`: within 60 seconds, from the same network address, the stream goes on where it broke off. It ends with the session. Once it answers `401`, get another
/// ticket and open the stream with `after`, the id of the last event.
#[utoipa::path(
    tag = "events", security(("bearer" = [])),
    responses((status = 200, description = "The ticket.", body = StreamTicketBody, example = json!({"ticket": "est_AZOgsH9MfDqdVWsfbz4qUA",
        "url": "/v1/events/stream?ticket=est_AZOgsH9MfDqdVWsfbz4qUA", "expires_at": "2026-11-22T08:01:00Z"})), WriteProblems))]
#[post("/events/stream-tickets")]
pub async fn issue_stream_ticket(
    may: May<ReadEvents>,
    app: Data<App>,
    req: HttpRequest,
    none: Empty,
) -> Result<Reply, Problem> {
    let reply = once(&app, &may, &req, &none.0, async |work| {
        let events::Ticket { text, expires_at } = events::issue(&app, &may, work).await?;
        let url = format!("/v1/events/stream?ticket={text}");
        Reply::ok(&StreamTicketBody { ticket: text, url, expires_at })
    })
    .await?;
    // Whoever lost the answer gets another ticket.
    if reply.is_replay() { Err(Problem::of("idempotency_result_withheld")) } else { Ok(reply) }
}
