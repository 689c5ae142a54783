//! The log of an organisation as it is stored, read past the service.

use std::collections::HashSet;

use serde_json::Value;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::Org;

/// Follows one organisation's log.
pub struct Ledger {
    sql: Client,
    organization: Uuid,
    known: HashSet<Uuid>,
}

impl Ledger {
    /// From here on.
    pub async fn of(org: &Org<'_>) -> Self {
        let mut ledger = Self { sql: org.sql().await, organization: org.id, known: HashSet::new() };
        ledger.new_entries().await;
        ledger
    }

    /// What was written since the last look, oldest first.
    pub async fn new_entries(&mut self) -> Vec<Value> {
        let text = "SELECT id, entry FROM audit_entries WHERE organization_id = $1 ORDER BY id";
        let rows = self.sql.query(text, &[&self.organization]).await.unwrap();
        let new = rows.iter().filter(|row| self.known.insert(row.get(0)));
        new.map(|row| serde_json::from_slice(row.get(1)).unwrap()).collect()
    }

    /// The one entry written since the last look.
    #[track_caller]
    pub fn only(&mut self) -> impl Future<Output = Value> + '_ {
        let place = std::panic::Location::caller();
        async move {
            let mut entries = self.new_entries().await;
            assert!(entries.len() == 1, "{place}: one entry was expected, not {entries:#?}");
            entries.remove(0)
        }
    }
}
