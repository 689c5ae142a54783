//! The end of a campaign: what was not answered is revoked, and the outcome is signed.

use chrono::{DateTime, SecondsFormat, Utc};
use custodian_crypto::jws;
use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::{DomainError, JobId, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::access_reviews::{self as stored, LineAnswer, LineFilter, LineRow, ReviewRow};
use custodian_persistence::jobs::{self, Claim};
use custodian_persistence::{Work, audit as log};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::revoke;
use super::{ReviewView, entry, view};
use crate::audit::{Detail, Draft, EntryActor, seal_entry};
use crate::auth::require_step_up;
use crate::{App, Call};

/// The kind of the job that ends a campaign at its time.
pub const KIND: &str = "access_review";
/// The media type that the signature names (RFC 7515, `typ`).
const TYP: &str = "access-review+jws";
/// Lines at a time.
const BATCH: i64 = 500;
/// How long the worker's claim holds.
const LEASE: f64 = 30.0;

/// Ends a campaign before its time.
///
/// Errors: 403 `step_up_required`; 409 `review_closed`.
pub async fn close(app: &App, call: &Call, work: &Work, id: Uuid) -> Result<ReviewView, DomainError> {
    call.needs(Permission::AccessReviewsManage)?;
    require_step_up(app, call, work).await?;
    let row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    if row.state != "open" {
        return Err(DomainError::refused(RefusedAs::Conflict, "review_closed"));
    }
    let (closed, revoked) = end(app, work, row).await?;
    app.record_change(work, call, told(id, revoked)).await?;
    view(work, closed).await
}

fn told(id: Uuid, revoked: u32) -> Draft {
    entry(Action::AccessReviewsClose, id).with("revoked_unanswered", Detail::Count(revoked))
}

/// Ends a campaign whose time has come by the database's clock. Ends nothing twice.
pub async fn run(app: &App, claim: &Claim) -> Result<(), DomainError> {
    let work = app.begin(claim.organization).await?;
    if !jobs::hold(&work, claim, LEASE).await? {
        work.abandon().await;
        return Ok(());
    }
    let id = claim.job.uuid();
    match stored::lock(&work, id).await?.filter(|row| row.state == "open") {
        Some(row) => {
            let (_, revoked) = end(app, &work, row).await?;
            let keys = app.keys().open_organization(&work).await?;
            let actor = EntryActor { kind: "system", id: Uuid::nil(), session: None, request: "", purpose: None };
            let draft = Draft { verdict: Verdict::Allowed, ..told(id, revoked) };
            let sealed = seal_entry(&keys, claim.organization, app.new_id(), app.now(), &actor, draft, app.rng())?;
            log::record(&work, &[&sealed]).await?;
        }
        None => jobs::finish(&work, claim.job, Ok(Value::Null), app.now()).await?,
    }
    Ok(work.commit().await?)
}

/// Revokes what is open, signs the outcome and closes the campaign and its job.
async fn end(app: &App, work: &Work, mut row: ReviewRow) -> Result<(ReviewRow, u32), DomainError> {
    let now = work.database_time().await?;
    let (mut after, mut told, mut revoked) = (None, Vec::new(), 0_u32);
    loop {
        let filter = LineFilter { after, ..LineFilter::default() };
        let page = stored::lines(work, row.id, &filter, BATCH).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for line in page {
            let answer = match &line.answer {
                Some(answer) => answer.clone(),
                None => {
                    revoked += 1;
                    settle(app, work, row.id, &line, now).await?
                }
            };
            told.push(told_line(&line, &answer));
        }
    }
    row.state = "closed".to_owned();
    row.closed_at = Some(now);
    let payload = outcome(app, work, &row, told);
    let text = serde_json::to_vec(&payload).map_err(|_| DomainError::internal("an outcome does not serialise"))?;
    let result = jws::sign(&app.signing_key(), TYP, &text);
    stored::close(work, row.id, now, &result).await?;
    row.result = Some(result);
    jobs::finish(work, JobId::from(row.id), Ok(json!({"revoked_unanswered": revoked})), app.now()).await?;
    Ok((row, revoked))
}

/// An unanswered line: nobody said that it is still needed.
async fn settle(
    app: &App,
    work: &Work,
    review: Uuid,
    line: &LineRow,
    at: DateTime<Utc>,
) -> Result<LineAnswer, DomainError> {
    let (outcome, ended) = revoke(app, work, line, Uuid::nil()).await?;
    let outcome = if outcome == "revoked" { "revoked_unanswered" } else { outcome }.to_owned();
    let answer = LineAnswer { decision: "revoke".to_owned(), comment: None, by: None, at, outcome };
    stored::settle_line(work, review, line.id, &answer).await?;
    ended.iter().for_each(|credential| app.auth().forget(*credential));
    Ok(answer)
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn told_line(line: &LineRow, answer: &LineAnswer) -> Value {
    let LineRow { id, kind, subject, role, flags, unused, last_used_at, reviewer, answer: _ } = line;
    let LineAnswer { decision, by, at, outcome, comment: _ } = answer;
    json!({"id": id, "kind": kind, "subject_id": subject, "role": role, "flags": flags, "unused_permissions": unused,
        "last_used_at": last_used_at.map(time), "reviewer_id": reviewer, "decision": decision, "decided_by": by,
        "decided_at": time(*at), "outcome": outcome})
}

/// Ids and codes alone: comments are people's words and stay here.
fn outcome(app: &App, work: &Work, row: &ReviewRow, lines: Vec<Value>) -> Value {
    let count =
        |name: &str| lines.iter().filter(|line| line.get("outcome").and_then(Value::as_str) == Some(name)).count();
    let counts: serde_json::Map<String, Value> =
        ["kept", "revoked", "revoked_unanswered", "kept_last_administrator", "gone"]
            .into_iter()
            .map(|name| (name.to_owned(), json!(count(name))))
            .collect();
    json!({"iss": app.tuning().issuer, "organization_id": work.organization(), "access_review_id": row.id,
        "dormant_days": row.dormant_days, "created_at": time(row.created_at), "created_by": row.created_by,
        "due_at": time(row.due_at), "closed_at": row.closed_at.map(time), "counts": counts, "lines": lines})
}
