//! Consents given and withdrawn together: those that gather while a commit is under way share the next one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use custodian_domain::access::RowScope;
use custodian_domain::consents::{Standing, State};
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::audit::NewEntry;
use custodian_persistence::consents::{self as stored, Asked, Event, Listed};
use custodian_persistence::customers::CustomerRow;
use custodian_persistence::{Work, purposes};
use futures_util::future::try_join_all;
use uuid::Uuid;

use super::record::{Busy, Intake, NewConsent, entry as entry_of};
use super::withdraw::{By, entry, events_of, open_cases, recipients, store_events, withdrawn};
use super::{ConsentView, asked_for_any, meant, view};
use crate::audit::{Draft, Noted, record_all};
use crate::auth::still_valid;
use crate::customers::{decide_row, refuse};
use crate::keys::OrganizationKeys;
use crate::together::{Shareable, Together};
use crate::{App, Call};

/// Records and withdraws consents for callers that need no transaction of their own. One per worker thread; cheap to clone.
#[derive(Clone)]
pub struct ConsentWriter {
    gives: Together<Gives>,
    withdrawals: Together<Withdrawals>,
}

impl ConsentWriter {
    /// Starts the writer's tasks on the current runtime. They end when the last handle is dropped.
    pub fn start(app: App) -> Self {
        let (gives, giving) = Together::new(app.clone());
        let (withdrawals, withdrawing) = Together::new(app);
        tokio::spawn(giving);
        tokio::spawn(withdrawing);
        Self { gives, withdrawals }
    }

    /// As [`super::record`], in a transaction that is committed, with the entry, before this returns. None where it must be done alone: it is refused
    /// then, or waits for somebody.
    pub async fn record(&self, call: &Call, new: &NewConsent) -> Result<Option<ConsentView>, DomainError> {
        let asked = Give { by: Caller::of(call), new: new.clone() };
        self.gives.ask(call.organization(), asked).await
    }

    /// As [`super::withdraw`], in the same manner.
    pub async fn withdraw(
        &self,
        call: &Call,
        id: Uuid,
        reason: Option<&str>,
    ) -> Result<Option<ConsentView>, DomainError> {
        let asked = Withdrawal { by: Caller::of(call), id, reason: reason.map(str::to_owned) };
        self.withdrawals.ask(call.organization(), asked).await
    }
}

/// Who asks, and who listens for the entry in the caller's own task.
struct Caller {
    call: Call,
    noted: Option<Noted>,
}

impl Caller {
    fn of(call: &Call) -> Self {
        Self { call: call.clone(), noted: Noted::here() }
    }

    fn entry(&self, app: &App, keys: &OrganizationKeys, draft: Draft) -> Result<NewEntry, DomainError> {
        Noted::carried(self.noted.as_ref(), || app.entry_with(keys, &self.call, draft))
    }

    /// Whether it may do this, and its credential still lives.
    async fn may(&self, work: &Work, permission: Permission) -> bool {
        self.call.needs(permission).is_ok() && still_valid(work, &self.call.identity).await.is_ok()
    }
}

struct Gives;

struct Give {
    by: Caller,
    new: NewConsent,
}

impl Shareable for Gives {
    type Asked = Give;
    type Done = ConsentView;

    async fn make(app: &App, work: &Work, asked: &[Give]) -> Result<Vec<Option<ConsentView>>, DomainError> {
        let rows: Vec<_> = asked.iter().map(|give| (&give.by.call, &give.new)).collect();
        let mut intake = Intake::load(work, &rows, Busy::Skipped).await?;
        let keys = app.keys().open_organization(work).await?;
        let mut entries = Vec::with_capacity(asked.len());
        let mut done = Vec::with_capacity(asked.len());
        for Give { by, new } in asked {
            let may = by.may(work, Permission::ConsentsRecord).await;
            let view = if may { intake.take(app, &by.call, new).ok() } else { None };
            if let (Some(_), Some(record)) = (&view, intake.records.last()) {
                entries.push(by.entry(app, &keys, entry_of(std::slice::from_ref(record)))?);
            }
            done.push(view);
        }
        if entries.is_empty() {
            return Ok(done);
        }
        let entries: Vec<&NewEntry> = entries.iter().collect();
        let (stored, noted) = tokio::join!(biased; intake.store(app, work), record_all(work, &entries));
        DomainError::first_cause([stored, noted])?;
        Ok(done)
    }
}

struct Withdrawals;

struct Withdrawal {
    by: Caller,
    id: Uuid,
    reason: Option<String>,
}

impl Shareable for Withdrawals {
    type Asked = Withdrawal;
    type Done = ConsentView;

    async fn make(app: &App, work: &Work, asked: &[Withdrawal]) -> Result<Vec<Option<ConsentView>>, DomainError> {
        let known = Known::load(work, asked).await?;
        let keys = app.keys().open_organization(work).await?;
        let mut stops = Stops { app, work, keys: &keys, known: &known, events: BTreeMap::new(), entries: Vec::new() };
        let mut done = Vec::with_capacity(asked.len());
        let mut seen = HashSet::new();
        for one in asked {
            // A second one of the same person's must see what the first has changed.
            let found = known.of(one).filter(|(row, _)| seen.insert(row.id));
            let made = match found {
                Some((row, listed)) if one.by.may(work, Permission::ConsentsWithdraw).await => {
                    stops.add(one, row, listed)?
                }
                _ => None,
            };
            done.push(made);
        }
        stops.store().await?;
        Ok(done)
    }
}

