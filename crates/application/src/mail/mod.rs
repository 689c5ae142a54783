//! Letters: written in the transaction of what they tell, sealed until they go, at least once whatever is killed.

mod letters;
mod sealing;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId, RefusedAs, UserId};
use custodian_outbound::{Letter, Mail, MailError};
use custodian_persistence::mail::{self as stored, DueLetter, LetterRow};
use custodian_persistence::{Work, audit as log};
use uuid::Uuid;

pub(crate) use letters::{follow_ups, invitation, password_changed, password_reset};

use crate::App;
use crate::audit::{Detail, Draft, EntryActor, seal_entry};
use crate::keys::OrganizationKeys;

/// How long a sender may take before another one takes the letter over. Longer than any hand-over.
const LEASE_SECONDS: f64 = 60.0;
/// The longest wait between two tries, in seconds.
const LONGEST_WAIT: f64 = 600.0;
/// How many letters one transaction gives up together.
const TOGETHER: i64 = 500;

/// A letter without its id and its receiver's account.
pub(crate) struct Text {
    pub kind: &'static str,
    pub subject: String,
    pub text: String,
}

/// Refuses what needs a letter where none can go.
///
/// Errors: 409 `mail_not_configured`.
pub(crate) fn needs_mail(app: &App) -> Result<(), DomainError> {
    let none = DomainError::refused(RefusedAs::Conflict, "mail_not_configured");
    if app.mail().is_some() { Ok(()) } else { Err(none) }
}

/// Puts a letter into the transaction. Where no mail is set up it goes nowhere.
pub(crate) async fn queue(
    app: &App,
    work: &Work,
    keys: &OrganizationKeys,
    (user, to): (UserId, String),
    letter: Text,
    expires_at: DateTime<Utc>,
) -> Result<(), DomainError> {
    put(app, work, Receiver::Staff(user, keys), to, letter, expires_at).await
}

/// The same for somebody whom data is about: no copy of the database opens it once an erasure of theirs has ended.
pub(crate) async fn queue_to_customer(
    app: &App,
    work: &Work,
    (customer, to): (CustomerId, String),
    letter: Text,
    expires_at: DateTime<Utc>,
) -> Result<(), DomainError> {
    put(app, work, Receiver::Customer(customer), to, letter, expires_at).await
}

/// Whose a letter is, and so what it is sealed under.
#[derive(Clone, Copy)]
enum Receiver<'a> {
    Staff(UserId, &'a OrganizationKeys),
    Customer(CustomerId),
}

/// By which it goes: an address by mail, a number by short message.
fn way<'a>(app: &'a App, to: &str) -> Option<&'a Arc<dyn Mail>> {
    if to.contains('@') { app.mail() } else { app.sms() }
}

async fn put(
    app: &App,
    work: &Work,
    receiver: Receiver<'_>,
    to: String,
    letter: Text,
    expires_at: DateTime<Utc>,
) -> Result<(), DomainError> {
    if way(app, &to).is_none() {
        return Ok(());
    }
    let Text { kind, subject, text } = letter;
    let id = app.new_id();
    let letter = Letter { id: id.to_string(), to, subject, text };
    let letter = serde_json::to_string(&letter).map_err(|_| DomainError::internal("a letter does not serialise"))?;
    let (user, customer, sealed_letter) = match receiver {
        Receiver::Staff(user, keys) => (Some(user), None, sealing::seal(app, keys, work.organization(), id, &letter)),
        Receiver::Customer(customer) => (None, Some(customer), sealing::seal_apart(app, work, id, &letter).await?),
    };
    let row = LetterRow { id, user, customer, kind: kind.to_owned(), sealed_letter, created_at: app.now(), expires_at };
    Ok(stored::insert(work, &row).await?)
}

