//! Decisions: were we, are we allowed, on what ground, under which words.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use custodian_domain::access::{RowScope, Who};
use custodian_domain::audit::Action;
use custodian_domain::catalog::SearchKind;
use custodian_domain::consents::{EVERY_CHANNEL, Judgement, Question, Reason, Standing, State, judge_after};
use custodian_domain::kernel::{CustomerId, DomainError, Fault, RefusedAs};
use custodian_domain::purposes::Purpose;
use custodian_domain::roles::Permission;
use custodian_persistence::consents::{self as stored, Asked as Wanted};
use custodian_persistence::{Work, privacy_requests as requests, purposes};
use serde::Deserialize as _;
use uuid::Uuid;

use super::{MOST, conceal, opt_outs};
use crate::audit::{Detail, Draft};
use crate::disclosures::{Decoy, decoys};
use crate::{App, Call};

/// Longer than any change of consents takes: what is older is settled without waiting.
const UNSETTLED: TimeDelta = TimeDelta::seconds(60);

/// Whom is asked about.
#[derive(Clone)]
pub enum Whom {
    /// Customers, by the ids that the caller knows.
    Customers(Vec<Uuid>),
    /// Contact points: field key and value. Never printed.
    Contacts(Vec<(String, String)>),
}

/// What is asked.
#[derive(Clone)]
pub struct Asked {
    /// Code of the purpose.
    pub purpose: String,
    /// By this channel.
    pub channel: Option<String>,
    /// At this moment; now when absent.
    pub as_of: Option<DateTime<Utc>>,
    /// About whom.
    pub whom: Whom,
    /// The browser in question says that its user opts out (`Sec-GPC: 1`).
    pub opts_out: bool,
}

/// The answers, in the order in which was asked.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The moment that they are true of.
    pub as_of: DateTime<Utc>,
    /// Code of the ground, where the purpose was in force.
    pub legal_basis: Option<String>,
    /// One for each, its consent by the id that the caller knows.
    pub judgements: Vec<Judgement>,
}

/// Decides for everybody asked about, as of now or any past moment.
///
/// Errors: 403 `purpose_not_allowed` for a key bound to other purposes; 422 for an unknown purpose or a moment that has not come.
pub async fn decide(app: &App, call: &Call, asked: Asked) -> Result<Decided, DomainError> {
    call.needs(Permission::ConsentsDecide)?;
    bound(call, &asked.purpose)?;
    let places = match &asked.whom {
        Whom::Customers(ids) => ids.len(),
        Whom::Contacts(points) => points.len(),
    };
    if places > MOST {
        return Err(DomainError::Invalid(vec![Fault::new("", "too_many").with_arg(MOST.to_string())]));
    }
    let decoy = decoy_among(app, call, &asked.whom).await?;
    let work = app.begin(call.organization()).await?;
    let (decided, opting_out) = match decide_in(app, call, &work, &asked, decoy.as_deref()).await {
        Ok(found) => found,
        Err(error) => {
            work.abandon().await;
            return Err(error);
        }
    };
    settle(app, call, work, &opting_out).await?;
    app.record_read(call, entry(asked.purpose, &decided.judgements)).await?;
    Ok(decided)
}

pub(super) fn entry(purpose: String, judgements: &[Judgement]) -> Draft {
    let allowed = judgements.iter().filter(|judgement| judgement.reason.allows()).count();
    let count = |number: usize| Detail::Count(u32::try_from(number).unwrap_or(u32::MAX));
    Draft::of(Action::ConsentsDecide)
        .with("purpose_code", Detail::Code(purpose))
        .with("asked", count(judgements.len()))
        .with("allowed", count(allowed))
}

/// Records who opts out by this very call.
async fn settle(app: &App, call: &Call, work: Work, opting_out: &[Uuid]) -> Result<(), DomainError> {
    if opting_out.is_empty() {
        work.abandon().await;
        return Ok(());
    }
    let recorded = opt_outs::record(app, call, &work, opting_out).await;
    work.settle(recorded).await
}

pub(super) fn bound(call: &Call, purpose: &str) -> Result<(), DomainError> {
    match &call.identity.caller.who {
        Who::Partner(partner) if !partner.purposes.is_empty() && !partner.purposes.contains(purpose) => {
            Err(DomainError::refused(RefusedAs::Forbidden, "purpose_not_allowed"))
        }
        _ if call.identity.overdue.iter().any(|code| code == purpose) => {
            Err(DomainError::refused(RefusedAs::Forbidden, "withdrawal_unacknowledged"))
        }
        _ => Ok(()),
    }
}

