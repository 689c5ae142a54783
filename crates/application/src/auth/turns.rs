//! Of many who want to know the same at once, one goes and looks, and the others wait for what it finds.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Far longer than any look takes. A turn that is forgotten while it lasts costs a second look, nothing else.
const KEPT: Duration = Duration::from_secs(10);
/// How long anybody waits for another's look. A database that does not answer must not be waited for twice.
const PATIENCE: Duration = Duration::from_millis(500);

/// See the module.
pub(super) struct Turns(Cache<[u8; 32], Arc<Mutex<()>>>);

impl Default for Turns {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(50_000).time_to_idle(KEPT).build())
    }
}

impl Turns {
    /// The turn, for whoever comes first: keep it until what was found can be seen. `None` after the first one is through, with or without a find, or
    /// takes too long; whoever waited then looks for themselves without waiting again, so that those whose look fails do not queue up behind each other.
    pub(super) async fn first(&self, of: [u8; 32]) -> Option<OwnedMutexGuard<()>> {
        let turn = self.0.get_with(of, Arc::default);
        if let Ok(taken) = Arc::clone(&turn).try_lock_owned() {
            return Some(taken);
        }
        let _ = tokio::time::timeout(PATIENCE, turn.lock()).await;
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Looks a value up as a hundred callers at once would; how often it was looked for.
    async fn looks(finds: bool) -> usize {
        let (turns, found, looks) = (Turns::default(), OnceLock::new(), AtomicUsize::new(0));
        let ask = async || {
            let turn = turns.first([7; 32]).await;
            if found.get().is_some() {
                return;
            }
            looks.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            if finds {
                let _ = found.set(());
            }
            drop(turn);
        };
        futures_util::future::join_all((0..100).map(|_| ask())).await;
        looks.into_inner()
    }

    #[tokio::test]
    async fn one_looks_for_all() {
        assert_eq!(looks(true).await, 1);
    }

    #[tokio::test]
    async fn nobody_goes_without_where_the_first_found_nothing() {
        assert_eq!(looks(false).await, 100);
    }

    #[tokio::test]
    async fn a_turn_that_is_given_up_is_free_again() {
        let turns = Turns::default();
        drop(turns.first([1; 32]).await);
        assert!(turns.first([1; 32]).await.is_some());
        assert!(turns.first([2; 32]).await.is_some(), "another question is another turn");
    }
}
