//! The wish to erase somebody, and the moment from which nothing of them can be read.

use chrono::{DateTime, Utc};
use custodian_crypto::keys::WRAPPED_DATA_KEY;
use custodian_crypto::wrapped_header;
use custodian_domain::audit::Action;
use custodian_domain::erasures::{Ground, State};
use custodian_domain::kernel::{CustomerId, DomainError, RefusedAs};
use custodian_domain::privacy_requests::{Right, State as RequestState};
use custodian_domain::retention::Verdict;
use custodian_domain::roles::Permission;
use custodian_persistence::customers::{CustomerRow, lock_any, lock_whoever, merged_ids, merged_into};
use custodian_persistence::erasures::{self as stored, ErasureRow, Removal, Removed};
use custodian_persistence::{Work, privacy_requests};
use serde_json::Value;
use uuid::Uuid;

use super::{ErasureView, entry, traces};
use crate::audit::{Detail, Draft, record_all};
use crate::auth::require_step_up;
use crate::customers::{decide_row, refuse, unpack_tags, values};
use crate::events::{Event, EventType, Fact, publish};
use crate::privacy_requests::{last_letter, tell_of_erasure, tell_of_own_erasure};
use crate::retention::{held, verdict};
use crate::{App, Call};

/// Whom to erase, and why.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The customer.
    pub customer: Uuid,
    /// Why.
    pub ground: Ground,
    /// The request of the person that this answers.
    pub privacy_request: Option<Uuid>,
}

/// Erases a customer. From the commit on nothing of them can be read by anybody; a statutory term puts that off and restricts them until then. Somebody
/// who was erased before is answered with that erasure.
///
/// Errors: 403 `step_up_required`; 409 `not_in_progress` for a request that is none for erasure, or not in progress, `customer_restricted` where it is not their
/// own wish, `legal_hold` with the ids of the holds.
pub async fn erase(app: &App, call: &Call, work: &Work, asked: Asked) -> Result<ErasureView, DomainError> {
    call.needs(Permission::ErasuresRequest)?;
    let id = call.identity.meant_customer(asked.customer)?;
    let (row, erased) = lock_any(work, id).await?.ok_or(DomainError::NotFound)?;
    // Who is somebody else by now is erased with them, and not alone.
    if merged_into(work, id).await?.is_some() {
        return Err(DomainError::NotFound);
    }
    refuse(decide_row(app, call, &row, Permission::ErasuresRequest).outcome, Permission::ErasuresRequest)?;
    require_step_up(app, call, work).await?;
    if let Some(request) = asked.privacy_request {
        answers(work, request, id, erased).await?;
    }
    let before = stored::of_customer(work, id).await?;
    if let (true, Some(before)) = (erased, &before) {
        app.record_change(work, call, entry(Action::ErasuresRequest, id, before.id)).await?;
        return Ok(ErasureView { row: before.clone() });
    }
    let now = work.database_time().await?;
    if stays_restricted(work, id, asked.ground, now).await? {
        return Err(DomainError::refused(RefusedAs::Conflict, "customer_restricted"));
    }
    let wish = wish(app, call.identity.actor_id(), &asked, &row, before, now);
    match verdict(work, id, now).await? {
        Verdict::Refused(holds) => Err(held(&holds)),
        Verdict::Blocked { by, until } => {
            let (row, draft) = block(work, wish, by, until).await?;
            app.record_change(work, call, draft).await?;
            Ok(ErasureView { row })
        }
        Verdict::Go => {
            let by = call.identity.actor_id();
            for other in others(work, id).await? {
                let asked = Asked { customer: other.id.uuid(), ..asked.clone() };
                let wish = self::wish(app, by, &asked, &other, None, now);
                let done = take_away(app, work, wish, &other, removal(by, now)).await?;
                app.record_change(work, call, told(&done)).await?;
            }
            let done = take_away_and_tell(app, work, wish, &row, removal(by, now)).await?;
            app.record_change(work, call, told(&done)).await?;
            Ok(ErasureView { row: done })
        }
    }
}

/// Whether an erasure can answer this request. Once the person is gone nobody can prove any more who asked, so that comes first.
async fn answers(work: &Work, request: Uuid, id: CustomerId, erased: bool) -> Result<(), DomainError> {
    let known = privacy_requests::find(work, request).await?.filter(|row| row.customer == Some(id.uuid()));
    let known = known.ok_or_else(|| DomainError::invalid("/privacy_request_id", "unknown_privacy_request"))?;
    let in_progress = known.right == Right::Erasure.as_str() && known.state == RequestState::InProgress.as_str();
    // Who was erased before is answered with that erasure, whatever became of the request since.
    if erased || in_progress { Ok(()) } else { Err(DomainError::refused(RefusedAs::Conflict, "not_in_progress")) }
}

