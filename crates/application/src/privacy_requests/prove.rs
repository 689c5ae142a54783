//! Proving who asks: by a one-time code to a contact point on file, or on the word of staff who have seen it.

use chrono::{DateTime, TimeDelta, Utc};
use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::{CustomerId, DomainError, JobId};
use custodian_domain::privacy_requests::{Proof, Requester, State, is_minor};
use custodian_domain::roles::Permission;
use custodian_persistence::privacy_requests::{self as stored, CodeRow, RequestRow};
use custodian_persistence::{Work, customers as people, jobs};
use serde_json::json;
use uuid::Uuid;

use super::read::{RequestView, view_of};
use super::{Doer, codes, conflict, duplicates, entry, letters, note, times, to_handle, watch};
use crate::audit::{Detail, Draft};
use crate::auth::one_time_code;
use crate::customers::{born, decide_row, refuse};
use crate::{App, Call};

/// How long a code can be used.
pub(crate) const CODE_LIVES: TimeDelta = TimeDelta::minutes(10);
/// Codes about one request within an hour.
pub(crate) const CODES_AN_HOUR: i64 = 3;
/// Tries of one code.
pub(crate) const TRIES: i32 = 5;

/// What is shown, or asked for.
#[derive(Clone)]
pub enum Shown {
    /// A code is to be sent.
    SendCode,
    /// The code that was sent. Never printed.
    Code(String),
    /// Staff have seen it, and know which customer it is.
    Seen(Proof, Option<Uuid>),
}

/// Proves who asks, or asks for the proof. While it is awaited the clock stands still, where the law lets it.
///
/// Errors: 409 `request_closed`, `already_verified`, `no_verification` where the law asks for none, `arranged_otherwise`, `not_a_minor`,
/// `code_not_accepted`, also for a code that went to a contact point that is not on file any more; 404 for a customer out of sight; 422 for a way that does not fit; 429.
pub async fn verify(app: &App, call: &Call, work: &Work, id: Uuid, shown: Shown) -> Result<RequestView, DomainError> {
    let (mut row, now) = to_handle(call, work, id).await?;
    if row.verified_at.is_some() {
        return Err(conflict("already_verified"));
    }
    if !codes(&row)?.rule.identity {
        return Err(conflict("no_verification"));
    }
    let by_relative = row.requester == Requester::Relative.as_str();
    if by_relative && !matches!(shown, Shown::Seen(..)) {
        return Err(DomainError::invalid("/method", "not_allowed"));
    }
    match shown {
        Shown::SendCode => send_code(app, call, work, &mut row, now).await?,
        Shown::Code(code) => {
            check_code(app, call, work, &row, &code).await?;
            proved(app, call, work, &mut row, Proof::Code, now).await?;
        }
        Shown::Seen(proof, customer) => {
            bind(app, call, work, &mut row, customer).await?;
            proved(app, call, work, &mut row, proof, now).await?;
        }
    }
    view_of(app, call, work, row).await
}

async fn send_code(
    app: &App,
    call: &Call,
    work: &Work,
    row: &mut RequestRow,
    now: DateTime<Utc>,
) -> Result<(), DomainError> {
    if stored::made_since(work, row.id, now - TimeDelta::hours(1)).await? >= CODES_AN_HOUR {
        return Err(DomainError::wait("too_many_attempts", 3600));
    }
    let code = one_time_code::draw(app);
    let to = match row.customer {
        Some(customer) => letters::code(app, work, CustomerId::from(customer), None, &code, now + CODE_LIVES).await?,
        None => None,
    };
    let digest = to.map(|to| one_time_code::digest(app, row.id, &to, &code).to_vec());
    let kept = CodeRow { id: app.new_id(), about: row.id, digest, created_at: now, expires_at: now + CODE_LIVES };
    stored::insert_code(work, &kept).await?;
    row.state = State::Verifying.as_str().to_owned();
    if codes(row)?.rule.pauses && row.paused_at.is_none() {
        row.paused_at = Some(now);
    }
    stored::update(work, row).await?;
    note(app, work, row, Doer::of(call), "proof_asked", json!({})).await?;
    app.record_change(work, call, entry(Action::PrivacyRequestsCode, row)).await
}

