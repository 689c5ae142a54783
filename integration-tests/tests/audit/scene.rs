//! A log with entries in their places, somebody who may write anything to the database beneath it, and the check of the whole.

use std::time::{Duration, Instant};

use custodian_application::audit::Finding;
use custodian_application::audit::fsck::{self, Report};
use custodian_crypto::merkle::{Hash, RightEdge, leaf_hash};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::dev::program::superuser;
use crate::support::{Org, Service};

/// How long a sequencer may take on a machine under load.
const PATIENCE: Duration = Duration::from_secs(60);

/// An organisation whose log has entries in their places, and a superuser.
pub struct Scene<'s> {
    pub org: Org<'s>,
    pub sql: Client,
    service: &'s Service,
}

impl<'s> Scene<'s> {
    /// With `entries` reads on record at least.
    pub async fn with(service: &'s Service, entries: usize) -> Self {
        let org = Org::found_on(service).await;
        let sql = superuser(&service.data_dir).await;
        let scene = Self { org, sql, service };
        scene.grow(entries).await;
        scene
    }

    /// Puts more reads on record, and waits until they have their places and the head is published.
    pub async fn grow(&self, entries: usize) {
        let person = self.org.auditor().await;
        for _ in 0..entries {
            person.get("/v1/me").await.shows(200);
        }
        settled(&self.sql, self.org.id).await;
    }

    /// Ids in the order of their places.
    pub async fn places(&self) -> Vec<Uuid> {
        let text = "SELECT entry_ids FROM audit_bundles WHERE organization_id = $1 ORDER BY number";
        let rows = self.sql.query(text, &[&self.org.id]).await.unwrap();
        let bytes: Vec<u8> = rows.iter().flat_map(|row| row.get::<_, Vec<u8>>(0)).collect();
        bytes.as_chunks::<16>().0.iter().map(|id| Uuid::from_bytes(*id)).collect()
    }

    /// Runs statements as a superuser who hides the way: guards are as they were afterwards. `$org` stands for the organisation.
    pub async fn tamper(&self, statements: &str) {
        tamper(&self.sql, &statements.replace("$org", &format!("'{}'", self.org.id))).await;
    }

    /// Writes tiles, bundle and head anew for entries in this order, as somebody would who has everything but the key.
    pub async fn rebuild(&self, order: &[Uuid]) {
        let mut leaves: Vec<Hash> = Vec::new();
        for id in order {
            let text = "SELECT entry FROM audit_entries WHERE organization_id = $1 AND id = $2";
            leaves.push(leaf_hash(self.sql.query_one(text, &[&self.org.id, id]).await.unwrap().get(0)));
        }
        let mut tree = RightEdge::new(0, &[]).unwrap();
        let tiles = tree.append(&leaves).unwrap();
        assert!(order.len() <= 256 && tiles.len() == 1, "one tile is enough for a test");
        let text = "UPDATE audit_tiles SET width = $2, hashes = $3 WHERE organization_id = $1 AND level = 0";
        let width = i16::try_from(order.len()).unwrap();
        self.sql.execute(text, &[&self.org.id, &width, &tiles[0].bytes]).await.unwrap();
        let ids: Vec<u8> = order.iter().flat_map(|id| *id.as_bytes()).collect();
        let text = "UPDATE audit_bundles SET width = $2, entry_ids = $3, first_id = $4, last_id = $5 WHERE organization_id = $1";
        let (first, last) = (order.iter().min().unwrap(), order.iter().max().unwrap());
        self.sql.execute(text, &[&self.org.id, &width, &ids, first, last]).await.unwrap();
        let text = "UPDATE audit_heads SET size = $2, root = $3, published_size = least(published_size, $2) WHERE organization_id = $1";
        self.sql.execute(text, &[&self.org.id, &i64::from(width), &tree.root().as_slice()]).await.unwrap();
    }

    /// What the check of everything finds in this log.
    pub async fn findings(&self) -> Vec<Finding> {
        let report = whole(self.service).await;
        report
            .findings
            .into_iter()
            .filter(|found| found.organization.is_some_and(|o| o.uuid() == self.org.id))
            .collect()
    }

    /// Stops the test unless the log is sound.
    #[track_caller]
    pub fn is_sound(&self) -> impl Future<Output = ()> + '_ {
        let place = std::panic::Location::caller();
        async move {
            let found = self.findings().await;
            assert!(found.is_empty(), "{place}: {found:#?}");
        }
    }

    /// Stops the test unless the check finds this, in these words.
    #[track_caller]
    pub fn shows(&self, what: &'static str, code: &'static str, words: &'static str) -> impl Future<Output = ()> + '_ {
        let place = std::panic::Location::caller();
        async move {
            let found = self.findings().await;
            let told = found.iter().any(|found| found.code == code && found.says.contains(words));
            assert!(told, "{place}: after {what}, {code} was expected: {found:#?}");
        }
    }
}

/// Runs statements with the guards of the log off, in one transaction that turns them on again.
pub async fn tamper(sql: &Client, statements: &str) {
    const GUARDED: [&str; 4] = ["audit_entries", "audit_subjects", "audit_log_leaves", "audit_set_aside"];
    let (mut open, mut close) = (String::new(), String::new());
    for table in GUARDED {
        for trigger in ["audit_append_only", "audit_no_truncate"] {
            open += &format!("ALTER TABLE {table} DISABLE TRIGGER {trigger}; ");
            close += &format!("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}; ");
        }
    }
    sql.batch_execute(&format!("BEGIN; {open} {statements}; {close} COMMIT")).await.unwrap();
}

/// Waits until nothing waits for its place and every head is published.
pub async fn settled(sql: &Client, organization: Uuid) {
    let text = "SELECT NOT EXISTS (SELECT FROM audit_queue WHERE organization_id = $1) \
        AND EXISTS (SELECT FROM audit_heads WHERE organization_id = $1 AND size = published_size)";
    until("every entry in its place", async || {
        sql.query_one(text, &[&organization]).await.unwrap().get::<_, bool>(0).then_some(())
    })
    .await;
}

/// Waits until something holds; stops the test if it never does.
pub async fn until<T>(what: &str, mut holds: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = holds().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} does not come about");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The check of everything.
pub async fn whole(service: &Service) -> Report {
    let app = service.app.clone();
    service.run(async move { fsck::whole(&app).await.unwrap() }).await
}
