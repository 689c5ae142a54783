//! One organisation's log: its head, its entries, what has no place, and what the log of all logs has been told of it.

use std::collections::HashSet;

use custodian_domain::audit::Action;
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::audit::heads::{self, HeadRow};
use custodian_persistence::audit::{bundles, queue, walk};
use custodian_persistence::{DbError, Work};
use serde::Deserialize;
use uuid::Uuid;

use super::MOST;
use super::entries::EntryWalk;
use super::tree::TreeWalk;
use crate::App;
use crate::audit::edge::{self, EdgeError, Stored};
use crate::audit::{Finding, is_entry};

/// How long an entry may wait for its place.
const PATIENCE: chrono::Duration = chrono::Duration::seconds(10);
/// Entries whose places are looked up at once.
const PAGE: i64 = 4096;

/// The id that a UUIDv7 of this time is not below.
pub(super) fn id_at(time: chrono::DateTime<chrono::Utc>) -> Uuid {
    Uuid::from_u128(u128::try_from(time.timestamp_millis()).unwrap_or(0) << 80)
}

/// The head as far as it is signed and its tiles lead to it; what is wrong with it is found.
pub(super) async fn head(
    app: &App,
    work: &Work,
    findings: &mut Vec<Finding>,
) -> Result<Option<(HeadRow, u64)>, DbError> {
    let organization = work.organization();
    let Some(head) = heads::find(work).await? else {
        return Ok(None);
    };
    let origin = app.log().origin_of(organization);
    let signed = Stored { origin: &origin, size: head.size, root: &head.root, note: &head.note };
    match edge::open(work, super::Tree::Entries, signed, &app.log().keys()).await {
        Ok(edge) => Ok(Some((head, edge.size()))),
        Err(EdgeError::Db(error)) => Err(error),
        Err(EdgeError::Unsound(says)) => {
            // The edge may have grown between the two reads; what is really wrong is wrong again.
            let again = heads::find(work).await?;
            if again.is_some_and(|again| again.size == head.size) {
                findings.push(Finding::of(Some(organization), "head", says));
            }
            let size = u64::try_from(head.size).unwrap_or(0);
            Ok(Some((head, size)))
        }
    }
}

/// Entries that were set aside, and whether any waits too long.
pub(super) async fn queue(app: &App, work: &Work, findings: &mut Vec<Finding>) -> Result<u64, DbError> {
    let organization = work.organization();
    for (id, why) in queue::aside(work).await?.into_iter().take(MOST) {
        let says = match why.as_str() {
            "missing" => "An entry was gone before it got its place.",
            _ => "An entry that was not made by this service has no place.",
        };
        findings.push(Finding::of(Some(organization), "aside", says).entry(id));
    }
    let border = id_at(app.now() - PATIENCE);
    let late = queue::oldest(work, 1).await?.iter().filter(|row| row.id < border).count();
    Ok(u64::try_from(late).unwrap_or(0))
}

/// The id below which entries were let go by the operator, as the log itself says: nobody without the root key can say so.
pub(super) async fn retired(app: &App, work: &Work) -> Result<Uuid, DbError> {
    #[derive(Deserialize)]
    struct Entry {
        details: Details,
    }
    #[derive(Deserialize)]
    struct Details {
        until: Uuid,
    }
    let organization = work.organization();
    let mac = app.keys().audit_mac(organization);
    let told = walk::of_action(work, Action::AuditRetire.code(), 100).await?;
    let sound = told.iter().filter(|(id, bytes, tag)| mac.verify(bytes, tag) && is_entry(bytes, organization, *id));
    let until = sound.filter_map(|(_, bytes, _)| serde_json::from_slice::<Entry>(bytes).ok()).map(|e| e.details.until);
    // Nothing younger than the law allows can have been let go, whatever is said.
    let border = id_at(app.now() - crate::audit::LEAST_RETENTION);
    Ok(until.max().unwrap_or_default().min(border))
}

/// Entries after `after` that have no place although they should; answers where to go on, or none at the end.
pub(super) async fn unplaced(
    app: &App,
    work: &Work,
    after: Uuid,
    findings: &mut Vec<Finding>,
) -> Result<Option<Uuid>, DbError> {
    let ids = walk::ids(work, after, id_at(app.now() - PATIENCE), PAGE).await?;
    let (Some(first), Some(last)) = (ids.first().copied(), ids.last().copied()) else {
        return Ok(None);
    };
    let placed = bundles::between(work, first, last).await?;
    let placed: HashSet<Uuid> = placed.into_iter().flat_map(|bundle| bundle.entries).collect();
    let lost: Vec<Uuid> = ids.iter().filter(|id| !placed.contains(id)).copied().collect();
    if !lost.is_empty() {
        let known = queue::waiting(work, &lost).await?;
        let aside = queue::aside(work).await?.into_iter().map(|(id, _)| id);
        let mut known: HashSet<Uuid> = known.into_iter().chain(aside).collect();
        // What was placed between the two looks.
        known.extend(bundles::placed(work, &lost).await?);
        let says = "The entry has no place and does not wait for one.";
        let lost = lost.into_iter().filter(|id| !known.contains(id)).take(MOST);
        findings.extend(lost.map(|id| Finding::of(Some(work.organization()), "unplaced", says).entry(id)));
    }
    let full = i64::try_from(ids.len()).is_ok_and(|found| found >= PAGE);
    Ok(Some(last).filter(|_| full))
}

/// Everything about one log. Answers the entries looked at and those that wait too long.
pub(super) async fn whole(
    app: &App,
    organization: OrganizationId,
    findings: &mut Vec<Finding>,
) -> Result<(u64, u64), DomainError> {
    let work = app.begin(organization).await?;
    let (mut entries, late) = (0, queue(app, &work, findings).await?);
    if let Some((row, size)) = head(app, &work, findings).await? {
        let retired = retired(app, &work).await?;
        let mut walk = EntryWalk::new(app, organization, TreeWalk::whole(Some(organization), size), retired);
        walk.bundles(&work, 0, u64::MAX).await?;
        let root = walk.tree.frontier.as_ref().map(|frontier| (frontier.size(), frontier.root()));
        if walk.findings.len() < MOST && root.is_some_and(|(at, root)| at == size && root.as_slice() != row.root) {
            walk.findings.push(Finding::of(Some(organization), "root", "The entries do not lead to the signed root."));
        }
        entries = walk.entries;
        findings.append(&mut walk.findings);
    }
    let mut after = Uuid::nil();
    while let Some(next) = unplaced(app, &work, after, findings).await? {
        after = next;
    }
    let mut after = Uuid::nil();
    while let Some(next) = super::customers::check(&work, organization, after, 1000, findings).await? {
        after = next;
    }
    work.abandon().await;
    Ok((entries, late))
}
