//! Recording consent and refusal: ten thousand rows take as many statements as one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use custodian_domain::access::RowScope;
use custodian_domain::audit::Action;
use custodian_domain::consents::{
    EVERY_CHANNEL, Record, Standing, State, faults, is_under_fourteen, may_be_asked_again, opt_out_stands_for,
};
use custodian_domain::kernel::{CustomerId, DomainError, Fault, RefusedAs};
use custodian_domain::purposes::Purpose;
use custodian_domain::roles::Permission;
use custodian_persistence::consents::{self as stored, Asked, ConsentRow, Event};
use custodian_persistence::customers::{self as people, CustomerRow};
use custodian_persistence::notices::{self, ToldRow};
use custodian_persistence::{DbError, Work, purposes};
use futures_util::future::try_join_all;
use serde::Deserialize as _;
use uuid::Uuid;

use super::{ConsentView, MOST, asked_for_any, view};
use crate::audit::{Detail, Draft};
use crate::customers::{born, decide_row, refuse};
use crate::events::{Event as News, EventType, Fact, publish_all};
use crate::{App, Call};

/// A row of an intake.
#[derive(Clone, Debug)]
pub struct NewConsent {
    /// Whose, by the id that the caller knows.
    pub customer: Uuid,
    /// Code of the purpose.
    pub purpose: String,
    /// Id of the version of a notice.
    pub notice: Uuid,
    /// The rest.
    pub record: Record,
}

/// Records one.
///
/// Errors: 404 for a customer out of sight; 422 with every fault, among them `notice_outdated` for a yes under words from before the notice or the purpose
/// became another; 409 `asked_too_soon` inside the cool-down after a refusal, and
/// `asked_after_opt_out` within twelve months after somebody opted out of selling and sharing, for a channel that no later yes covers.
pub async fn record(app: &App, call: &Call, work: &Work, new: NewConsent) -> Result<ConsentView, DomainError> {
    let mut all = record_many(app, call, work, vec![new]).await?;
    all.pop().unwrap_or_else(|| Err(DomainError::internal("no answer for a consent")))
}

/// Records many; each row is answered for itself, in its place. One that is refused takes no other with it.
pub async fn record_many(
    app: &App,
    call: &Call,
    work: &Work,
    rows: Vec<NewConsent>,
) -> Result<Vec<Result<ConsentView, DomainError>>, DomainError> {
    call.needs(Permission::ConsentsRecord)?;
    if rows.len() > MOST {
        return Err(DomainError::Invalid(vec![Fault::new("/consents", "too_many").with_arg(MOST.to_string())]));
    }
    let asked: Vec<_> = rows.iter().map(|row| (call, row)).collect();
    let mut intake = Intake::load(work, &asked, Busy::Awaited).await?;
    let answers: Vec<_> = rows.iter().map(|row| intake.take(app, call, row)).collect();
    if intake.records.is_empty() {
        return Ok(answers);
    }
    // One way to the database and back: the entry waits for nothing.
    let entry = entry(&intake.records);
    let (stored, noted) = tokio::join!(biased; intake.store(app, work), app.record_change(work, call, entry));
    DomainError::first_cause([stored, noted])?;
    Ok(answers)
}

fn news(row: &ConsentRow) -> News {
    let kind = if row.outcome == "given" { EventType::ConsentsGiven } else { EventType::ConsentsRefused };
    News::about(kind, CustomerId::from(row.customer))
        .with("consent_id", Fact::Person(row.id))
        .with("purpose", Fact::Code(row.purpose.clone()))
        .with("channel", Fact::Code(row.channel.clone()))
}

/// What the log says of records.
pub(super) fn entry(records: &[ConsentRow]) -> Draft {
    let customers: BTreeSet<CustomerId> = records.iter().map(|row| CustomerId::from(row.customer)).collect();
    let codes: BTreeSet<&String> = records.iter().map(|row| &row.purpose).collect();
    let given = records.iter().filter(|row| row.outcome == "given").count();
    let count = |number: usize| Detail::Count(u32::try_from(number).unwrap_or(u32::MAX));
    let mut draft = Draft::of(Action::ConsentsRecord)
        .with("purposes", Detail::Codes(codes.into_iter().cloned().collect()))
        .with("given", count(given))
        .with("refused", count(records.len() - given));
    if let [only] = records {
        draft = draft.with("consent", Detail::Code(only.id.to_string()));
    }
    let mut customers = customers.into_iter().collect::<Vec<_>>();
    if customers.len() == 1 {
        draft.customer = customers.pop();
    }
    Draft { customers, ..draft }
}

