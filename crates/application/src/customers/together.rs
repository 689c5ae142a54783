//! Entering customers together: those that gather while a commit is under way share the next one. Each is checked and answered for itself; one that is
//! refused takes nobody else with it.

use std::collections::HashSet;

use custodian_domain::kernel::{DomainError, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::{Work, customers as stored, users};

use super::create::{Checked, Entered, Known, check, create, owner_of, store};
use super::rules::taken;
use super::tags::usable_codes;
use super::{NewCustomer, SeenCustomer};
use crate::audit::Noted;
use crate::auth::still_valid;
use crate::together::{Shareable, Together};
use crate::{App, Call};

type Answer = Result<SeenCustomer, DomainError>;

/// Enters customers for callers that need no transaction of their own. One per worker thread; cheap to clone.
#[derive(Clone)]
pub struct CustomerWriter {
    app: App,
    entering: Together<Entering>,
}

impl CustomerWriter {
    /// Starts the writer's task on the current runtime. It ends when the last handle is dropped.
    pub fn start(app: App) -> Self {
        let (entering, work) = Together::new(app.clone());
        tokio::spawn(work);
        Self { app, entering }
    }

    /// As [`create`], in a transaction that is committed, with the entry, before this returns.
    pub async fn create(&self, call: &Call, new: NewCustomer) -> Answer {
        call.needs(Permission::CustomersCreate)?;
        let ask = Ask { call: call.clone(), new: new.clone(), noted: Noted::here() };
        match self.entering.ask(call.organization(), ask).await? {
            Some(answer) => answer,
            None => alone(&self.app, call, new).await,
        }
    }
}

async fn alone(app: &App, call: &Call, new: NewCustomer) -> Answer {
    let work = app.begin(call.organization()).await?;
    let seen = create(app, call, &work, new).await;
    work.settle(seen).await
}

struct Entering;

struct Ask {
    call: Call,
    new: NewCustomer,
    /// Listens for the entry in the caller's own task.
    noted: Option<Noted>,
}

impl Shareable for Entering {
    type Asked = Ask;
    /// A refusal is an answer as well: whoever is refused need not be asked again.
    type Done = Answer;

    async fn make(app: &App, work: &Work, asks: &[Ask]) -> Result<Vec<Option<Answer>>, DomainError> {
        let owners: HashSet<UserId> = asks.iter().filter_map(|ask| owner_of(&ask.call, &ask.new)).collect();
        let known = users::departments_of(work, &owners.into_iter().collect::<Vec<_>>()).await?;
        let codes: Vec<String> = asks.iter().flat_map(|ask| ask.new.attributes.codes.iter().cloned()).collect();
        let known = Known { owners: &known, codes: &usable_codes(work, &codes).await? };
        let mut checked = Vec::with_capacity(asks.len());
        for ask in asks {
            let live = still_valid(work, &ask.call.identity).await;
            checked.push(live.and_then(|()| check(app, &ask.call, known, ask.new.clone())));
        }
        let mut sealed = seal_all(app, work, asks, checked).await?;
        refuse_taken(work, asks, &mut sealed).await?;
        let mut answers = Vec::with_capacity(sealed.len());
        let mut entered = Vec::with_capacity(sealed.len());
        for one in sealed {
            answers.push(Some(one.as_ref().map(|one| one.seen.clone()).map_err(DomainError::clone)));
            entered.extend(one);
        }
        if let (Some(first), false) = (asks.first(), entered.is_empty()) {
            store(app, work, first.call.customer(), &entered).await?;
        }
        Ok(answers)
    }
}

async fn seal_all(
    app: &App,
    work: &Work,
    asks: &[Ask],
    checked: Vec<Result<Checked<'_>, DomainError>>,
) -> Result<Vec<Result<Entered, DomainError>>, DomainError> {
    let wanted = checked.iter().filter(|one| one.is_ok()).count();
    let keys = app.keys().open_organization(work).await?;
    let places = app.keys().places(app.db(), work, wanted, app.rng(), app.now()).await?;
    let mut buckets = places.iter().flat_map(|(bucket, count)| std::iter::repeat_n(bucket, *count));
    let seal = |(ask, checked): (&Ask, Result<Checked<'_>, DomainError>)| {
        let checked = checked?;
        let bucket = buckets.next().ok_or_else(|| DomainError::internal("no place for a customer"))?;
        Noted::carried(ask.noted.as_ref(), || Entered::new(app, &ask.call, &keys, bucket, checked))
    };
    Ok(asks.iter().zip(checked).map(seal).collect())
}

/// Refuses those whose unique values somebody has, the others of the batch before them included.
async fn refuse_taken(
    work: &Work,
    asks: &[Ask],
    sealed: &mut [Result<Entered, DomainError>],
) -> Result<(), DomainError> {
    let unique: Vec<[u8; 16]> = sealed.iter().flatten().flat_map(Entered::unique).collect();
    if unique.is_empty() {
        return Ok(());
    }
    let mut held: HashSet<[u8; 16]> =
        stored::by_unique_tags(work, &unique).await?.into_iter().map(|(tag, _)| tag).collect();
    for (ask, one) in asks.iter().zip(sealed) {
        if one.as_ref().is_ok_and(|entered| entered.unique().any(|tag| held.contains(&tag))) {
            *one = Err(taken(ask.call.customer()));
        } else if let Ok(entered) = one {
            held.extend(entered.unique());
        }
    }
    Ok(())
}
