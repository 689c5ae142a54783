//! The entry that a request has left, so that its answer can name it.

use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

tokio::task_local! {
    static NOTED: Noted;
}

/// Holds the id of the newest entry made while it was listening. Cheap to clone; clones hold the same.
#[derive(Clone, Debug, Default)]
pub struct Noted(Arc<Mutex<Option<Uuid>>>);

impl Noted {
    /// Listens while `work` runs.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        NOTED.scope(self.clone(), work).await
    }

    /// The one that listens here, for work that is handed to another task.
    pub fn here() -> Option<Self> {
        NOTED.try_with(Self::clone).ok()
    }

    /// Listens, if there is one, while `work` runs in another task than the one it began in.
    pub fn carried<T>(noted: Option<&Self>, work: impl FnOnce() -> T) -> T {
        match noted {
            Some(noted) => NOTED.sync_scope(noted.clone(), work),
            None => work(),
        }
    }

    /// The newest entry.
    pub fn entry(&self) -> Option<Uuid> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, entry: Uuid) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
    }
}

/// Says that an entry was made. The last one counts: a transaction that is tried again makes its entry anew.
pub(super) fn note(entry: Uuid) {
    let _ = NOTED.try_with(|noted| noted.set(entry));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_entry_made_while_listening_is_named() {
        let (noted, one, two) = (Noted::default(), Uuid::from_u128(1), Uuid::from_u128(2));
        note(one);
        assert_eq!(noted.entry(), None);
        noted.during(async { [one, two].into_iter().for_each(note) }).await;
        note(one);
        assert_eq!(noted.entry(), Some(two));
    }

    #[tokio::test]
    async fn it_is_carried_to_another_task() {
        let (noted, one) = (Noted::default(), Uuid::from_u128(1));
        let here = noted.during(async { Noted::here() }).await;
        Noted::carried(here.as_ref(), || note(one));
        Noted::carried(None, || note(Uuid::from_u128(2)));
        assert_eq!(noted.entry(), Some(one));
        assert!(Noted::here().is_none());
    }
}