/// What becomes of rows about somebody whom another transaction holds.
#[derive(Clone, Copy)]
pub(super) enum Busy {
    /// They wait for it.
    Awaited,
    /// They are taken for rows about nobody.
    Skipped,
}

/// Everything that the rows are judged by, read once; and what is to be written.
pub(super) struct Intake {
    now: DateTime<Utc>,
    people: HashMap<CustomerId, CustomerRow>,
    purposes: BTreeMap<String, (i32, DateTime<Utc>, Purpose)>,
    notices: HashMap<Uuid, ToldRow>,
    opted_out: HashMap<Uuid, DateTime<Utc>>,
    standings: HashMap<(Uuid, String), Vec<Standing>>,
    ticks: HashMap<CustomerId, i64>,
    /// What is to be stored, in the order in which it was taken.
    pub records: Vec<ConsentRow>,
    events: Vec<Event>,
}

impl Intake {
    /// Locks and reads everything about these rows, each asked for by its own caller.
    pub async fn load(work: &Work, asked: &[(&Call, &NewConsent)], busy: Busy) -> Result<Self, DomainError> {
        let meant: BTreeSet<CustomerId> =
            asked.iter().filter_map(|(call, row)| call.identity.meant_customer(row.customer).ok()).collect();
        let ids: Vec<CustomerId> = meant.into_iter().collect();
        let codes: BTreeSet<&str> = asked.iter().map(|(_, row)| row.purpose.as_str()).collect();
        let codes: Vec<&str> = codes.into_iter().collect();
        let versions: BTreeSet<Uuid> = asked.iter().map(|(_, row)| row.notice).collect();
        let versions: Vec<Uuid> = versions.into_iter().collect();
        let lock = async {
            match busy {
                Busy::Awaited => people::lock_many(work, &ids).await,
                Busy::Skipped => {
                    people::lock_free(work, &ids, asked_for_any(asked.iter().map(|(call, _)| *call))).await
                }
            }
        };
        let (locked, known, told) = tokio::try_join!(
            biased;
            lock,
            purposes::in_force(work, &codes),
            notices::told(work, &versions),
        )?;
        let mut all = BTreeMap::new();
        for row in known {
            let purpose = Purpose::deserialize(&row.content).map_err(|_| DomainError::internal("a stored purpose"))?;
            all.insert(row.code, (row.version, row.updated_at, purpose));
        }
        // Where they stand is read when they are locked: no other change of theirs is under way then.
        let (now, standings, opted_out) = stand(work, &ids, &all, asked).await?;
        Ok(Self {
            now,
            people: locked.into_iter().map(|row| (row.id, row)).collect(),
            purposes: all,
            notices: told.into_iter().map(|row| (row.id, row)).collect(),
            opted_out,
            standings,
            ticks: HashMap::new(),
            records: Vec::new(),
            events: Vec::new(),
        })
    }

    /// Stores what was taken and tells of it, on one way to the database and back.
    pub async fn store(&self, app: &App, work: &Work) -> Result<(), DomainError> {
        let told = self.records.iter().map(news).collect();
        let (recorded, happened, stand, told) = tokio::join!(
            biased;
            stored::insert_records(work, &self.records),
            stored::insert_events(work, &self.events),
            stored::put_states(work, &self.events),
            publish_all(app, work, told),
        );
        let stored = [recorded, happened, stand].map(|step| step.map_err(DomainError::from));
        DomainError::first_cause(stored).and(told)
    }

