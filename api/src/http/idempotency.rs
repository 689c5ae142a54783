//! Retries: the same `Idempotency-Key` with the same request has one effect and one answer.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use custodian_application::idempotency::{Begun, begin, finish, record_replay};
use custodian_application::{App, Call};
use custodian_crypto::mac::sha256;
use custodian_domain::kernel::DomainError;
use custodian_persistence::Work;

use super::context::Context;
use super::problem::Problem;
use super::reply::Reply;
use super::valid::Digest;

/// The longest key, in bytes.
const LONGEST: usize = 255;

/// Runs `act` in a transaction that also keeps its answer, or gives the answer kept before. Without a key, `act` simply
/// runs in its transaction. A refusal keeps nothing: its effect was none, so that a retry may succeed.
pub async fn once<F>(app: &App, call: &Call, req: &HttpRequest, body: &Digest, act: F) -> Result<Reply, Problem>
where
    F: AsyncFnOnce(&Work) -> Result<Reply, DomainError>,
{
    once_retold(app, call, req, body, act, async |_| record_replay(app, call).await).await
}

/// The same, where giving a kept answer again takes more than an entry of its own: `again` must ask whether the caller may
/// still have it, and record that it does.
pub async fn once_retold<F, G>(
    app: &App,
    call: &Call,
    req: &HttpRequest,
    body: &Digest,
    act: F,
    again: G,
) -> Result<Reply, Problem>
where
    F: AsyncFnOnce(&Work) -> Result<Reply, DomainError>,
    G: AsyncFnOnce(&Reply) -> Result<(), DomainError>,
{
    let key = key(req.headers())?;
    let digest = request_digest(req, call, body);
    match begin(app, call, key.as_deref(), digest).await? {
        Begun::Replay(answer) => {
            let reply = Reply::replayed(answer)?;
            again(&reply).await?;
            Ok(reply)
        }
        Begun::Fresh(work) => {
            let reply = match act(&work).await {
                Ok(reply) => reply,
                Err(refused) => {
                    work.abandon().await;
                    return Err(refused.into());
                }
            };
            finish(app, call, work, key.as_deref(), digest, &reply.to_answer()).await?;
            Ok(reply)
        }
    }
}

/// Whether the request asks to be done once however often it is sent. Errors: an unusable `Idempotency-Key`.
pub fn carries_key(req: &HttpRequest) -> Result<bool, Problem> {
    key(req.headers()).map(|key| key.is_some())
}

/// Method, path, query, purpose and body, each with its length.
fn request_digest(req: &HttpRequest, call: &Call, body: &Digest) -> [u8; 32] {
    let context = Context::of(req);
    let purpose = call.purpose.as_deref().unwrap_or_default();
    let mut message = Vec::with_capacity(256);
    for part in [context.method.as_str(), context.path(), context.uri.query().unwrap_or_default(), purpose] {
        message.extend_from_slice(&(part.len() as u64).to_be_bytes());
        message.extend_from_slice(part.as_bytes());
    }
    message.extend_from_slice(&body.0);
    sha256(&message)
}

/// The key, bare or as the structured-field string of the draft standard.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut all = headers.get_all("idempotency-key");
    let Some(value) = all.next() else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let usable = (1..=LONGEST).contains(&bare.len()) && bare.bytes().all(|b| (0x20..0x7f).contains(&b));
    if all.next().is_some() || !usable || bare.trim().is_empty() {
        return Err(Problem::of("idempotency_key_invalid"));
    }
    Ok(Some(bare.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn read(value: &[u8]) -> Result<Option<String>, &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("idempotency-key"), HeaderValue::from_bytes(value).unwrap());
        key(&headers).map_err(|problem| problem.code())
    }

    #[test]
    fn keys_are_1_to_255_printable_characters_with_or_without_quotes() {
        assert_eq!(read(b"abc-1"), Ok(Some("abc-1".into())));
        assert_eq!(read(b"\"abc-1\""), Ok(Some("abc-1".into())));
        assert_eq!(read("k".repeat(255).as_bytes()), Ok(Some("k".repeat(255))));
        for refused in [b"".as_slice(), b"\"\"", b"  ", "k".repeat(256).as_bytes(), b"a\tb", "é".as_bytes(), b"\xff"] {
            assert_eq!(read(refused), Err("idempotency_key_invalid"), "{refused:?}");
        }
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
    }

    #[test]
    fn two_keys_are_none() {
        let mut headers = HeaderMap::new();
        for value in ["a", "b"] {
            headers.append(HeaderName::from_static("idempotency-key"), HeaderValue::from_static(value));
        }
        assert_eq!(key(&headers).unwrap_err().code(), "idempotency_key_invalid");
    }
}
