//! The round that ends erasures: terms that have run, the ledger, new bucket keys, the keyring, and the old keys destroyed. Every step leaves the
//! database and the key store so that the next round goes on from there, whatever ended this one.

use chrono::{DateTime, Utc};
use custodian_domain::erasures::Ground;
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId};
use custodian_domain::retention::Verdict;
use custodian_persistence::customers::lock_any;
use custodian_persistence::erasures::ErasureRow;
use custodian_persistence::{Work, erasures as stored, organizations};
use uuid::Uuid;

use super::ask::{Asked, others_along, removal, stays_restricted, take_away_and_tell, told};
use super::call_off::called_off;
use super::{certificate, keyring, ledger, sweep};
use crate::audit::record_all;
use crate::audit::sequencer::anchor_ledger;
use crate::keys::PASSING;
use crate::retention::verdict;
use crate::{App, mail};

/// How many people one step of a round takes together.
const TOGETHER: i64 = 500;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// People erased because the term that kept them had run.
    pub taken_up: usize,
    /// Bucket keys left behind.
    pub renewed: usize,
    /// Bucket keys destroyed.
    pub destroyed: usize,
    /// People of whom the sweep found nothing.
    pub clean: usize,
    /// Certificates given.
    pub certified: usize,
}

impl Round {
    fn add(&mut self, other: Self) {
        let Self { taken_up, renewed, destroyed, clean, certified } = other;
        self.taken_up += taken_up;
        self.renewed += renewed;
        self.destroyed += destroyed;
        self.clean += clean;
        self.certified += certified;
    }
}

/// A round for every organisation. One that fails is told of and does not keep the others.
pub async fn settle_all(app: &App) -> Result<Round, DomainError> {
    let mut all = Round::default();
    for (organization, _) in organizations::list(app.db()).await? {
        match settle(app, organization).await {
            Ok(round) => all.add(round),
            Err(error) => {
                metrics::counter!("custodian_erasure_rounds_failed_total").increment(1);
                tracing::error!(%organization, %error, "erasures of an organisation could not be ended; the next round goes on");
            }
        }
    }
    Ok(all)
}

/// A round for one organisation. Runs at once on two instances do no harm to each other.
pub async fn settle(app: &App, organization: OrganizationId) -> Result<Round, DomainError> {
    let mut round = Round { taken_up: take_up(app, organization).await?, ..Round::default() };
    mail::drop_late(app, organization).await?;
    if tell_all(app, organization).await? + tell_others(app, organization).await? > 0 {
        anchor_ledger(app).await?;
    }
    round.renewed = leave_keys(app, organization).await?;
    round.clean = sweep::sweep_all(app, organization).await?;
    round.destroyed = destroy(app, organization).await?;
    if round.destroyed > 0 {
        anchor_ledger(app).await?;
    }
    let work = app.begin(organization).await?;
    stored::note_all_destroyed(&work).await?;
    work.commit().await?;
    round.certified = certificate::certify_all(app, organization).await?;
    Ok(round)
}

/// Takes everybody who shares a bucket with somebody erased to a new key (E1 and E2); how many buckets there were. The old keys are still there.
pub async fn leave_keys(app: &App, organization: OrganizationId) -> Result<usize, DomainError> {
    let buckets = app.reading(organization, async |work| stored::buckets_to_renew(work).await).await?;
    for row in &buckets {
        app.keys().renew(app, organization, *row).await?;
    }
    Ok(buckets.len())
}

/// Erases those whom no term or hold keeps any more. A hold that was laid meanwhile keeps them, and whose request came to nothing is let go.
async fn take_up(app: &App, organization: OrganizationId) -> Result<usize, DomainError> {
    let waiting = app.reading(organization, async |work| {
        let now = work.database_time().await?;
        stored::terms_run(work, now, TOGETHER).await
    });
    let mut taken = 0;
    for (_, customer) in waiting.await? {
        let work = app.begin(organization).await?;
        match take_up_one(app, &work, customer).await {
            Ok(Came::Erased) => {
                work.commit().await?;
                taken += 1;
            }
            Ok(Came::Noted) => work.commit().await?,
            Ok(Came::Nothing) => work.abandon().await,
            Err(error) => {
                work.abandon().await;
                return Err(error);
            }
        }
    }
    Ok(taken)
}

/// What came of somebody whose turn it was.
enum Came {
    Erased,
    /// They wait for something else, or for nothing any more.
    Noted,
    Nothing,
}

/// Keeps what an erasure waits for now. What has no end is looked at by every round.
async fn wait_on(work: &Work, wish: ErasureRow, by: Vec<Uuid>, until: DateTime<Utc>) -> Result<Came, DomainError> {
    if wish.blocked_by == by && wish.blocked_until == Some(until) {
        return Ok(Came::Nothing);
    }
    stored::put(work, &ErasureRow { blocked_by: by, blocked_until: Some(until), ..wish }).await?;
    Ok(Came::Noted)
}

