//! What a request may cost: no compressed bodies, no endless bodies, no endless work.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll};
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header::{CONTENT_ENCODING, HeaderMap};
use actix_web::web::Bytes;

use super::connections::Busy;
use super::context::Context;
use super::problem::Problem;

/// Refuses a compressed body: inflating it could cost a thousand times what was sent.
pub fn check_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let identity = |value: &str| value.trim().eq_ignore_ascii_case("identity");
    let plain = headers.get_all(CONTENT_ENCODING).all(|value| value.to_str().is_ok_and(identity));
    if plain { Ok(()) } else { Err(Problem::of("unsupported_content_encoding")) }
}

/// Runs a request until its deadline, which the request itself may move on.
pub async fn within<T>(context: &Context, work: impl Future<Output = T>) -> Result<T, Problem> {
    let mut work = pin!(work);
    loop {
        let deadline = context.pace.deadline();
        if let Ok(done) = tokio::time::timeout_at(deadline.into(), work.as_mut()).await {
            return Ok(done);
        }
        if context.pace.deadline() <= Instant::now() {
            return Err(late(context));
        }
    }
}

/// A body that does not come is the caller's fault; with the body at hand, only the database can have hung.
fn late(context: &Context) -> Problem {
    if context.pace.reading() {
        Problem::of("request_timeout")
    } else {
        Problem::of("audit_unavailable").log("the handler passed its deadline")
    }
}

/// Keeps the connection busy while a streamed answer is being taken; whole answers fit into the socket's buffer.
pub fn hold(body: BoxBody, busy: Option<Busy>) -> BoxBody {
    match busy {
        Some(busy) if matches!(body.size(), BodySize::Stream) => BoxBody::new(Held { body, busy }),
        _ => body,
    }
}

struct Held {
    body: BoxBody,
    busy: Busy,
}

impl MessageBody for Held {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        this.busy.touch();
        Pin::new(&mut this.body).poll_next(task)
    }
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
