//! Requests of the people whom data is about: filed, proved, answered in time, and turned down only on a ground.

mod close;
mod duplicates;
mod effects;
mod expire;
mod file;
mod handle;
mod letters;
mod log;
mod package;
mod prove;
mod read;
mod recipients;
mod recompute;
mod settings;
mod times;
mod watch;

pub use close::{complete, reject};
pub(crate) use duplicates::{part, regroup};
pub use effects::{announce_lifting, lift};
pub(crate) use expire::{any_ended, forget_ended};
pub use file::{NewRequest, Whom, create};
pub(crate) use file::{contact_tag, file, meant, whose_contact};
pub use handle::{acknowledge, assign, cancel, extend};
pub(crate) use handle::{hand_over, take_back};
pub(crate) use letters::{code as send_code_to, contact as contact_on_file, last_letter, tell_of_own_erasure};
pub use log::{LogExport, export_log};
pub(crate) use package::own_package;
pub use package::{Package, package};
pub(crate) use prove::{CODE_LIVES, CODES_AN_HOUR, TRIES};
pub use prove::{Shown, verify};
pub use read::{Details, RequestView, find, list, log};
pub(crate) use read::{page, view_of};
pub(crate) use recipients::tell_of_erasure;
pub use recipients::{
    NotificationView, acknowledge_notification, erasure_recipients, notifications, recipients, remind_of,
    remind_recipients,
};
pub use recompute::{RECOMPUTE, recompute};
pub use settings::{CalendarYear, SettingsView, arrange, read_settings, set_calendar, set_settings};
pub use watch::{KIND, run};

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::kernel::{CustomerId, DomainError, RefusedAs};
use custodian_domain::privacy_requests::{Jurisdiction, Right, Rule, State};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::customers::tombstone;
use custodian_persistence::privacy_requests::{self as stored, EventRow, RequestRow};
use serde_json::Value;
use uuid::Uuid;

use crate::audit::{Detail, Draft};
use crate::events::{Event, EventType, Fact, publish};
use crate::rights_protocols::follow;
use crate::{App, Call};

fn conflict(code: &'static str) -> DomainError {
    DomainError::refused(RefusedAs::Conflict, code)
}

fn entry(action: Action, row: &RequestRow) -> Draft {
    let draft = Draft { customer: row.customer.map(CustomerId::from), ..Draft::of(action) };
    draft
        .with("privacy_request", Detail::Code(row.id.to_string()))
        .with("right", Detail::Code(row.right.clone()))
        .with("jurisdiction", Detail::Code(row.jurisdiction.clone()))
}

/// The codes of a stored request, read back.
struct Codes {
    right: Right,
    jurisdiction: Jurisdiction,
    state: State,
    rule: &'static Rule,
}

fn codes(row: &RequestRow) -> Result<Codes, DomainError> {
    let unreadable = || DomainError::internal("a stored request of a person");
    let right = Right::from_code(&row.right).ok_or_else(unreadable)?;
    let jurisdiction = Jurisdiction::from_code(&row.jurisdiction).ok_or_else(unreadable)?;
    let state = State::from_code(&row.state).ok_or_else(unreadable)?;
    Ok(Codes { right, jurisdiction, state, rule: Rule::of(jurisdiction, right).ok_or_else(unreadable)? })
}

/// Who did something to a request.
#[derive(Clone, Copy)]
struct Doer {
    kind: &'static str,
    id: Uuid,
}

impl Doer {
    /// A person is not named: whose request it is, its customer says, and goes with the person.
    fn of(call: &Call) -> Self {
        let id = if call.identity.subject().is_some() { Uuid::nil() } else { call.identity.actor_id() };
        Self { kind: call.identity.caller.actor_kind(), id }
    }

    const SYSTEM: Self = Self { kind: "system", id: Uuid::nil() };
}

/// Tells others what happened to a request: never whose it is.
async fn tell(app: &App, work: &Work, kind: EventType, row: &RequestRow) -> Result<(), DomainError> {
    let event = Event::of(kind)
        .with("privacy_request_id", Fact::Id(row.id))
        .with("right", Fact::Code(row.right.clone()))
        .with("jurisdiction", Fact::Code(row.jurisdiction.clone()))
        .with("state", Fact::Code(row.state.clone()))
        .with("due_at", Fact::Time(row.due_at));
    publish(app, work, event).await
}

/// Writes down what happened to a request, as it stands afterwards, and queues the word to the partner that passed it on.
async fn note(
    app: &App,
    work: &Work,
    row: &RequestRow,
    by: Doer,
    kind: &str,
    details: Value,
) -> Result<(), DomainError> {
    let at = work.database_time().await?;
    let event = EventRow {
        id: app.new_id(),
        kind: kind.to_owned(),
        state: row.state.clone(),
        at,
        by_kind: by.kind.to_owned(),
        by: by.id,
        details,
    };
    stored::insert_event(work, row.id, &event).await?;
    follow(app, work, row).await
}

/// Refuses what cannot be done any more, nor said to have been done, once whose request it is was erased.
async fn still_here(work: &Work, row: &RequestRow) -> Result<(), DomainError> {
    match row.customer {
        Some(customer) if tombstone(work, CustomerId::from(customer)).await?.is_some() => {
            Err(DomainError::refused(RefusedAs::Gone, "erased"))
        }
        _ => Ok(()),
    }
}

/// The request and whose it is, held, for somebody who answers requests.
///
/// Errors: 404; 409 `request_closed`.
async fn to_handle(call: &Call, work: &Work, id: Uuid) -> Result<(RequestRow, DateTime<Utc>), DomainError> {
    call.needs(Permission::PrivacyRequestsManage)?;
    stored::hold(work).await?;
    let row = stored::lock(work, id).await?.ok_or(DomainError::NotFound)?;
    if row.closed_at.is_some() {
        return Err(conflict("request_closed"));
    }
    Ok((row, work.database_time().await?))
}