/// The decision, and who opts out by asking for it with the signal.
async fn decide_in(
    app: &App,
    call: &Call,
    work: &Work,
    asked: &Asked,
    decoy: Option<&Decoy>,
) -> Result<(Decided, Vec<Uuid>), DomainError> {
    let now = work.database_time().await?;
    let at = match asked.as_of {
        Some(at) if at > now => return Err(DomainError::Invalid(vec![Fault::new("/as_of", "in_the_future")])),
        Some(at) => {
            if at > now - UNSETTLED {
                stored::settle_past(work).await?;
            }
            at
        }
        None => now,
    };
    let (purpose, renewed_from) = purpose_at(work, &asked.purpose, at).await?;
    let people = people(app, call, work, &asked.whom, decoy).await?;
    let mut ids: Vec<Uuid> = people.iter().flatten().copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let scope = call.scope(Permission::ConsentsDecide, &[], app.now());
    let mut standings = standings(work, &ids, &scope, asked, at).await?;
    if let Some(decoy) = decoy.filter(|decoy| decoy.at <= at) {
        standings.insert(decoy.id.uuid(), of_nobody(app, work, decoy, &asked.purpose, at).await?);
    }
    let restricted = requests::restricted_at(work, &ids, at).await?.into_iter().collect();
    let question = Question { purpose: purpose.as_ref(), channel: asked.channel.as_deref(), renewed_from, at };
    let sells = purpose.as_ref().is_some_and(Purpose::sells_or_shares);
    let opted_out = if sells || asked.opts_out { stored::opted_out(work, &ids, at).await? } else { HashMap::new() };
    let out = opt_outs::standing_among(&opted_out, &standings);
    let stops = Stops { restricted, opted_out };
    let heard = |judgement: Judgement| match judgement.reason.allows() && sells && asked.opts_out {
        true => Judgement { reason: Reason::OptOutSignal, ..judgement },
        false => judgement,
    };
    let judged = people.iter().map(|ids| heard(one(&question, ids, &standings, &stops)));
    let judgements = judged.map(|judgement| conceal_in(call, judgement)).collect();
    let signals = asked.opts_out && asked.as_of.is_none();
    let somebody = |id: &&Uuid| decoy.is_none_or(|decoy| decoy.id.uuid() != **id);
    let opting_out = standings.keys().filter(somebody).filter(|id| signals && !out.contains(id)).copied().collect();
    Ok((Decided { as_of: at, legal_basis: purpose.map(|purpose| purpose.legal_basis), judgements }, opting_out))
}

/// The purpose as it was at a moment, and since when consents to it counted.
async fn purpose_at(
    work: &Work,
    code: &str,
    at: DateTime<Utc>,
) -> Result<(Option<Purpose>, DateTime<Utc>), DomainError> {
    match stored::past_purpose(work, code, at).await? {
        Some((content, from)) => Ok((Some(read(&content)?), from)),
        None if purposes::find(work, code).await?.is_none() => {
            Err(DomainError::Invalid(vec![Fault::new("/purpose", "unknown_purpose")]))
        }
        None => Ok((None, DateTime::UNIX_EPOCH)),
    }
}

pub(super) fn read(content: &serde_json::Value) -> Result<Purpose, DomainError> {
    Purpose::deserialize(content).map_err(|_| DomainError::internal("a stored purpose"))
}

async fn standings(
    work: &Work,
    ids: &[Uuid],
    scope: &RowScope,
    asked: &Asked,
    at: DateTime<Utc>,
) -> Result<HashMap<Uuid, Vec<Standing>>, DomainError> {
    let wanted = Wanted { customers: ids, scope, purpose: &asked.purpose };
    let rows = match asked.as_of {
        Some(_) => stored::standings_at(work, wanted, at).await?,
        None => stored::standings_now(work, wanted).await?,
    };
    let mut all: HashMap<Uuid, Vec<Standing>> = HashMap::with_capacity(ids.len());
    for row in rows {
        all.entry(row.customer).or_default().extend(row.standing);
    }
    Ok(all)
}