/// Whether somebody had processing restricted, and this is not their own wish: they may need the data for a claim (GDPR 18(2)). A restriction that an erasure
/// laid is not among these.
pub(super) async fn stays_restricted(
    work: &Work,
    id: CustomerId,
    ground: Ground,
    now: DateTime<Utc>,
) -> Result<bool, DomainError> {
    let wished = ground == Ground::SubjectRequest;
    Ok(!wished && !privacy_requests::restricted_at(work, &[id.uuid()], now).await?.is_empty())
}

/// Everything goes.
pub(super) const fn removal(by: Uuid, at: DateTime<Utc>) -> Removal {
    Removal { by, at, anonymise: false }
}

/// Erases, or makes nobody of, a locked customer because a rule says so, and answers the erasure; nothing where a hold or a
/// restriction keeps them.
pub(crate) async fn erase_unasked(
    app: &App,
    work: &Work,
    row: &CustomerRow,
    ground: Ground,
    anonymise: bool,
) -> Result<Option<Uuid>, DomainError> {
    let now = work.database_time().await?;
    if stays_restricted(work, row.id, ground, now).await? || verdict(work, row.id, now).await? != Verdict::Go {
        return Ok(None);
    }
    let asked = Asked { customer: row.id.uuid(), ground, privacy_request: None };
    let before = stored::of_customer(work, row.id).await?;
    others_along(app, work, row.id, &asked, now).await?;
    let removal = Removal { anonymise, ..removal(Uuid::nil(), now) };
    let wish = wish(app, Uuid::nil(), &asked, row, before, now);
    let done = take_away_and_tell(app, work, wish, row, removal).await?;
    record_all(work, &[&app.own_entry(work.organization(), told(&done)).await?]).await?;
    Ok(Some(done.id))
}

/// Those who are this customer by now, locked: what is left of them under their own keys is erased with it.
async fn others(work: &Work, survivor: CustomerId) -> Result<Vec<CustomerRow>, DomainError> {
    let ids = merged_ids(work, survivor).await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(lock_whoever(work, &ids).await?.into_iter().map(|one| one.row).collect())
}

/// Erases them without anybody having asked, each with an erasure of its own.
pub(super) async fn others_along(
    app: &App,
    work: &Work,
    survivor: CustomerId,
    asked: &Asked,
    now: DateTime<Utc>,
) -> Result<(), DomainError> {
    for other in others(work, survivor).await? {
        let asked = Asked { customer: other.id.uuid(), ..asked.clone() };
        let wish = wish(app, Uuid::nil(), &asked, &other, None, now);
        let done = take_away(app, work, wish, &other, removal(Uuid::nil(), now)).await?;
        record_all(work, &[&app.own_entry(work.organization(), told(&done)).await?]).await?;
    }
    Ok(())
}

pub(super) fn wish(
    app: &App,
    by: Uuid,
    asked: &Asked,
    row: &CustomerRow,
    before: Option<ErasureRow>,
    now: DateTime<Utc>,
) -> ErasureRow {
    before.unwrap_or_else(|| ErasureRow {
        id: app.new_id(),
        customer: row.id,
        state: State::Scheduled.as_str().to_owned(),
        ground: asked.ground.as_str().to_owned(),
        privacy_request: asked.privacy_request,
        requested_at: now,
        requested_by: by,
        blocked_by: Vec::new(),
        blocked_until: None,
        erased_at: None,
        fields: Vec::new(),
        removed: empty(),
        kept: empty(),
        bucket: None,
        epoch: None,
        ledger_sequence: None,
        passing_epoch: None,
        destroyed_at: None,
        sealed_traces: None,
        sweep: empty(),
        findings: Value::Array(Vec::new()),
        certificate: None,
    })
}

/// Puts the wish off until the terms have run; until then the customer is stored and kept safe, and nothing else. Answers the entry that tells of it.
async fn block(
    work: &Work,
    wish: ErasureRow,
    by: Vec<Uuid>,
    until: DateTime<Utc>,
) -> Result<(ErasureRow, Draft), DomainError> {
    let state = State::Blocked.as_str().to_owned();
    let row = ErasureRow { state, blocked_by: by, blocked_until: Some(until), ..wish };
    stored::restrict(work, row.customer).await?;
    stored::put(work, &row).await?;
    let holds = row.blocked_by.iter().map(Uuid::to_string).collect();
    let draft = entry(Action::ErasuresBlock, row.customer, row.id).with("legal_holds", Detail::Codes(holds));
    Ok((row, draft))
}