/// Hands one due letter over. False when none is due.
pub async fn deliver_one(app: &App) -> Result<bool, DomainError> {
    if app.mail().is_none() && app.sms().is_none() {
        return Ok(false);
    }
    let Some(due) = stored::claim(app.db(), LEASE_SECONDS).await? else {
        return Ok(false);
    };
    let work = app.begin(due.organization).await?;
    let found = stored::find(&work, due.id).await?;
    let row = match found {
        Some((row, true)) => row,
        Some((row, false)) => {
            give_up(app, &work, &row).await?;
            work.commit().await?;
            return Ok(true);
        }
        None => {
            stored::remove(&work, due.id).await?;
            work.commit().await?;
            return Ok(true);
        }
    };
    let letter = read(app, &work, &row).await;
    work.abandon().await;
    let sent = match letter {
        Ok(letter) => match way(app, &letter.to) {
            Some(way) => way.send(&letter).await,
            None => Err(MailError::Refused("there is no way to send it".to_owned())),
        },
        Err(DomainError::Integrity) => {
            tell_unreadable(due.id);
            Err(MailError::Refused("it does not open".to_owned()))
        }
        Err(error) => return Err(error),
    };
    match sent {
        Ok(()) => settle(app, &due, &row, Verdict::Allowed).await?,
        Err(MailError::Refused(why)) => {
            tracing::warn!(letter = %due.id, why, "a letter was refused for good");
            settle(app, &due, &row, Verdict::Failed).await?;
        }
        Err(MailError::Away(why)) => {
            tracing::warn!(letter = %due.id, attempt = due.attempts, why, "a letter is put off");
            let wait = 2_f64.powi(due.attempts.clamp(0, 16)).min(LONGEST_WAIT);
            stored::put_off(app.db(), due.id, wait).await?;
        }
    }
    Ok(true)
}

async fn read(app: &App, work: &Work, row: &LetterRow) -> Result<Letter, DomainError> {
    let letter = sealing::open(app, work, row).await?;
    serde_json::from_str(&letter).map_err(|_| DomainError::Integrity)
}

/// Takes out a letter that does not open, so that nothing else waits for it.
pub(crate) async fn drop_unreadable(app: &App, work: &Work, id: Uuid) -> Result<(), DomainError> {
    tell_unreadable(id);
    match stored::find(work, id).await? {
        Some((row, _)) => end(app, work, &row, Verdict::Failed).await,
        None => Ok(()),
    }
}

fn tell_unreadable(letter: Uuid) {
    tracing::error!(alert = "critical", %letter, "a letter does not open: it was changed outside the service");
    metrics::counter!("custodian_integrity_failures_total").increment(1);
}

/// Gives up every letter of an organisation that could not be handed over in its time: an erasure would wait for it where no sender takes it out.
pub(crate) async fn drop_late(app: &App, organization: OrganizationId) -> Result<(), DomainError> {
    loop {
        let work = app.begin(organization).await?;
        let late = stored::lock_expired_to_customers(&work, TOGETHER).await?;
        for row in &late {
            give_up(app, &work, row).await?;
        }
        stored::remove_expired_to_staff(&work).await?;
        work.commit().await?;
        if i64::try_from(late.len()).is_ok_and(|count| count < TOGETHER) {
            return Ok(());
        }
    }
}

/// Takes out a letter whose time is over. Of one to a customer it is said that nobody gets it, once: it may be all that they were to hear.
async fn give_up(app: &App, work: &Work, row: &LetterRow) -> Result<(), DomainError> {
    if !stored::remove(work, row.id).await? || row.customer.is_none() {
        return Ok(());
    }
    let kind = row.kind.as_str();
    tracing::error!(alert = "high", letter = %row.id, kind, "a letter to a customer was not handed over in its time: nobody gets it");
    note(app, work, row, Verdict::Failed).await
}

/// Takes the letter out and says so in the log, in one transaction.
async fn settle(app: &App, due: &DueLetter, row: &LetterRow, verdict: Verdict) -> Result<(), DomainError> {
    let work = app.begin(due.organization).await?;
    end(app, &work, row, verdict).await?;
    Ok(work.commit().await?)
}

async fn end(app: &App, work: &Work, row: &LetterRow, verdict: Verdict) -> Result<(), DomainError> {
    stored::remove(work, row.id).await?;
    note(app, work, row, verdict).await
}

/// Says in the log how the sending of a letter ended.
async fn note(app: &App, work: &Work, row: &LetterRow, verdict: Verdict) -> Result<(), DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let actor = EntryActor { kind: "system", id: Uuid::nil(), session: None, request: "", purpose: None };
    let draft = Draft { verdict, customer: row.customer, ..Draft::of(Action::MailSend) }
        .with("letter", Detail::Code(row.kind.clone()));
    let draft = match row.user {
        Some(user) => draft.with("user", Detail::Code(user.to_string())),
        None => draft,
    };
    let entry = seal_entry(&keys, work.organization(), app.new_id(), app.now(), &actor, draft, app.rng())?;
    log::record(work, &[&entry]).await.map_err(|_| DomainError::AuditUnavailable)
}