    /// Takes a row, or says why not; nothing is to be stored of it then.
    pub fn take(&mut self, app: &App, call: &Call, new: &NewConsent) -> Result<ConsentView, DomainError> {
        let id = call.identity.meant_customer(new.customer)?;
        let row = self.people.get(&id).ok_or(DomainError::NotFound)?;
        refuse(decide_row(app, call, row, Permission::ConsentsRecord).outcome, Permission::ConsentsRecord)?;
        let version = self.check(app, call, row, new)?;
        let about = (id.uuid(), new.purpose.clone());
        let before = self.standings.get(&about).cloned().unwrap_or_default();
        let purpose = &self.purposes.get(&new.purpose).ok_or(DomainError::NotFound)?.2;
        if new.record.comes_too_soon(purpose, &before, self.now) {
            return Err(DomainError::refused(RefusedAs::Conflict, "asked_too_soon"));
        }
        let out = self.opted_out.get(&id.uuid()).filter(|_| !new.record.unasked && purpose.sells_or_shares());
        let stands = |at| opt_out_stands_for(&new.record.channel, at, &before) && !may_be_asked_again(at, self.now);
        if out.is_some_and(|at| stands(*at)) {
            return Err(DomainError::refused(RefusedAs::Conflict, "asked_after_opt_out"));
        }
        let consent = self.record(app, call, id, version, new)?;
        self.supersede(app, call, &consent, &before);
        let after = standing(&consent);
        let standings = self.standings.entry(about).or_default();
        standings.retain(|one| after.channel != EVERY_CHANNEL && one.channel != after.channel);
        standings.push(after);
        let listed = stored::Listed {
            state: consent.outcome.clone(),
            changed_at: consent.at,
            renewed_from: DateTime::UNIX_EPOCH,
            consent: consent.clone(),
        };
        self.records.push(consent);
        Ok(view(call, listed, self.now))
    }

    /// The version of the purpose that is agreed to, or every fault.
    fn check(&self, app: &App, call: &Call, row: &CustomerRow, new: &NewConsent) -> Result<i32, DomainError> {
        let Some((version, _, purpose)) = self.purposes.get(&new.purpose) else {
            return Err(DomainError::Invalid(vec![Fault::new("/purpose", "unknown_purpose")]));
        };
        let fault = |code| DomainError::Invalid(vec![Fault::new("/notice_version", code)]);
        let notice = self.notices.get(&new.notice).ok_or_else(|| fault("unknown_notice_version"))?;
        let told = &notice.purposes;
        if !told.contains(&new.purpose) {
            return Err(fault("notice_of_other_purposes"));
        }
        let superseded = notice.oldest_valid.is_some_and(|oldest| notice.version < oldest);
        // Whoever says no needs to be told nothing more.
        if new.record.given && (superseded || notice.changed_since.contains(&new.purpose)) {
            return Err(fault("notice_outdated"));
        }
        let mut found = faults(&new.record, purpose, told, self.now);
        let child = || -> Result<bool, DomainError> {
            Ok(born(app, call, row)?.is_some_and(|born: NaiveDate| is_under_fourteen(born, self.now.date_naive())))
        };
        let told_guardian = found.iter().any(|fault| fault.pointer == "/guardian");
        if new.record.given && new.record.guardian.is_none() && !told_guardian && child()? {
            found.push(Fault::new("/guardian", "guardian_needed"));
        }
        if found.is_empty() { Ok(*version) } else { Err(DomainError::Invalid(found)) }
    }

    fn record(
        &mut self,
        app: &App,
        call: &Call,
        customer: CustomerId,
        purpose_version: i32,
        new: &NewConsent,
    ) -> Result<ConsentRow, DomainError> {
        // Two rows of one intake about one customer happen one after the other, each after what it supersedes.
        let tick = self.ticks.entry(customer).or_insert(0);
        *tick += 2;
        let unreadable = |_| DomainError::internal("evidence does not serialise");
        let Record { given, channel, evidence, guardian, expires_at, .. } = &new.record;
        Ok(ConsentRow {
            id: app.new_id(),
            customer: customer.uuid(),
            purpose: new.purpose.clone(),
            purpose_version,
            channel: channel.clone(),
            notice: new.notice,
            outcome: if *given { "given" } else { "refused" }.to_owned(),
            evidence: serde_json::to_value(evidence).map_err(unreadable)?,
            guardian: guardian.as_ref().map(serde_json::to_value).transpose().map_err(unreadable)?,
            at: self.now + TimeDelta::microseconds(*tick),
            expires_at: *expires_at,
            by_kind: call.identity.caller.actor_kind().to_owned(),
            by: call.identity.actor_id(),
        })
    }

