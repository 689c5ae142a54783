//! Several batches at a time: while one waits for the disk the next is written and another begun; they are committed in their order.

use std::collections::{HashSet, VecDeque};

use custodian_domain::kernel::DomainError;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use tokio::sync::{mpsc, oneshot};

use super::reached::Counts;
use super::run::Batch;
use super::store::Store;

/// The most batches that are written at the same time: two for the processors, and one that waits for its commit.
const LANES: usize = 3;

/// Unique values of a batch.
type Unique = HashSet<[u8; 16]>;

/// What was done before a batch, once everything before it is committed; and who waits for the same of it.
struct Turn {
    before: oneshot::Receiver<Counts>,
    after: oneshot::Sender<Counts>,
}

/// Stores every batch in its order, each in a transaction of its own. `None` when another worker holds the job now: nothing more was written.
pub(super) async fn store_all(
    store: &Store<'_>,
    mut batches: mpsc::Receiver<Batch>,
) -> Result<Option<Counts>, DomainError> {
    let (mut lanes, mut under_way) = (FuturesOrdered::new(), VecDeque::<Unique>::new());
    let (first, mut before) = oneshot::channel();
    let _ = first.send(store.begun());
    let (mut next, mut more) = (None::<Batch>, true);
    loop {
        if let Some((batch, unique)) = fitting(store, &mut next, &under_way) {
            let (after, following) = oneshot::channel();
            let turn = Turn { before: std::mem::replace(&mut before, following), after };
            under_way.push_back(unique);
            lanes.push_back(lane(store, batch, turn));
        }
        tokio::select! {
            batch = batches.recv(), if more && next.is_none() => {
                more = batch.is_some();
                next = batch;
            }
            Some(stored) = lanes.next(), if !lanes.is_empty() => {
                if !stored? {
                    return Ok(None);
                }
                under_way.pop_front();
            }
            else => break,
        }
    }
    before.await.map(Some).map_err(|_| DomainError::internal("a batch of an import was lost"))
}

/// The next batch, if it may be begun beside those under way: none of them may have a unique value in common with it, or one would wait for the other
/// in the database.
fn fitting(store: &Store<'_>, next: &mut Option<Batch>, under_way: &VecDeque<Unique>) -> Option<(Batch, Unique)> {
    let unique: Unique = next.as_ref()?.accepted.iter().flat_map(|prepared| prepared.tags.unique()).collect();
    let beside = store.takes_several() && under_way.len() < LANES;
    if under_way.is_empty() || beside && under_way.iter().all(|other| other.is_disjoint(&unique)) {
        Some((next.take()?, unique))
    } else {
        None
    }
}

/// One batch from the beginning of its transaction to its commit. False when another worker holds the job now.
async fn lane(store: &Store<'_>, batch: Batch, turn: Turn) -> Result<bool, DomainError> {
    let Turn { mut before, after } = turn;
    let mut done = before.try_recv().ok();
    let work = match store.open(done.is_none()).await? {
        Some(work) => work,
        None => {
            // Every connection is taken: it begins when those before it have given theirs back.
            done = Some(turn_of(before).await?);
            before = oneshot::channel().1;
            let Some(work) = store.open(false).await? else {
                return Err(DomainError::unavailable("no connection for an import"));
            };
            work
        }
    };
    // Whoever is first holds the job from the start: however long it takes, no other worker begins on it.
    if done.is_some() && !store.holds(&work).await? {
        work.abandon().await;
        return Ok(false);
    }
    let written = store.write(work, batch).await?;
    let done = match done {
        Some(done) => done,
        None => turn_of(before).await?,
    };
    let Some(done) = store.end(written, done).await? else {
        return Ok(false);
    };
    // Nobody waits after the last batch but the end itself.
    let _ = after.send(done);
    Ok(true)
}

async fn turn_of(before: oneshot::Receiver<Counts>) -> Result<Counts, DomainError> {
    before.await.map_err(|_| DomainError::unavailable("a batch before this one was not stored"))
}
