//! What happens, as it happens: server-sent events.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use custodian_application::App;
use custodian_application::events::{self, Admitted, EventView, Follower, Wanted};
use custodian_domain::kernel::DomainError;
use futures_util::stream;
use uuid::Uuid;

use super::{EventBody, ReadEvents, kinds};
use crate::http::{AskAgain, Ending, ListProblems, MayListen, Problem, Query, no_head, path};

/// How long nothing may be sent: a comment goes out then, and who asks is looked at anew.
const SILENCE: Duration = Duration::from_secs(5);
/// How often a stream that a ticket opened says that it is still heard.
const HEARD: Duration = Duration::from_secs(3);
/// How long one answer goes on; a client comes back with `Last-Event-ID` by itself.
const LONGEST: Duration = Duration::from_secs(300);
/// Events sent together.
const TOGETHER: usize = 100;
/// Streams that one caller may have open at the same time, on each instance.
const MOST: usize = 8;

/// Counts a caller's open streams; dropped with its stream.
struct Open(Uuid);

fn open() -> &'static Mutex<HashMap<Uuid, usize>> {
    static OPEN: OnceLock<Mutex<HashMap<Uuid, usize>>> = OnceLock::new();
    OPEN.get_or_init(Mutex::default)
}

impl Open {
    fn one(caller: Uuid) -> Result<Self, Problem> {
        let mut all = open().lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(caller).or_default();
        if *count >= MOST {
            return Err(Problem::of("too_many_streams"));
        }
        *count += 1;
        Ok(Self(caller))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut all = open().lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.0) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.0);
            }
        }
    }
}

/// An answer under way.
struct Streaming {
    app: Data<App>,
    asks: AskAgain,
    ending: Data<Ending>,
    follower: Follower,
    begun: Instant,
    ticket: Option<Opened>,
    _open: Open,
}

/// A stream that a ticket has opened.
struct Opened {
    admitted: Admitted,
    opening: i32,
    heard: Instant,
}

/// Follow what happens.
///
/// Server-sent events (`text/event-stream`): `id`, `event` (the type) and `data`, which is an event as of `GET /v1/events`. It begins with what happens from now
/// on; with `Last-Event-ID`, or `after`, with what came after that event. A comment comes every few seconds while nothing happens. Who asks is looked at anew
/// before anything is sent: what has ended meanwhile (a session, a right) ends or narrows the stream. Each answer ends after five minutes at the latest; come back
/// with `Last-Event-ID`, as browsers do by themselves. A browser's `EventSource` comes with a `ticket` of `POST /v1/events/stream-tickets` in place of a credential.
#[utoipa::path(
    tag = "events", params(("Last-Event-ID" = Option<Uuid>, Header, description = "The `id` of the last event that arrived"),
    ("after" = Option<Uuid>, Query, description = "The same, for the first call"),
    ("ticket" = Option<String>, Query, description = "In place of a credential: `EventSource` sends none"),
    ("type" = Option<String>, Query, description = "Codes of types, with commas between"),
    ("customer_id" = Option<Uuid>, Query, description = "Only what is about this customer")),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream", example = json!(EXAMPLE)), ListProblems))]
#[get("/events/stream", guard = "no_head")]
pub async fn stream_events(
    may: MayListen<ReadEvents>,
    app: Data<App>,
    ending: Data<Ending>,
    req: HttpRequest,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let (after, _) = (query.uuid("after"), query.text("ticket"));
    let (kinds, customer) = (kinds(&mut query), query.uuid("customer_id"));
    query.done()?;
    let last = req
        .headers()
        .get("last-event-id")
        .map(|value| value.to_str().ok().and_then(path::uuid).ok_or_else(|| Problem::of("unknown_event")));
    let after = last.transpose()?.or(after);
    // Who comes back without an id has heard of nothing yet.
    let position = may.ticket.as_ref().and_then(|ticket| ticket.began).filter(|_| after.is_none());
    let wanted = Wanted { kinds, customer, after, position, limit: TOGETHER };
    let open = Open::one(may.identity.actor_id())?;
    let follower = Follower::begin(&app, &may, wanted).await?;
    let begun = Instant::now();
    let ticket = match &may.ticket {
        Some(admitted) => {
            let opening = events::open(&app, admitted, &follower).await?;
            Some(Opened { admitted: admitted.clone(), opening, heard: begun })
        }
        None => None,
    };
    let streaming = Streaming { app, asks: may.asks, ending, follower, begun, ticket, _open: open };
    // The head goes out at once, so that a client knows that it is heard.
    let first = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"retry: 2000\n\n")) });
    let rest = stream::try_unfold(streaming, |mut streaming| async move {
        let block = streaming.block().await.map_err(ended)?;
        Ok(block.map(|bytes| (bytes, streaming)))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(stream::StreamExt::chain(first, rest)))
}

/// The connection is closed; why is told to who asks again.
fn ended(error: DomainError) -> std::io::Error {
    tracing::debug!(%error, "a stream of events ended");
    std::io::Error::other("ended")
}

impl Streaming {
    /// A ticket's older connection ends when a newer one is there.
    async fn is_newest(&mut self) -> Result<bool, DomainError> {
        match &mut self.ticket {
            Some(opened) if opened.heard.elapsed() >= HEARD => {
                opened.heard = Instant::now();
                events::hear(&self.app, &opened.admitted, opened.opening).await
            }
            _ => Ok(true),
        }
    }

    async fn block(&mut self) -> Result<Option<Bytes>, DomainError> {
        if self.begun.elapsed() > LONGEST || !self.is_newest().await? {
            return Ok(None);
        }
        let call = self.asks.ask().await?;
        let found = tokio::select! {
            () = self.ending.come() => return Ok(None),
            found = self.follower.wait(&self.app, &call, SILENCE) => found?,
        };
        if !found {
            return Ok(Some(Bytes::from_static(b": nothing new\n\n")));
        }
        let call = self.asks.ask().await?;
        let page = self.follower.next(&self.app, &call).await?;
        if page.events.is_empty() {
            return Ok(Some(Bytes::from_static(b": nothing for you\n\n")));
        }
        let mut text = String::new();
        for event in page.events {
            write(event, &mut text)?;
        }
        Ok(Some(Bytes::from(text)))
    }
}

fn write(event: EventView, text: &mut String) -> Result<(), DomainError> {
    let (id, kind) = (event.id, event.kind.code());
    let data = serde_json::to_string(&EventBody::from(event));
    let data = data.map_err(|_| DomainError::internal("an event does not serialise"))?;
    text.push_str(&format!("id: {id}\nevent: {kind}\ndata: {data}\n\n"));
    Ok(())
}

const EXAMPLE: &str = "id: 0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10\nevent: consents.withdrawn\ndata: {\"id\":\"0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10\",\"type\":\"consents.withdrawn\",\
     \"timestamp\":\"2026-11-22T08:00:00Z\",\"data\":{}}\n\n";
