//! Tickets for streams: a browser's `EventSource` sends no credential of its own, and comes back to the same address by itself.
//!
//! A ticket opens one stream and nothing else. It has to be used at once; whoever comes back from the same place soon after the connection broke goes
//! on with the same stream, as long as the session lives in which the ticket was given. A newer connection ends an older one.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use custodian_domain::access::Who;
use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, OrganizationId, RefusedAs, SessionId, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::events::tickets::{self as stored, TicketRow};
use uuid::Uuid;

use super::follow::Follower;
use crate::audit::Draft;
use crate::auth::LETTER;
use crate::{App, Call};

/// How long a ticket waits for its first use, in seconds.
pub const FIRST_SECONDS: u32 = 60;
/// How long after it was last heard a stream may be gone on with, in seconds.
const AGAIN_SECONDS: f64 = 60.0;
const PREFIX: &str = "est_";

/// A ticket as it is given. Never printed.
pub struct Ticket {
    /// What goes into the address.
    pub text: String,
    /// Until when it can be used for the first time.
    pub expires_at: DateTime<Utc>,
}

/// Whom a ticket has let in.
#[derive(Clone)]
pub struct Admitted {
    /// Their organisation.
    pub organization: OrganizationId,
    /// The account.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// The purpose that the stream is for.
    pub purpose: Option<String>,
    /// Where the stream began, for who comes back.
    pub began: Option<i64>,
    row: TicketRow,
    peer: Option<IpAddr>,
}

fn invalid() -> DomainError {
    DomainError::refused(RefusedAs::Unauthorized, "invalid_ticket")
}

/// Gives the caller a ticket for one stream, for the purpose that the call names.
///
/// Errors: 403 `staff_only`: a partner's program can send its key.
pub async fn issue(app: &App, call: &Call, work: &Work) -> Result<Ticket, DomainError> {
    call.needs(Permission::EventsRead)?;
    let Who::Staff(staff) = &call.identity.caller.who else {
        return Err(DomainError::refused(RefusedAs::Forbidden, "staff_only"));
    };
    let id = app.new_id();
    let issued_at = stored::insert(work, id, (staff.user, staff.session), call.purpose.as_deref()).await?;
    app.record_change(work, call, Draft::of(Action::EventsIssueTicket)).await?;
    let mut named = [call.organization().uuid().into_bytes(), id.into_bytes()].concat();
    let mac = app.macs(LETTER).sign(&kept_apart(&named));
    named.extend_from_slice(&mac);
    let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(named));
    Ok(Ticket { text, expires_at: issued_at + TimeDelta::seconds(FIRST_SECONDS.into()) })
}

/// Whom a ticket lets in from this address now. Whether the session lives, and what it may see, is asked for itself.
///
/// Errors: 401 `invalid_ticket` for one that is none, came too late, or comes from elsewhere.
pub async fn admit(app: &App, text: &str, peer: Option<IpAddr>) -> Result<Admitted, DomainError> {
    let (organization, id) = named_by(app, text).ok_or_else(invalid)?;
    let row = app
        .reading(organization, async |work| stored::find(work, id, peer, (FIRST_SECONDS.into(), AGAIN_SECONDS)).await)
        .await?
        .ok_or_else(invalid)?;
    let (user, session, purpose, began) = (row.user, row.session, row.purpose.clone(), row.position);
    Ok(Admitted { organization, user, session, purpose, began, row, peer })
}

/// What a ticket's MAC is made of: nothing that a letter or a code could be.
fn kept_apart(named: &[u8]) -> Vec<u8> {
    [b"stream-ticket/".as_slice(), named].concat()
}

fn named_by(app: &App, text: &str) -> Option<(OrganizationId, Uuid)> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX).filter(|rest| rest.len() < 100)?).ok()?;
    let (named, mac) = bytes.split_at_checked(32)?;
    if !app.macs(LETTER).verify(&kept_apart(named), mac) {
        return None;
    }
    let (organization, id) = named.split_at_checked(16)?;
    Some((OrganizationId::from(Uuid::from_slice(organization).ok()?), Uuid::from_slice(id).ok()?))
}

/// Opens the stream that a ticket is for; the number of the opening.
///
/// Errors: 401 `invalid_ticket` where somebody else opened it at the same moment.
pub async fn open(app: &App, admitted: &Admitted, follower: &Follower) -> Result<i32, DomainError> {
    let work = app.begin(admitted.organization).await?;
    match stored::open(&work, &admitted.row, admitted.peer, follower.position()).await {
        Ok(Some(opening)) => work.commit().await.map(|()| opening).map_err(DomainError::from),
        other => {
            work.abandon().await;
            other?;
            Err(invalid())
        }
    }
}

/// Notes that a stream goes on; false when a newer connection has taken its place.
pub async fn hear(app: &App, admitted: &Admitted, opening: i32) -> Result<bool, DomainError> {
    let work = app.begin(admitted.organization).await?;
    let heard = stored::hear(&work, admitted.row.id, opening).await?;
    work.commit().await?;
    Ok(heard)
}