/// Counts the try in a transaction of its own, so that a wrong one is not forgotten with the refusal.
async fn check_code(app: &App, call: &Call, work: &Work, row: &RequestRow, code: &str) -> Result<(), DomainError> {
    let beside = Work::begin_beside(app.db(), work.organization()).await?;
    let tried = stored::try_code(&beside, row.id, TRIES).await?;
    beside.commit().await?;
    let to = match row.customer {
        Some(customer) => letters::contact(app, work, CustomerId::from(customer), None).await?,
        None => None,
    };
    let is_right = |digest: Option<&[u8]>| one_time_code::is_right(app, row.id, to.as_deref(), code, digest);
    let right = tried.filter(|(_, digest)| is_right(digest.as_deref()));
    match right {
        Some((id, _)) if stored::spend_code(work, id).await? => Ok(()),
        _ => {
            let failed = Draft { verdict: Verdict::Failed, ..entry(Action::PrivacyRequestsCodeFailed, row) };
            app.record_read(call, failed).await?;
            Err(conflict("code_not_accepted"))
        }
    }
}

/// Says which customer it is, as staff know them: one that was found by itself, from a contact point or by a partner's word, may have been the wrong one.
/// Called before anybody is proved alone; whose a proved request is stays.
async fn bind(
    app: &App,
    call: &Call,
    work: &Work,
    row: &mut RequestRow,
    customer: Option<Uuid>,
) -> Result<(), DomainError> {
    let Some(id) = customer else {
        return match row.customer {
            Some(_) => Ok(()),
            None => Err(DomainError::invalid("/customer_id", "required")),
        };
    };
    let found = people::lock_by_now(work, CustomerId::from(id)).await?.ok_or(DomainError::NotFound)?;
    let id = found.id.uuid();
    let permission = Permission::PrivacyRequestsManage;
    refuse(decide_row(app, call, &found, permission).outcome, permission)?;
    if row.customer == Some(id) {
        return Ok(());
    }
    let before = row.clone();
    row.customer = Some(id);
    row.duplicate_of = None;
    if before.customer.is_some() {
        stored::update(work, row).await?;
        note(app, work, row, Doer::of(call), "moved", json!({})).await?;
        // About whom it was taken for: the entry of the proof tells of somebody else.
        app.record_change(work, call, entry(Action::PrivacyRequestsMove, &before)).await?;
        // Requests of whom it was taken for would wait for an answer to somebody else.
        duplicates::release(app, work, &before, Doer::of(call)).await?;
    }
    Ok(())
}

/// It is known who asks: the clock goes on, and the request finds its place among the others of the person.
async fn proved(
    app: &App,
    call: &Call,
    work: &Work,
    row: &mut RequestRow,
    proof: Proof,
    now: DateTime<Utc>,
) -> Result<(), DomainError> {
    may_speak(app, call, work, row, now).await?;
    row.state = State::InProgress.as_str().to_owned();
    row.proof = Some(proof.as_str().to_owned());
    row.verified_at = Some(now);
    if let Some(since) = row.paused_at.take() {
        row.paused_seconds += (now - since).num_seconds().max(0);
    }
    times::Times::load(work, codes(row)?.jurisdiction).await?.set(row)?;
    duplicates::settle(app, work, row, Doer::of(call)).await?;
    stored::update(work, row).await?;
    let details = json!({"proof": proof.as_str(), "due_on": row.due_on, "duplicate_of": row.duplicate_of});
    note(app, work, row, Doer::of(call), "verified", details).await?;
    jobs::put_off(work, JobId::from(row.id), watch::first_look(row)).await?;
    let draft = entry(Action::PrivacyRequestsVerify, row).with("proof", Detail::Code(proof.as_str().to_owned()));
    app.record_change(work, call, draft).await
}

/// Whether who asks may speak for the person at all.
async fn may_speak(
    app: &App,
    call: &Call,
    work: &Work,
    row: &RequestRow,
    now: DateTime<Utc>,
) -> Result<(), DomainError> {
    let Some(customer) = row.customer else { return Ok(()) };
    match Requester::from_code(&row.requester) {
        Some(Requester::Relative) if stored::arranged_otherwise(work, customer).await? => {
            Err(conflict("arranged_otherwise"))
        }
        Some(Requester::Guardian) => {
            let found = people::lock_on_file(work, CustomerId::from(customer)).await?.ok_or(DomainError::NotFound)?;
            match born(app, call, &found)? {
                Some(day) if !is_minor(day, now.date_naive()) => Err(conflict("not_a_minor")),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}
