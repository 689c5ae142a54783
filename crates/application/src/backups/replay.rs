//! The ledger, line by line, in a database that was put back: what ended after the backup ends again.

use chrono::{DateTime, Utc};
use custodian_domain::backups::{LedgerKind, happens_again};
use custodian_domain::kernel::{ApiKeyId, DomainError, OrganizationId, UserId};
use custodian_persistence::backups as stored;
use custodian_persistence::{Work, access_requests, api_keys, organizations, scim};
use uuid::Uuid;

use crate::App;
use crate::access_requests::end_grant;
use crate::consents::withdraw_again;
use crate::erasures::{Again, Ledger, LedgerLine, erase_again};

/// What was done again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// People erased once more.
    pub erased: u64,
    /// People whom the backup knew to be erased.
    pub erased_before: u64,
    /// Keys and tokens ended.
    pub revoked: u64,
    /// Colleagues who can no longer log in; an administrator says whether they left.
    pub suspended: Vec<Uuid>,
    /// Consents withdrawn.
    pub withdrawn: u64,
    /// Rights ended.
    pub grants_ended: u64,
    /// Keys and webhooks that wait for another secret.
    pub secrets: Vec<Uuid>,
    /// Lines about what the backup does not know: it came after it.
    pub unknown: u64,
}

/// Does again what the ledger tells of and the backup, taken at `taken_at` lines, does not know of. Doing it twice changes nothing more.
pub(super) async fn replay(app: &App, ledger: &Ledger, taken_at: u64) -> Result<Replayed, DomainError> {
    let known: Vec<OrganizationId> = organizations::list(app.db()).await?.into_iter().map(|(id, _)| id).collect();
    let mut done = Replayed::default();
    for line in ledger.lines() {
        let kind = LedgerKind::from_code(&line.kind).ok_or_else(|| {
            DomainError::internal(format!("line {} of the ledger is of an unknown kind", line.sequence))
        })?;
        let organization = OrganizationId::from(line.organization);
        if !happens_again(kind, line.sequence, taken_at) {
            continue;
        }
        if !known.contains(&organization) {
            done.unknown += 1;
            continue;
        }
        let work = app.begin(organization).await?;
        stored::patiently(&work).await?;
        again(app, &work, kind, line, &mut done).await?;
        work.commit().await?;
    }
    Ok(done)
}

async fn again(
    app: &App,
    work: &Work,
    kind: LedgerKind,
    line: &LedgerLine,
    done: &mut Replayed,
) -> Result<(), DomainError> {
    let object = line.object;
    let known = match kind {
        LedgerKind::Erased => return erased(app, work, line, done).await,
        LedgerKind::KeyringExported => true,
        LedgerKind::KeyRevoked => counted(stored::revoke_key(work, object).await?, &mut done.revoked),
        LedgerKind::UserDisabled => listed(stored::suspend(work, object).await?, object, &mut done.suspended),
        LedgerKind::UserClosed => {
            done.revoked += close(work, object, app.now()).await?;
            listed(stored::suspend(work, object).await?, object, &mut done.suspended)
        }
        LedgerKind::ConsentWithdrawn => counted(withdraw_again(app, work, object).await?, &mut done.withdrawn),
        LedgerKind::GrantEnded => counted(end_grant(app, work, object, Uuid::nil()).await?, &mut done.grants_ended),
        LedgerKind::SecretRotated => listed(stored::forget_secret(work, object).await?, object, &mut done.secrets),
    };
    done.unknown += u64::from(!known);
    Ok(())
}

fn counted(known: bool, count: &mut u64) -> bool {
    *count += u64::from(known);
    known
}

fn listed(known: bool, id: Uuid, list: &mut Vec<Uuid>) -> bool {
    if known && !list.contains(&id) {
        list.push(id);
    }
    known
}

async fn erased(app: &App, work: &Work, line: &LedgerLine, done: &mut Replayed) -> Result<(), DomainError> {
    let bad = || DomainError::internal(format!("line {} of the ledger holds a bad time", line.sequence));
    let at = DateTime::parse_from_rfc3339(&line.at).map_err(|_| bad())?.to_utc();
    let sequence = i64::try_from(line.sequence).map_err(|_| bad())?;
    match erase_again(app, work, line.object, (at, sequence)).await? {
        Again::Erased => done.erased += 1,
        Again::KnownBefore => done.erased_before += 1,
        Again::Unknown => done.unknown += 1,
    }
    Ok(())
}

/// Ends everything that somebody had made or been given; how many keys and tokens.
async fn close(work: &Work, user: Uuid, now: DateTime<Utc>) -> Result<u64, DomainError> {
    let keys: Vec<ApiKeyId> = api_keys::revoke_all(work, user, now).await?.into_iter().map(ApiKeyId::from).collect();
    let tokens = scim::revoke_all(work, UserId::from(user), now).await?;
    access_requests::revoke_grants_of(work, UserId::from(user), Uuid::nil()).await?;
    Ok(tokens + u64::try_from(keys.len()).unwrap_or(0))
}
