//! Lets old entries go, by whole months, at the operator's command. Their hashes stay, so that what remains is proved as before.

use custodian_domain::audit::Action;
use custodian_domain::kernel::DomainError;
use custodian_persistence::audit::partitions::{self, Partition};
use custodian_persistence::audit::queue;
use custodian_persistence::{Database, organizations};

use super::{Detail, Draft};
use crate::App;

/// The least time that entries are kept: six months, as the law asks. No setting goes below it.
pub const LEAST_RETENTION: chrono::Duration = chrono::Duration::days(183);

/// Months that lie wholly before the retention's border, oldest first.
pub async fn due(app: &App, retention: chrono::Duration) -> Result<Vec<Partition>, DomainError> {
    Ok(partitions::before(app.db(), app.now() - retention.max(LEAST_RETENTION)).await?)
}

/// Lets these months go. Each organisation's log says so first, or the checks would miss the entries.
///
/// Refused while entries of them still wait for their place. Needs the owner's connection.
pub async fn retire(app: &App, owner: &Database, months: &[Partition]) -> Result<(), DomainError> {
    let border = app.now() - LEAST_RETENTION;
    let young = |month: &Partition| super::sequencer::time_of(month.until).is_none_or(|until| until > border);
    let Some(until) = months.iter().map(|month| month.until).max().filter(|_| !months.iter().any(young)) else {
        return Err(DomainError::internal("entries younger than six months are kept"));
    };
    let (_, oldest) = queue::length(app.db()).await?;
    if oldest.is_some_and(|oldest| oldest < until) {
        return Err(DomainError::internal("entries of these months still wait for their place"));
    }
    for (organization, _) in organizations::list(app.db()).await? {
        let draft = Draft::of(Action::AuditRetire).with("until", Detail::Code(until.to_string()));
        let entry = app.own_entry(organization, draft).await?;
        app.record(vec![entry]).await?;
    }
    for month in months {
        partitions::drop_one(owner, month).await?;
    }
    Ok(())
}
