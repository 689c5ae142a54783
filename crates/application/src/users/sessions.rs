//! Sessions: one's own, and those of colleagues.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, SessionId, UserId};
use custodian_domain::roles::Permission;
use custodian_persistence::auth::{self as sessions, SessionRow};
use custodian_persistence::{Work, users as stored};

use super::change::draft;
use crate::audit::Detail;
use crate::{App, Call};

/// A session that is going on.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// The session.
    pub row: SessionRow,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// One's own sessions are one's own business; those of others take the permission.
fn needs(call: &Call, user: UserId) -> Result<(), DomainError> {
    if call.identity.user() == Some(user) { Ok(()) } else { call.needs(Permission::UsersManage) }
}

/// The sessions of an account that are going on, newest first.
pub async fn list_sessions(app: &App, call: &Call, user: UserId) -> Result<Vec<SessionView>, DomainError> {
    needs(call, user)?;
    let work = app.begin(call.organization()).await?;
    let known = stored::find(&work, user).await?.is_some();
    let rows = sessions::going_on(&work, user).await?;
    work.abandon().await;
    if !known {
        return Err(DomainError::NotFound);
    }
    let own = call.identity.user() == Some(user);
    app.record_read(call, draft(if own { Action::MeRead } else { Action::UsersRead }, user)).await?;
    let current = call.identity.session;
    Ok(rows.into_iter().map(|row| SessionView { current: current == Some(row.id), row }).collect())
}

/// Ends one session of an account. One that has ended already is not found.
pub async fn end_session(
    app: &App,
    call: &Call,
    work: &Work,
    user: UserId,
    session: SessionId,
) -> Result<(), DomainError> {
    needs(call, user)?;
    let going_on = sessions::lock(work, session).await?.is_some_and(|(row, live)| live && row.user == user);
    if !going_on {
        return Err(DomainError::NotFound);
    }
    let own = call.identity.user() == Some(user);
    sessions::end(work, session, app.now(), if own { "ended" } else { "ended_by_administrator" }).await?;
    let draft = draft(Action::SessionsEnd, user).with("sessions", Detail::Codes(vec![session.to_string()]));
    app.record_change(work, call, draft).await?;
    app.auth().forget_all(&[session]);
    Ok(())
}

/// Ends every session of a colleague.
pub async fn end_all_sessions(app: &App, call: &Call, work: &Work, user: UserId) -> Result<(), DomainError> {
    call.needs(Permission::UsersManage)?;
    stored::lock(work, user).await?.ok_or(DomainError::NotFound)?;
    let ended = stored::end_sessions(work, user, None, app.now(), "ended_by_administrator").await?;
    let ids = ended.iter().map(SessionId::to_string).collect();
    app.record_change(work, call, draft(Action::SessionsEnd, user).with("sessions", Detail::Codes(ids))).await?;
    app.auth().forget_all(&ended);
    Ok(())
}