    /// What is said for every channel takes the place of what was said for each; what is said for one, of what was said for it.
    fn supersede(&mut self, app: &App, call: &Call, consent: &ConsentRow, before: &[Standing]) {
        let replaced = |one: &&Standing| {
            one.state != State::Superseded && (consent.channel == EVERY_CHANNEL || one.channel == consent.channel)
        };
        let event = |consent_id, channel: &str, state: State, notice, at, expires_at| Event {
            id: app.new_id(),
            consent: consent_id,
            customer: consent.customer,
            purpose: consent.purpose.clone(),
            channel: channel.to_owned(),
            state: state.code(),
            notice,
            at,
            expires_at,
            by_kind: call.identity.caller.actor_kind().to_owned(),
            by: call.identity.actor_id(),
            reason: None,
        };
        for one in before.iter().filter(replaced) {
            self.events.push(event(
                one.consent,
                &one.channel,
                State::Superseded,
                one.notice,
                // It ends as the next begins: at no moment between them had nobody said anything.
                consent.at,
                one.expires_at,
            ));
        }
        let state = if consent.outcome == "given" { State::Given } else { State::Refused };
        self.events.push(event(consent.id, &consent.channel, state, consent.notice, consent.at, consent.expires_at));
    }
}

type Stand = (DateTime<Utc>, HashMap<(Uuid, String), Vec<Standing>>, HashMap<Uuid, DateTime<Utc>>);

/// The moment of the change, where everybody stands with each of these purposes, and who has opted out of what is asked for.
async fn stand(
    work: &Work,
    ids: &[CustomerId],
    purposes: &BTreeMap<String, (i32, DateTime<Utc>, Purpose)>,
    asked: &[(&Call, &NewConsent)],
) -> Result<Stand, DomainError> {
    let bare: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let everything = RowScope::everything();
    let of = |purpose: String| {
        let (customers, scope) = (&bare, &everything);
        async move {
            let rows = stored::standings_now(work, Asked { customers, scope, purpose: &purpose }).await?;
            Ok::<_, DbError>((purpose, rows))
        }
    };
    let sells = |row: &NewConsent| purposes.get(&row.purpose).is_some_and(|(_, _, purpose)| purpose.sells_or_shares());
    let asked_for = asked.iter().any(|(_, row)| !row.record.unasked && sells(row));
    let opted_out = async { if asked_for { stored::last_opt_outs(work, &bare).await } else { Ok(HashMap::new()) } };
    let (now, found, opted_out) =
        tokio::try_join!(biased; stored::moment(work), try_join_all(purposes.keys().cloned().map(of)), opted_out)?;
    let mut standings: HashMap<(Uuid, String), Vec<Standing>> = HashMap::new();
    for (purpose, rows) in found {
        for row in rows {
            standings.entry((row.customer, purpose.clone())).or_default().extend(row.standing);
        }
    }
    Ok((now, standings, opted_out))
}

fn standing(consent: &ConsentRow) -> Standing {
    Standing {
        channel: consent.channel.clone(),
        state: if consent.outcome == "given" { State::Given } else { State::Refused },
        at: consent.at,
        expires_at: consent.expires_at,
        consent: consent.id,
        notice: consent.notice,
    }
}

/// The fields that a person's age can be known by.
pub(crate) const AGE_FIELDS: [&str; 2] = ["birthday", "id_number"];

/// The day of birth that a value of such a field tells.
pub(crate) fn birth_of(field: &str, value: &str) -> Option<NaiveDate> {
    match field {
        "birthday" => value.parse().ok(),
        _ => NaiveDate::parse_from_str(value.get(6..14)?, "%Y%m%d").ok(),
    }
}
