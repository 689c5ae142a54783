//! An erasure done again: in a database that was put back from before it.

use chrono::{DateTime, Utc};
use custodian_domain::erasures::Ground;
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_persistence::customers::lock_any;
use custodian_persistence::{Work, erasures as stored};
use uuid::Uuid;

use super::ask::{Asked, removal, take_away, told, wish};
use crate::App;
use crate::audit::{Detail, record_all};

/// What became of somebody whom the ledger says was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// The backup held them; they are erased once more, and the next rounds take it to its certificate.
    Erased,
    /// The backup knew of it.
    KnownBefore,
    /// The backup does not know them: they were entered after it.
    Unknown,
}

/// Makes somebody unreadable whom the ledger says was erased, whatever holds and terms this older database knows of. `line` is the number of the ledger's line.
pub(crate) async fn erase_again(
    app: &App,
    work: &Work,
    customer: Uuid,
    (at, line): (DateTime<Utc>, i64),
) -> Result<Again, DomainError> {
    let id = CustomerId::from(customer);
    let Some((row, erased)) = lock_any(work, id).await? else { return Ok(Again::Unknown) };
    let before = stored::of_customer(work, id).await?;
    if let (true, Some(before)) = (erased, &before) {
        stored::note_told(work, before.id, line).await?;
        return Ok(Again::KnownBefore);
    }
    // Why it was is not in the ledger, which holds ids and times alone; that it must be is a duty in any case.
    let asked = Asked { customer, ground: Ground::LegalDuty, privacy_request: None };
    let wish = wish(app, Uuid::nil(), &asked, &row, before, at);
    let done = take_away(app, work, wish, &row, removal(Uuid::nil(), at)).await?;
    stored::note_told(work, done.id, line).await?;
    let draft = told(&done).with("again_after", Detail::Code("restore".to_owned()));
    record_all(work, &[&app.own_entry(work.organization(), draft).await?]).await?;
    Ok(Again::Erased)
}