async fn take_up_one(app: &App, work: &Work, customer: CustomerId) -> Result<Came, DomainError> {
    let (Some((row, false)), Some(wish)) =
        (lock_any(work, customer).await?, stored::of_customer(work, customer).await?)
    else {
        return Ok(Came::Nothing);
    };
    if let Some(draft) = called_off(work, customer).await? {
        record_all(work, &[&app.own_entry(work.organization(), draft).await?]).await?;
        return Ok(Came::Noted);
    }
    let now = work.database_time().await?;
    match verdict(work, customer, now).await? {
        Verdict::Go => {}
        Verdict::Blocked { by, until } => return wait_on(work, wish, by, until).await,
        Verdict::Refused(by) => {
            let until = wish.blocked_until.map_or(now, |until| until.min(now));
            return wait_on(work, wish, by, until).await;
        }
    }
    let ground = Ground::from_code(&wish.ground).unwrap_or(Ground::SubjectRequest);
    if stays_restricted(work, row.id, ground, now).await? {
        return Ok(Came::Nothing);
    }
    let asked = Asked { customer: row.id.uuid(), ground, privacy_request: wish.privacy_request };
    others_along(app, work, row.id, &asked, now).await?;
    let done = take_away_and_tell(app, work, wish, &row, removal(Uuid::nil(), now)).await?;
    let entry = app.own_entry(work.organization(), told(&done)).await?;
    record_all(work, &[&entry]).await?;
    Ok(Came::Erased)
}

/// Tells the ledger of those it does not know of yet.
pub(super) async fn tell_all(app: &App, organization: OrganizationId) -> Result<usize, DomainError> {
    let mut told = 0;
    loop {
        let untold = app.reading(organization, async |work| stored::untold(work, TOGETHER).await).await?;
        tell(app, organization, &untold).await?;
        told += untold.len();
        if i64::try_from(untold.len()).is_ok_and(|count| count < TOGETHER) {
            return Ok(told);
        }
    }
}

async fn tell(app: &App, organization: OrganizationId, untold: &[stored::Untold]) -> Result<(), DomainError> {
    if untold.is_empty() {
        return Ok(());
    }
    let told: Vec<_> = untold.iter().map(|(_, customer, at)| ("erased", *customer, *at)).collect();
    let first = ledger::tell(app, organization, &told).await?;
    let work = app.begin(organization).await?;
    for ((id, _, _), sequence) in untold.iter().zip(first..) {
        stored::note_told(&work, *id, sequence).await?;
    }
    Ok(work.commit().await?)
}

/// Tells the ledger of what else a backup must not undo. What is told twice, because the power went in between, means the same.
pub(crate) async fn tell_others(app: &App, organization: OrganizationId) -> Result<usize, DomainError> {
    let mut told_of = 0;
    if app.custody().ledger.is_none() {
        return Ok(told_of);
    }
    loop {
        let queued = app.reading(organization, async |work| stored::queued_told(work, TOGETHER).await).await?;
        if queued.is_empty() {
            return Ok(told_of);
        }
        told_of += queued.len();
        let told: Vec<_> = queued.iter().map(|one| (one.kind.as_str(), one.object, one.at)).collect();
        ledger::tell(app, organization, &told).await?;
        let ids: Vec<Uuid> = queued.iter().map(|one| one.id).collect();
        let work = app.begin(organization).await?;
        stored::drop_told(&work, &ids).await?;
        work.commit().await?;
    }
}

/// Returns once the ledger tells of this erasure, if it has taken anything away: the answer must not leave before.
///
/// Errors: `unavailable` where the ledger cannot be written; the erasure holds all the same, and the next round tells of it.
pub async fn tell_before_answering(app: &App, organization: OrganizationId, id: Uuid) -> Result<(), DomainError> {
    let row = app.reading(organization, async |work| stored::find(work, id).await).await?;
    match row {
        Some(row) if row.ledger_sequence.is_none() => match row.erased_at {
            Some(at) => tell(app, organization, &[(id, row.customer.uuid(), at)]).await,
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Destroys what was left behind long enough ago that nobody who read a key by it is still using it. The keyring is written first: it is what opens
/// the backups of before.
async fn destroy(app: &App, organization: OrganizationId) -> Result<usize, DomainError> {
    let grace = app.custody().grace;
    let retired = app.reading(organization, async |work| {
        let before = work.database_time().await? - grace;
        stored::retired_epochs(work, before).await
    });
    let retired = retired.await?;
    if retired.is_empty() {
        return Ok(0);
    }
    let erased = app.reading(organization, async |work| stored::being_erased(work).await).await?;
    for (_, epoch) in retired.iter().filter(|(bucket, _)| *bucket == PASSING) {
        app.keys().carry_over(app, organization, *epoch, &erased).await?;
    }
    keyring::export(app, organization, app.now()).await?;
    for place in &retired {
        app.keys().destroy(app, organization, *place).await?;
    }
    Ok(retired.len())
}
