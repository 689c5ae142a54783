//! Answers: done, or turned down on a ground, with what the person may do about it.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, RefusedAs};
use custodian_domain::privacy_requests::{Right, State, ground, remedy};
use custodian_persistence::Work;
use serde_json::json;
use uuid::Uuid;

use super::effects::carry_out;
use super::handle::{end, stands};
use super::read::{RequestView, view_of};
use super::{Doer, codes, conflict, entry, letters, note, still_here, to_handle};
use crate::audit::Detail;
use crate::keys::{own_place, seal_own};
use crate::{App, Call};

/// Does what was asked for, as far as it is done here, and says how it was answered.
///
/// Errors: 410 `erased` where nothing is left to do it with, unless that was asked; 409 `not_in_progress` before it is known who asks, `duplicate_request`,
/// `request_closed`; those of what it does: `erasure_not_recorded`, `consents_in_force`, `customer_deleted`, and what corrections are refused for.
pub async fn complete(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    answer: Option<String>,
) -> Result<RequestView, DomainError> {
    let (mut row, _) = to_handle(call, work, id).await?;
    let codes = codes(&row)?;
    if codes.right != Right::Erasure {
        still_here(work, &row).await?;
    }
    if !codes.state.may_become(State::Completed) {
        return Err(conflict("not_in_progress"));
    }
    stands(&row)?;
    let view = view_of(app, call, work, row.clone()).await?;
    carry_out(app, call, work, &row, &view, codes.right).await?;
    row.sealed_answer = match &answer {
        Some(text) => Some(seal_answer(app, work, id, text).await?),
        None => None,
    };
    let row = end(app, call, work, row, State::Completed).await?;
    note(app, work, &row, Doer::of(call), "completed", json!({})).await?;
    let answer = answer.unwrap_or_default();
    let text = [format!("It was done. {answer}"), format!("您的请求已处理完毕。{answer}")];
    letters::tell(app, work, &row, text).await?;
    app.record_change(work, call, entry(Action::PrivacyRequestsComplete, &row)).await?;
    view_of(app, call, work, row).await
}

/// Turns a request down. The ground must be one of that law for that right; what the person may do about it is kept with it.
///
/// Errors: 409 `request_closed`, `duplicate_request`; 422 for a ground that is none there.
pub async fn reject(
    app: &App,
    call: &Call,
    work: &Work,
    id: Uuid,
    code: &str,
    explanation: String,
) -> Result<RequestView, DomainError> {
    let (mut row, _) = to_handle(call, work, id).await?;
    let codes = codes(&row)?;
    stands(&row)?;
    let found = ground(code).and_then(|found| Some((found, found.article(codes.jurisdiction, codes.right)?)));
    let (found, article) = found.ok_or_else(|| DomainError::invalid("/ground", "not_a_ground"))?;
    if code == "arranged_otherwise" && row.requester != "relative" {
        return Err(DomainError::invalid("/ground", "not_a_ground"));
    }
    if code == "identity_not_proved" && row.verified_at.is_some() {
        return Err(DomainError::refused(RefusedAs::Conflict, "already_verified"));
    }
    let [en, zh] = remedy(codes.jurisdiction);
    row.ground = Some(code.to_owned());
    row.article = Some(article.to_owned());
    row.remedy = Some(json!({"en": en, "zh": zh}));
    row.sealed_answer = Some(seal_answer(app, work, id, &explanation).await?);
    let row = end(app, call, work, row, State::Rejected).await?;
    note(app, work, &row, Doer::of(call), "rejected", json!({"ground": code, "article": article})).await?;
    let [why_en, why_zh] = found.text;
    let text = [
        format!("It was turned down. {why_en} ({article}) {explanation}\n{en}"),
        format!("您的请求未获批准。{why_zh}（{article}）{explanation}\n{zh}"),
    ];
    letters::tell(app, work, &row, text).await?;
    let draft = entry(Action::PrivacyRequestsReject, &row).with("ground", Detail::Code(code.to_owned()));
    app.record_change(work, call, draft).await?;
    view_of(app, call, work, row).await
}

async fn seal_answer(app: &App, work: &Work, id: Uuid, text: &str) -> Result<Vec<u8>, DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let place = own_place(work.organization(), "privacy_request", id, "answer", 1);
    Ok(seal_own(&keys, &place, text, app.rng()))
}