/// What became of somebody who was to be erased with others: their erasure, and the holds.
pub(super) enum Became {
    Erased(Uuid),
    Before(Uuid),
    Blocked(Uuid, Vec<Uuid>),
    Held(Vec<Uuid>),
    Restricted,
}

/// Erases a locked customer by the word of whoever allowed it for many, as far as nothing stands against it. Answers the entry that tells of it.
pub(super) async fn carry_out(
    app: &App,
    work: &Work,
    (row, erased): (&CustomerRow, bool),
    ground: Ground,
    by: Uuid,
) -> Result<(Became, Option<Draft>), DomainError> {
    let before = stored::of_customer(work, row.id).await?;
    if let (true, Some(before)) = (erased, &before) {
        return Ok((Became::Before(before.id), None));
    }
    let now = work.database_time().await?;
    if stays_restricted(work, row.id, ground, now).await? {
        return Ok((Became::Restricted, None));
    }
    let asked = Asked { customer: row.id.uuid(), ground, privacy_request: None };
    let wish = wish(app, by, &asked, row, before, now);
    match verdict(work, row.id, now).await? {
        Verdict::Refused(holds) => Ok((Became::Held(holds), None)),
        Verdict::Blocked { by, until } => {
            let (blocked, draft) = block(work, wish, by, until).await?;
            Ok((Became::Blocked(blocked.id, blocked.blocked_by), Some(draft)))
        }
        Verdict::Go => {
            others_along(app, work, row.id, &asked, now).await?;
            let done = take_away_and_tell(app, work, wish, row, removal(by, now)).await?;
            Ok((Became::Erased(done.id), Some(told(&done))))
        }
    }
}

/// Makes a locked customer unreadable and, where they asked for it, has them told so.
pub(super) async fn take_away_and_tell(
    app: &App,
    work: &Work,
    wish: ErasureRow,
    row: &CustomerRow,
    removal: Removal,
) -> Result<ErasureRow, DomainError> {
    let letter = last_letter(app, work, row, wish.privacy_request).await?;
    let done = take_away(app, work, wish, row, removal).await?;
    tell_of_own_erasure(app, work, row.id, letter).await?;
    Ok(done)
}

/// Makes a locked customer unreadable: everything that could open or find them goes in this transaction. Nothing of them has to open for it.
pub(super) async fn take_away(
    app: &App,
    work: &Work,
    wish: ErasureRow,
    row: &CustomerRow,
    removal: Removal,
) -> Result<ErasureRow, DomainError> {
    let at = removal.at;
    let known = traces::of_customer(app, work, row).await?;
    traces::tell_unread(app, work, row.id, &known).await?;
    let sealed = traces::seal(app, work, wish.id, &known.traces).await?;
    // Held since it wrapped the traces, so that what lives for a day is carried over before this or leaves the person out after it.
    let passing =
        wrapped_header(sealed.get(..WRAPPED_DATA_KEY).unwrap_or_default()).map_err(|_| DomainError::Integrity)?.1;
    let fields = values(row).flatten().map(|value| value.key.to_owned()).collect();
    let (mut removed, kept) = stored::erase_customer(work, row.id, &unpack_tags(&row.tags), removal).await?;
    if known.unread > 0 {
        removed.insert("unreadable_values", known.unread);
    }
    let done = ErasureRow {
        state: State::Erasing.as_str().to_owned(),
        blocked_by: Vec::new(),
        blocked_until: None,
        erased_at: Some(at),
        fields,
        removed: counts(removed),
        kept: counts(kept),
        bucket: known.wrapped_by.map(|(bucket, _)| i32::from(bucket)),
        epoch: known.wrapped_by.map(|(_, epoch)| i64::from(epoch)),
        passing_epoch: Some(i64::from(passing)),
        sealed_traces: Some(sealed),
        ..wish
    };
    stored::put(work, &done).await?;
    privacy_requests::forget_person(work, row.id.uuid()).await?;
    tell_of_erasure(app, work, done.id, row.id.uuid()).await?;
    let event = Event::about(EventType::CustomersErased, row.id).with("ground", Fact::Code(done.ground.clone()));
    publish(app, work, event).await?;
    Ok(done)
}

/// The entry of what was taken away.
pub(super) fn told(done: &ErasureRow) -> Draft {
    entry(Action::ErasuresErase, done.customer, done.id).with("ground", Detail::Code(done.ground.clone()))
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

fn counts(removed: Removed) -> Value {
    removed
        .into_iter()
        .map(|(what, rows)| (what.to_owned(), Value::from(rows)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
