//! The rights for a while that a caller holds at the moment of a call, and what an answer owes to them.

use chrono::{DateTime, Utc};
use custodian_domain::access::Grant;
use custodian_domain::kernel::{CustomerId, DomainError, UserId};
use custodian_persistence::Work;
use custodian_persistence::access_requests::{self as stored, Held, HeldGrant};
use uuid::Uuid;

use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// What somebody holds, by the database's clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holding {
    /// As decisions take it.
    pub grants: Vec<Grant>,
    /// When the database was asked.
    at: Option<DateTime<Utc>>,
    unused: Vec<Uuid>,
}

impl Holding {
    /// What counts for this call: a right that was given for a purpose does not count under another.
    pub fn of(call: &Call, held: Held) -> Self {
        Self::under(call.purpose.as_deref(), held.at, held.grants.iter())
    }

    /// The rights of one person among everybody's.
    pub fn of_user(user: Option<UserId>, purpose: Option<&str>, held: &Held) -> Self {
        Self::under(purpose, held.at, held.grants.iter().filter(|one| Some(one.user) == user))
    }

    fn under<'h>(purpose: Option<&str>, at: Option<DateTime<Utc>>, held: impl Iterator<Item = &'h HeldGrant>) -> Self {
        let mut holding = Self { at, ..Self::default() };
        for one in held {
            let serves = one.purpose.is_none() || purpose.is_none() || one.purpose.as_deref() == purpose;
            if serves {
                holding.grants.push(one.grant.clone());
                holding.unused.extend(one.unused.then_some(one.grant.id));
            }
        }
        holding
    }

    /// The time by which the rights are judged: that of the clock which said that they are in force.
    pub fn now(&self, otherwise: DateTime<Utc>) -> DateTime<Utc> {
        self.at.unwrap_or(otherwise)
    }

    /// Notes which of these rights were used now for the first time.
    pub async fn note_use(&self, app: &App, call: &Call, used: &[Uuid]) -> Result<(), DomainError> {
        let first: Vec<Uuid> = self.unused.iter().filter(|id| used.contains(id)).copied().collect();
        if first.is_empty() {
            return Ok(());
        }
        let work = app.begin(call.organization()).await?;
        stored::note_use(&work, &first).await?;
        Ok(work.commit().await?)
    }

    /// The same in a transaction that is open.
    pub async fn note_use_in(&self, work: &Work, used: &[Uuid]) -> Result<(), DomainError> {
        let first: Vec<Uuid> = self.unused.iter().filter(|id| used.contains(id)).copied().collect();
        if first.is_empty() { Ok(()) } else { Ok(stored::note_use(work, &first).await?) }
    }
}

/// A transaction, with what the caller holds at its beginning.
pub(crate) async fn begin_holding(app: &App, call: &Call) -> Result<(Work, Holding), DomainError> {
    match call.identity.user() {
        None => Ok((app.begin(call.organization()).await?, Holding::default())),
        Some(user) => {
            let (work, held) = stored::begin_holding(app.db(), call.organization(), user).await?;
            Ok((work, Holding::of(call, held)))
        }
    }
}

/// What the caller holds of one customer, and keeps until the transaction ends.
pub(crate) async fn holding_locked(call: &Call, work: &Work, customer: CustomerId) -> Result<Holding, DomainError> {
    match call.identity.user() {
        None => Ok(Holding::default()),
        Some(user) => Ok(Holding::of(call, stored::held_locked(work, user, customer).await?)),
    }
}

/// Names the rights in the entry of a read that was made under them.
pub(crate) fn under(draft: Draft, grants: &[Uuid]) -> Draft {
    if grants.is_empty() {
        return draft;
    }
    draft.with("grants", Detail::Codes(grants.iter().map(Uuid::to_string).collect()))
}
