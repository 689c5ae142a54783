//! Gives the waiting entries of one organisation their places: one transaction, under the fence of its head.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use custodian_crypto::merkle::{Hash, empty_root, leaf_hash};
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::Work;
use custodian_persistence::audit::StoredEntry;
use custodian_persistence::audit::bundles::{self, Bundle, WIDTH};
use custodian_persistence::audit::heads::{self, HeadRow};
use custodian_persistence::audit::queue::{self, Queued, Why};
use custodian_persistence::audit::tiles::{self, Tree};
use uuid::Uuid;

use crate::App;
use crate::audit::edge::{self, EdgeError, Stored};
use crate::audit::{Finding, is_entry};

/// Entries placed in one transaction, about: bounds its time to tens of milliseconds.
const BATCH: i64 = 4096;

/// What one transaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// Entries that got a place.
    pub entries: usize,
    /// More may be waiting: the batch was full.
    pub more: bool,
}

/// The entries of a batch, sorted by what becomes of them.
struct Sorted {
    /// With their leaf hashes, in the order of their places.
    good: Vec<(Uuid, Hash)>,
    aside: Vec<(Uuid, Why)>,
    /// In the queue although they have a place.
    again: Vec<Uuid>,
}

/// Places what waits. Nothing when another sequencer is at it. Killed at any moment it leaves what was before.
pub async fn place(app: &App, organization: OrganizationId) -> Result<Placed, DomainError> {
    let work = app.begin(organization).await?;
    let Some(mut head) = heads::lock(&work, &empty_root()).await? else {
        work.abandon().await;
        return Ok(Placed::default());
    };
    let queued = queue::oldest(&work, BATCH).await?;
    if queued.is_empty() {
        // A head that was just made is kept: the next transaction need not make it again.
        work.commit().await?;
        return Ok(Placed::default());
    }
    match extend(app, &work, &mut head, &queued).await {
        Ok(sorted) => {
            work.commit().await?;
            for finding in findings(organization, &sorted) {
                app.alarm(&finding).await;
            }
            let count: usize = queued.iter().map(|row| row.entries.len()).sum();
            let more = i64::try_from(count).is_ok_and(|count| count >= BATCH);
            Ok(Placed { entries: sorted.good.len(), more })
        }
        Err(EdgeError::Unsound(says)) => {
            work.abandon().await;
            app.alarm(&Finding::of(Some(organization), "head", says)).await;
            Ok(Placed::default())
        }
        Err(EdgeError::Db(error)) => Err(error.into()),
    }
}

async fn extend(app: &App, work: &Work, head: &mut HeadRow, queued: &[Queued]) -> Result<Sorted, EdgeError> {
    let keys = app.log().keys();
    let origin = app.log().origin_of(head.organization);
    let stored = Stored { origin: &origin, size: head.size, root: &head.root, note: &head.note };
    let ids: Vec<Uuid> = queued.iter().flat_map(|row| row.entries.iter().copied()).collect();
    let older: Vec<Uuid> = ids.iter().copied().filter(|id| *id <= head.last_id).collect();
    let wide = i64::try_from(WIDTH).unwrap_or(i64::MAX);
    let (mut edge, found, placed, last) = tokio::try_join!(
        edge::open(work, Tree::Entries, stored, &keys),
        async { Ok(queue::entries(work, &ids).await?) },
        async { Ok(bundles::placed(work, &older).await?) },
        async { Ok(bundles::range(work, head.size / wide, 1).await?) },
    )?;
    let sorted = sort(app, head.organization, &ids, &found, &placed);
    let rows: Vec<Uuid> = queued.iter().map(|row| row.id).collect();
    let leaves: Vec<Hash> = sorted.good.iter().map(|(_, leaf)| *leaf).collect();
    let grown =
        edge.append(&leaves).map_err(|error| EdgeError::Unsound(format!("The tree does not grow: {error}.")))?;
    let bundled = bundle(edge.size() - leaves.len() as u64, last, &sorted.good)?;
    let tiles: Vec<_> = grown.into_iter().map(edge::row).collect();
    advance(app, head, edge.size(), edge.root(), &sorted)?;
    tokio::try_join!(
        tiles::store(work, Tree::Entries, &tiles),
        bundles::store(work, &bundled),
        queue::set_aside(work, &sorted.aside, app.now()),
        queue::remove(work, &rows),
        heads::advance(work, head),
    )?;
    Ok(sorted)
}

