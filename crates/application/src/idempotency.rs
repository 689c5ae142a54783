//! Retried requests: one effect, the same answer. The answer is kept in the transaction of its effect, so a crash between the two cannot part them.

use custodian_crypto::{DataKey, seal_into};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, RefusedAs};
use custodian_persistence::Work;
use custodian_persistence::idempotency::{self as stored, KeptAnswer};
use futures_util::FutureExt;
use serde_json::Value;

use crate::audit::Draft;
use crate::keys::{DATA_KEY_VERSION, own_place, split_passing};
use crate::{App, Call};

/// How long an answer is kept (api.md).
pub fn kept_for() -> chrono::Duration {
    chrono::Duration::hours(24)
}

/// The version of the key of a kept answer.
const KEY_VERSION: i32 = DATA_KEY_VERSION as i32;

/// An answer as it left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers worth repeating.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// How a request begins.
pub enum Begun {
    /// It is new: do it in this transaction.
    Fresh(Work),
    /// It was done before: this was its answer. Nothing is recorded of giving it again until the caller of [`begin`] does so.
    Replay(Answer),
}

fn refused(status: RefusedAs, code: &'static str) -> DomainError {
    DomainError::refused(status, code)
}

/// Opens the transaction of a request. `digest` covers method, path, purpose and body.
///
/// Errors: `idempotency_in_progress` (409), `idempotency_key_reused` (422), and `idempotency_result_withheld` (409) when the
/// caller's rights have changed since, so that a kept answer cannot show more than the caller may see now.
pub async fn begin(app: &App, call: &Call, key: Option<&str>, digest: [u8; 32]) -> Result<Begun, DomainError> {
    let work = app.begin(call.organization()).await?;
    let Some(key) = key else { return Ok(Begun::Fresh(work)) };
    match look_up(app, call, &work, key, digest).await {
        Ok(None) => Ok(Begun::Fresh(work)),
        Ok(Some(answer)) => {
            work.abandon().await;
            Ok(Begun::Replay(answer))
        }
        Err(error) => {
            work.abandon().await;
            Err(error)
        }
    }
}

async fn look_up(
    app: &App,
    call: &Call,
    work: &Work,
    key: &str,
    digest: [u8; 32],
) -> Result<Option<Answer>, DomainError> {
    let caller = call.identity.actor_id();
    if !stored::claim(work, caller, key).await? {
        return Err(refused(RefusedAs::Conflict, "idempotency_in_progress"));
    }
    let Some(kept) = stored::find(work, caller, key, app.now() - kept_for()).await? else {
        return Ok(None);
    };
    if kept.request_digest != digest {
        return Err(refused(RefusedAs::Unprocessable, "idempotency_key_reused"));
    }
    if kept.rights_digest != call.identity.rights {
        return Err(refused(RefusedAs::Conflict, "idempotency_result_withheld"));
    }
    if kept.sealed_body.is_empty() {
        return Err(refused(RefusedAs::Conflict, "idempotency_result_withheld"));
    }
    let (wrapped, sealed) = split_passing(&kept.sealed_body).ok_or(DomainError::Integrity)?;
    let opened = app.keys().unwrap_own(call.organization(), caller, KEY_VERSION, wrapped)?;
    let place = own_place(call.organization(), "idempotency", caller, key, 1);
    let body = custodian_crypto::open(&opened, &place, sealed).map_err(|_| DomainError::Integrity)?.to_vec();
    let headers = match kept.headers {
        Value::Object(map) => {
            map.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect()
        }
        _ => Vec::new(),
    };
    Ok(Some(Answer { status: u16::try_from(kept.status).unwrap_or(500), headers, body }))
}

/// Records that a kept answer is given again, and returns when the entry is durable.
pub async fn record_replay(app: &App, call: &Call) -> Result<(), DomainError> {
    app.record_read(call, Draft::of(Action::RequestsReplay)).await
}

/// Keeps the answer, if the request carried a key, and commits.
pub async fn finish(
    app: &App,
    call: &Call,
    work: Work,
    key: Option<&str>,
    digest: [u8; 32],
    answer: &Answer,
) -> Result<(), DomainError> {
    if let Some(key) = key {
        let caller = call.identity.actor_id();
        // A key of its own: what the answer shows must not outlive the person whom it shows.
        let own = DataKey::generate(DATA_KEY_VERSION, app.rng());
        let mut body = app.keys().wrap_passing(app.db(), &work, caller, &own, app.rng(), app.now()).await?;
        let place = own_place(call.organization(), "idempotency", caller, key, 1);
        let mut salt = [0_u8; 16];
        app.rng().fill(&mut salt);
        let kept = KeptAnswer {
            request_digest: digest.to_vec(),
            rights_digest: call.identity.rights.to_vec(),
            status: i16::try_from(answer.status).unwrap_or(500),
            headers: answer.headers.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect(),
            sealed_body: {
                seal_into(&own, &place, &answer.body, salt, &mut body);
                body
            },
        };
        stored::keep(&work, caller, key, &kept, app.now()).await?;
    }
    Ok(work.commit().await?)
}

/// Drops answers that are older than a day, organisation by organisation.
pub async fn purge(app: &App) -> Result<(), DomainError> {
    let before = app.now() - kept_for();
    app.in_each(|work| stored::purge(work, before).boxed()).await
}
