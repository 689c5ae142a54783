//! Records of somebody who leaves go to a successor: follow-ups, opportunities and tickets stand in that person's list from then on.

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, UserId};
use custodian_persistence::Work;
use custodian_persistence::audit as log;
use custodian_persistence::customers::{HandOver, SealedFields};
use custodian_persistence::records::{self as stored, Hung};

use super::read::entry;
use super::sealing::{Spot, open_record, seal, values};
use crate::audit::Detail;
use crate::customers::guard;
use crate::{App, Call};

/// Records handed over by one statement.
const BATCH: i64 = 500;

/// Hands every record that a person sees to over; how many there were. Each gets a version and an entry of its own, as if it had been changed by hand.
/// Asks nobody's permission: the caller of this has.
pub(crate) async fn hand_over(
    app: &App,
    call: &Call,
    work: &Work,
    from: UserId,
    hand: &HandOver,
) -> Result<u64, DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let mut count = 0;
    while let Some(held) = stored::lock_owned(work, from, BATCH).await? {
        let (mut packs, mut entries) = (Vec::with_capacity(held.len()), Vec::with_capacity(held.len()));
        for hung in &held {
            let (version, fields) = guard(app, call, hung.customer.id, next_version(app, call, hung)).await?;
            let draft = entry(Action::RecordsUpdate, hung)
                .with("changed", Detail::Codes(vec!["owner_id".to_owned()]))
                .with("version", Detail::Count(version));
            entries.push(app.entry_with(&keys, call, draft)?);
            packs.push((hung.record.id, fields));
        }
        stored::hand_over(work, &packs, hand).await?;
        let entries: Vec<_> = entries.iter().collect();
        log::record(work, &entries).await.map_err(|_| DomainError::AuditUnavailable)?;
        count += u64::try_from(packs.len()).unwrap_or(u64::MAX);
    }
    Ok(count)
}

/// The values packed for the next version: a pack is closed under the version that it belongs to.
pub(super) fn next_version(app: &App, call: &Call, hung: &Hung) -> Result<(u32, SealedFields), DomainError> {
    let key = open_record(app, call.organization(), hung)?;
    let version = u32::try_from(hung.record.version).ok().and_then(|version| version.checked_add(1));
    let version = version.ok_or_else(|| DomainError::internal("version overflow"))?;
    let kept: Option<Vec<_>> = values(&hung.record).collect();
    let spot = Spot::of(call.organization(), &hung.record);
    Ok((version, seal(app, &key, spot, version, &kept.ok_or(DomainError::Integrity)?, &[])))
}