/// The customers that each place means: one for an id, all who have it for a contact point.
async fn people(
    app: &App,
    call: &Call,
    work: &Work,
    whom: &Whom,
    decoy: Option<&Decoy>,
) -> Result<Vec<Vec<Uuid>>, DomainError> {
    match whom {
        Whom::Customers(ids) => {
            let meant = |id: &Uuid| call.identity.meant_customer(*id).map(CustomerId::uuid).into_iter().collect();
            Ok(ids.iter().map(meant).collect())
        }
        Whom::Contacts(points) => {
            let keys = app.keys().open_organization(work).await?;
            let tag = |(key, value): &(String, String)| {
                let term = call.customer().field(key)?.query_term(SearchKind::Exact, value).ok()?;
                Some(keys.tag(key, SearchKind::Exact, &term))
            };
            let tags: Vec<Option<[u8; 16]>> = points.iter().map(tag).collect();
            let wanted: Vec<[u8; 16]> = tags.iter().flatten().copied().collect();
            let mut holders: HashMap<[u8; 16], Vec<Uuid>> = HashMap::new();
            for (tag, id) in stored::known_contacts(work, &wanted).await? {
                holders.entry(tag).or_default().push(id);
            }
            let kinds: HashSet<&String> = points.iter().map(|(key, _)| key).collect();
            for (key, decoy) in kinds.into_iter().flat_map(|key| decoy.map(|decoy| (key, decoy))) {
                let own = decoy.value(key).and_then(|value| tag(&(key.clone(), value.to_owned())));
                holders.extend(own.filter(|tag| wanted.contains(tag)).map(|tag| (tag, vec![decoy.id.uuid()])));
            }
            Ok(tags.into_iter().map(|tag| tag.and_then(|tag| holders.get(&tag).cloned()).unwrap_or_default()).collect())
        }
    }
}

/// The row about nobody that a partner asks about as about anybody else.
async fn decoy_among(app: &App, call: &Call, whom: &Whom) -> Result<Option<Arc<Decoy>>, DomainError> {
    let Some(known) = &call.identity.decoy else { return Ok(None) };
    match whom {
        Whom::Customers(ids) if !ids.contains(&call.identity.shown_id(known.id)) => Ok(None),
        _ => decoys::of_caller(app, call).await,
    }
}

/// Nobody agrees to whatever people are asked for.
async fn of_nobody(
    app: &App,
    work: &Work,
    decoy: &Decoy,
    purpose: &str,
    asked_at: DateTime<Utc>,
) -> Result<Vec<Standing>, DomainError> {
    let agreed = decoys::agreement(work, decoy, purpose).await?.filter(|(_, at)| *at <= asked_at);
    let Some((notice, at)) = agreed else { return Ok(Vec::new()) };
    let consent = decoys::consent_of(app, work.organization(), decoy, purpose);
    let channel = EVERY_CHANNEL.to_owned();
    Ok(vec![Standing { channel, state: State::Given, at, expires_at: None, consent, notice }])
}

/// What stands against a use whatever people said about it.
pub(super) struct Stops {
    /// Whose processing is restricted.
    pub restricted: HashSet<Uuid>,
    /// When each of those who did last opted out.
    pub opted_out: HashMap<Uuid, DateTime<Utc>>,
}

/// A number that several people share may be used only if each of them allows it.
pub(super) fn one(
    question: &Question<'_>,
    ids: &[Uuid],
    standings: &HashMap<Uuid, Vec<Standing>>,
    stops: &Stops,
) -> Judgement {
    let open = question.purpose.and_then(Purpose::basis).is_some_and(|basis| basis.open_under_restriction);
    let own = |id: &Uuid| {
        let judgement = judge_after(question, standings.get(id)?, stops.opted_out.get(id).copied());
        let agreed = judgement.reason.allows() || judgement.reason == Reason::OptOutSignal;
        Some(if agreed && !open && stops.restricted.contains(id) {
            Judgement::of(Reason::Restricted)
        } else {
            judgement
        })
    };
    let mut known = ids.iter().filter_map(own);
    let Some(first) = known.next() else {
        return Judgement::of(Reason::UnknownPerson);
    };
    if first.reason.allows() { known.find(|other| !other.reason.allows()).unwrap_or(first) } else { first }
}

pub(super) fn conceal_in(call: &Call, judgement: Judgement) -> Judgement {
    Judgement { consent: judgement.consent.map(|id| conceal(call, id)), ..judgement }
}