/// Everything that withdrawals are judged by, read once.
struct Known {
    now: DateTime<Utc>,
    people: HashMap<Uuid, CustomerRow>,
    records: HashMap<Uuid, Listed>,
    standings: HashMap<(Uuid, String), Vec<Standing>>,
    /// By purpose, those whom it hands data to.
    recipients: BTreeMap<String, Vec<String>>,
}

impl Known {
    async fn load(work: &Work, asked: &[Withdrawal]) -> Result<Self, DomainError> {
        let ids: BTreeSet<Uuid> = asked.iter().filter_map(|one| meant(&one.by.call, one.id).ok()).collect();
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let (people, records) = tokio::try_join!(
            biased;
            stored::lock_free_people(work, &ids, asked_for_any(asked.iter().map(|one| &one.by.call))),
            stored::find_many(work, &ids),
        )?;
        let codes: BTreeSet<&str> = records.iter().map(|listed| listed.consent.purpose.as_str()).collect();
        let bare: Vec<Uuid> = people.iter().map(|row| row.id.uuid()).collect();
        let everything = RowScope::everything();
        let of = |code: &str| {
            let (code, customers, scope) = (code.to_owned(), &bare, &everything);
            async move {
                let asked = Asked { customers, scope, purpose: &code };
                let found = tokio::try_join!(biased; stored::standings_now(work, asked), purposes::find(work, &code));
                found.map(|(rows, purpose)| (code, rows, purpose))
            }
        };
        let (now, stand) = tokio::try_join!(biased; stored::moment(work), try_join_all(codes.into_iter().map(of)))?;
        let mut standings: HashMap<(Uuid, String), Vec<Standing>> = HashMap::new();
        let mut told = BTreeMap::new();
        for (code, rows, purpose) in stand {
            for row in rows {
                standings.entry((row.customer, code.clone())).or_default().extend(row.standing);
            }
            told.insert(code, recipients(purpose)?);
        }
        Ok(Self {
            now,
            people: people.into_iter().map(|row| (row.id.uuid(), row)).collect(),
            records: records.into_iter().map(|listed| (listed.consent.id, listed)).collect(),
            standings,
            recipients: told,
        })
    }

    /// The record that is meant, with its person. None for what may be a copy that went along with a merge: its withdrawal reaches others, too.
    fn of(&self, asked: &Withdrawal) -> Option<(&CustomerRow, &Listed)> {
        let listed = self.records.get(&meant(&asked.by.call, asked.id).ok()?)?;
        let copied = listed.state != State::Withdrawn.code() && listed.changed_at != listed.consent.at;
        if copied {
            return None;
        }
        Some((self.people.get(&listed.consent.customer)?, listed))
    }
}

/// What is to be stored, by purpose.
struct Stops<'a> {
    app: &'a App,
    work: &'a Work,
    keys: &'a OrganizationKeys,
    known: &'a Known,
    events: BTreeMap<String, Vec<Event>>,
    entries: Vec<NewEntry>,
}

impl Stops<'_> {
    /// Adds what a withdrawal stops. None for one that its caller may not make.
    fn add(
        &mut self,
        asked: &Withdrawal,
        row: &CustomerRow,
        listed: &Listed,
    ) -> Result<Option<ConsentView>, DomainError> {
        let Self { app, work, keys, known, .. } = *self;
        let (call, consent) = (&asked.by.call, &listed.consent);
        let permission = Permission::ConsentsWithdraw;
        if refuse(decide_row(app, call, row, permission).outcome, permission).is_err() {
            return Ok(None);
        }
        let identity = &call.identity;
        let by = By { kind: identity.caller.actor_kind(), id: identity.actor_id(), reason: asked.reason.as_deref() };
        let standings = known.standings.get(&(consent.customer, consent.purpose.clone()));
        let standings = standings.map(Vec::as_slice).unwrap_or_default();
        let events = events_of(app, work, keys, consent, standings, known.now, &by);
        // Read under the lock: what stops others of the person's records leaves this one as it is.
        let listed = withdrawn(listed, &events, known.now).unwrap_or_else(|| listed.clone());
        self.entries.push(asked.by.entry(app, keys, entry(&listed, events.len()))?);
        if !events.is_empty() {
            self.events.entry(consent.purpose.clone()).or_default().extend(events);
        }
        Ok(Some(view(call, listed, known.now)))
    }

    async fn store(self) -> Result<(), DomainError> {
        let Self { app, work, known, events, entries, .. } = self;
        if entries.is_empty() {
            return Ok(());
        }
        let all: Vec<Event> = events.values().flatten().cloned().collect();
        let entries: Vec<&NewEntry> = entries.iter().collect();
        if all.is_empty() {
            return record_all(work, &entries).await;
        }
        let cases = events
            .iter()
            .filter_map(|(purpose, events)| Some(open_cases(work, events, known.recipients.get(purpose)?, known.now)));
        let (told, opened, noted) = tokio::join!(
            biased;
            store_events(app, work, &all),
            try_join_all(cases),
            record_all(work, &entries),
        );
        DomainError::first_cause([told, opened.map(drop), noted])
    }
}