/// Sets the head to what the tree has become, signed.
fn advance(app: &App, head: &mut HeadRow, size: u64, root: Hash, sorted: &Sorted) -> Result<(), EdgeError> {
    if sorted.good.is_empty() {
        return Ok(());
    }
    let unsound = |error: DomainError| EdgeError::Unsound(error.to_string());
    head.note = app.log().keys().sign(&app.log().origin_of(head.organization), size, root).map_err(unsound)?;
    head.size = i64::try_from(size).map_err(|_| EdgeError::Unsound("The tree is full.".to_owned()))?;
    head.root = root.to_vec();
    head.made_at = app.now();
    let last = sorted.good.iter().map(|(id, _)| *id).max().unwrap_or_default();
    if last > head.last_id {
        head.last_id = last;
        head.last_time = time_of(last).unwrap_or(head.last_time);
    }
    Ok(())
}

/// The time inside a UUIDv7, to the millisecond.
pub fn time_of(id: Uuid) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(i64::try_from(id.as_u128() >> 80).ok()?)
}

fn sort(
    app: &App,
    organization: OrganizationId,
    ids: &[Uuid],
    found: &HashMap<Uuid, StoredEntry>,
    placed: &[Uuid],
) -> Sorted {
    let mac = app.keys().audit_mac(organization);
    let mut known: HashSet<Uuid> = placed.iter().copied().collect();
    let mut sorted = Sorted { good: Vec::with_capacity(ids.len()), aside: Vec::new(), again: Vec::new() };
    for id in ids {
        if !known.insert(*id) {
            sorted.again.push(*id);
            continue;
        }
        match found.get(id) {
            None => sorted.aside.push((*id, Why::Missing)),
            Some(entry)
                if mac.verify(&entry.canonical, &entry.mac) && is_entry(&entry.canonical, organization, *id) =>
            {
                sorted.good.push((*id, leaf_hash(&entry.canonical)))
            }
            Some(_) => sorted.aside.push((*id, Why::Mac)),
        }
    }
    sorted
}

/// The bundles that the new places fall into, the last one that stands there grown.
fn bundle(size: u64, last: Vec<Bundle>, good: &[(Uuid, Hash)]) -> Result<Vec<Bundle>, EdgeError> {
    let wide = WIDTH as u64;
    let mut entries: Vec<Uuid> = last.into_iter().next().map(|bundle| bundle.entries).unwrap_or_default();
    if entries.len() as u64 != size % wide {
        return Err(EdgeError::Unsound(
            "The last bundle does not hold as many entries as the tree's size says.".to_owned(),
        ));
    }
    if good.is_empty() {
        return Ok(Vec::new());
    }
    entries.extend(good.iter().map(|(id, _)| *id));
    let bundle = |(at, ids): (usize, &[Uuid])| Bundle {
        number: i64::try_from(size / wide).unwrap_or(i64::MAX).saturating_add(i64::try_from(at).unwrap_or(i64::MAX)),
        entries: ids.to_vec(),
        first: ids.iter().min().copied().unwrap_or_default(),
        last: ids.iter().max().copied().unwrap_or_default(),
    };
    Ok(entries.chunks(WIDTH).enumerate().map(bundle).collect())
}

fn findings(organization: OrganizationId, sorted: &Sorted) -> Vec<Finding> {
    let finding = |id: &Uuid, code, says: &str| Finding::of(Some(organization), code, says).entry(*id);
    let aside = sorted.aside.iter().map(|(id, why)| match why {
        Why::Missing => finding(id, "missing", "A queued entry was gone before it got its place."),
        Why::Mac => finding(id, "mac", "An entry that was not made by this service was queued for a place."),
    });
    let again =
        sorted.again.iter().map(|id| finding(id, "twice", "An entry was queued again although it has its place."));
    aside.chain(again).collect()
}
