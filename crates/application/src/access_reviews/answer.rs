//! Answering a line: by whoever is asked, never by the person whom it concerns.

use custodian_domain::access_reviews::{Decision, LineKind};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{ApiKeyId, DomainError, RefusedAs, SessionId, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::access_requests::find_grant;
use custodian_persistence::access_reviews::{self as stored, LineAnswer, LineRow};
use custodian_persistence::{Work, api_keys, departments, roles as stored_roles, users};
use uuid::Uuid;

use super::entry;
use crate::access_requests::end_grant;
use crate::audit::Detail;
use crate::users::is_last_administrator;
use crate::{App, Call};

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Keep or revoke.
    pub decision: Decision,
    /// Why.
    pub comment: Option<String>,
}

fn refused(status: RefusedAs, code: &'static str) -> DomainError {
    DomainError::refused(status, code)
}

/// Answers a line, once. What is revoked is gone with this transaction: the account is suspended and its sessions end, the role is taken
/// away, the key or the right is ended. The last administrator stays whatever is answered, and the outcome says so.
///
/// Errors: 403 `own_line`, `not_the_reviewer`; 409 `review_closed`, `already_answered`.
pub async fn answer(
    app: &App,
    call: &Call,
    work: &Work,
    review: Uuid,
    id: Uuid,
    answer: Answer,
) -> Result<LineRow, DomainError> {
    call.needs(Permission::AccessReviewsRead)?;
    let campaign = stored::lock(work, review).await?.ok_or(DomainError::NotFound)?;
    let mut line = stored::find_line(work, review, id).await?.ok_or(DomainError::NotFound)?;
    let by = call.identity.actor_id();
    is_asked(call, &line, by)?;
    if concerns(work, &line, by).await? {
        return Err(refused(RefusedAs::Forbidden, "own_line"));
    }
    if campaign.state != "open" {
        return Err(refused(RefusedAs::Conflict, "review_closed"));
    }
    if line.answer.is_some() {
        return Err(refused(RefusedAs::Conflict, "already_answered"));
    }
    let at = work.database_time().await?;
    let (outcome, ended) = match answer.decision {
        Decision::Keep => ("kept", Vec::new()),
        Decision::Revoke => revoke(app, work, &line, by).await?,
    };
    let decision = answer.decision.as_str().to_owned();
    let said = LineAnswer {
        decision: decision.clone(),
        comment: answer.comment,
        by: Some(by),
        at,
        outcome: outcome.to_owned(),
    };
    stored::settle_line(work, review, id, &said).await?;
    line.answer = Some(said);
    let draft = entry(Action::AccessReviewsAnswer, review)
        .with("line", Detail::Code(id.to_string()))
        .with("subject", Detail::Code(line.subject.to_string()))
        .with("decision", Detail::Code(decision))
        .with("outcome", Detail::Code(outcome.to_owned()));
    app.record_change(work, call, draft).await?;
    ended.iter().for_each(|session| app.auth().forget(*session));
    Ok(line)
}

/// Refuses whoever is neither asked nor in charge; they see no line of the campaign but their own ones.
fn is_asked(call: &Call, line: &LineRow, by: Uuid) -> Result<(), DomainError> {
    if line.reviewer == Some(by) || call.identity.caller.holds(Permission::AccessReviewsManage) {
        return Ok(());
    }
    Err(if super::sees_all(call) { refused(RefusedAs::Forbidden, "not_the_reviewer") } else { DomainError::NotFound })
}

/// Whether the line is about this person: their account, a role or right of theirs, a key that they made.
async fn concerns(work: &Work, line: &LineRow, person: Uuid) -> Result<bool, DomainError> {
    if line.kind == LineKind::Grant.as_str() {
        return Ok(find_grant(work, line.subject).await?.is_some_and(|grant| grant.user.uuid() == person));
    }
    if line.kind != "key" {
        return Ok(line.subject == person);
    }
    let key = api_keys::find(work, ApiKeyId::from(line.subject)).await?;
    Ok(key.is_some_and(|(key, _)| key.created_by == person))
}

/// Takes away what a line is about. Answers what became of it, and which credentials ended.
pub(super) async fn revoke(
    app: &App,
    work: &Work,
    line: &LineRow,
    by: Uuid,
) -> Result<(&'static str, Vec<Uuid>), DomainError> {
    if line.kind == LineKind::Grant.as_str() {
        let ended = end_grant(app, work, line.subject, by).await?;
        return Ok((if ended { "revoked" } else { "gone" }, Vec::new()));
    }
    if line.kind == "key" {
        let ended = api_keys::revoke(work, ApiKeyId::from(line.subject), app.now()).await?;
        return Ok((if ended { "revoked" } else { "gone" }, vec![line.subject]));
    }
    departments::fence(work).await?;
    stored_roles::lock(work).await?;
    let id = UserId::from(line.subject);
    let Some(user) = users::lock(work, id).await?.filter(|user| user.state != "offboarded") else {
        return Ok(("gone", Vec::new()));
    };
    let roles: Vec<String> = match &line.role {
        Some(role) if !user.roles.contains(role) => return Ok(("gone", Vec::new())),
        Some(role) => user.roles.iter().filter(|own| *own != role).cloned().collect(),
        None => Vec::new(),
    };
    if is_last_administrator(work, &user, &roles).await? {
        return Ok(("kept_last_administrator", Vec::new()));
    }
    if line.role.is_some() {
        users::set_roles(work, id, &roles).await?;
        return Ok(("revoked", Vec::new()));
    }
    if user.state == "active" {
        users::set_state(work, id, "suspended").await?;
    }
    let ended = users::end_sessions(work, id, None, app.now(), "access_review").await?;
    Ok(("revoked", ended.into_iter().map(SessionId::uuid).collect()))
}
