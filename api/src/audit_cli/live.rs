//! `custodian audit verify --database`: a live database, read as the exports that it would give, to the same check.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use custodian_application::audit::live::{self, Amiss, Broken, Log, What};
use custodian_application::startup::Unfit;
use custodian_crypto::note::{KeyKind, VerifierKey};
use custodian_persistence::{Database, DatabaseSettings};
use custodian_verify::{Fault, Input, Kind, Report, Verifier};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{Receiver, channel};
use uuid::Uuid;

use super::verify::Stopped;

/// Blocks that were read and wait to be checked.
const WAITING: usize = 2;
/// Connections: one log is read at a time.
const CONNECTIONS: usize = 2;

/// Which database.
#[derive(clap::Args)]
pub struct Source {
    /// Check a live database, as any role that may read it: every log in it must be whole, and hold all that --checkpoint and --anchor show.
    /// Needs the log's own --vkey, kept elsewhere: a key that the database shows proves nothing
    #[arg(
        long = "database",
        value_name = "URL",
        env = "VERIFY_DATABASE_URL",
        hide_env_values = true,
        requires = "keys",
        conflicts_with = "exports"
    )]
    url: Option<String>,
    /// PEM file with the authorities that may sign the database's certificate
    #[arg(long = "database-ca-file", value_name = "FILE", requires = "url")]
    ca_file: Option<PathBuf>,
    /// Of the organisations' logs only this one
    #[arg(long, value_name = "ID", requires = "url")]
    organization: Option<Uuid>,
}

impl Source {
    /// Whether a database is to be checked.
    pub fn given(&self) -> bool {
        self.url.is_some()
    }

    /// The database, if one is to be checked. No connection is opened yet.
    pub fn open(&self, keys: &[VerifierKey]) -> Result<Option<Live>, Unfit> {
        let Some(url) = &self.url else {
            return Ok(None);
        };
        if !keys.iter().any(|key| key.kind() == KeyKind::Ed25519) {
            return Err(Unfit("--database needs the log's own --vkey; a witness's alone does not do.".into()));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| Unfit(error.to_string()))?;
        let settings = DatabaseSettings { url: url.clone(), ca_file: self.ca_file.clone(), pool_size: CONNECTIONS };
        let db = runtime.block_on(async { Database::new(&settings) })?;
        Ok(Some(Live { runtime, db, organization: self.organization, broken: Arc::default() }))
    }
}

/// A database on its way through the check.
pub struct Live {
    runtime: Runtime,
    db: Database,
    organization: Option<Uuid>,
    /// The first log that something is amiss with, by its name.
    broken: Arc<Mutex<Option<(String, Broken)>>>,
}

impl Live {
    /// Hands in every log as it stands now. What is behind the headers is read when its turn comes.
    pub fn hand_in(&self, verifier: &mut Verifier) -> Result<(), Stopped> {
        let logs = self.runtime.block_on(live::logs(&self.db, self.organization.map(Into::into)));
        let logs = logs.map_err(|error| Unfit(format!("The database cannot be read ({error}).")))?;
        for log in logs {
            let name = log.organization().map_or("the global log".to_owned(), |id| id.to_string());
            verifier.export(Input { name: name.clone(), bytes: Box::new(self.reading(name, log)) })?;
        }
        let found = verifier.organizations();
        if let Some(id) = self.organization.filter(|id| !found.contains(id)) {
            return Err(fault(Kind::Gap, id.to_string(), "the database has no log of this organisation.".into()).into());
        }
        verifier.whole(self.organization.is_some());
        Ok(())
    }

    fn reading(&self, name: String, log: Log) -> Reading {
        let header = log.header().to_vec();
        let (db, broken, handle) = (self.db.clone(), Arc::clone(&self.broken), self.runtime.handle().clone());
        let start = move || {
            let (to, from) = channel(WAITING);
            handle.spawn(async move {
                match log.read(&db, to.clone()).await {
                    Ok(()) | Err(Broken::Stopped) => {}
                    Err(why) => {
                        broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert((name, why));
                    }
                }
                // Only now does the reader see the end, and what is to be said of it is said.
                drop(to);
            });
            from
        };
        Reading { start: Some(Box::new(start)), blocks: None, rest: header, at: 0 }
    }

    /// What the check found, or what was amiss before it: logs are read in the order in which they are checked.
    pub fn outcome(&self, checked: Result<Report, Fault>) -> Result<Report, Stopped> {
        let Some((name, why)) = self.broken.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(checked?);
        };
        match checked {
            // A log that was read to where it is amiss ends as if it were cut off; whatever else is wrong with it comes before.
            Err(seen) if seen.file == name && (seen.kind != Kind::Form || seen.place.is_some()) => Err(seen.into()),
            _ => Err(told(name, why)),
        }
    }
}

fn fault(kind: Kind, file: String, text: String) -> Fault {
    Fault { kind, file, line: None, place: None, text }
}

fn told(name: String, why: Broken) -> Stopped {
    match why {
        Broken::Amiss(Amiss { what, place, entry, says }) => {
            let kind = match what {
                What::Gap => Kind::Gap,
                What::Form => Kind::Form,
                What::Hash => Kind::Root,
            };
            let entry = entry.map(|id| format!(" (entry {id})")).unwrap_or_default();
            Fault { place: Some(place), ..fault(kind, name, format!("{says}{entry}.")) }.into()
        }
        Broken::Db(error) => Unfit(format!("The database cannot be read ({error}).")).into(),
        Broken::Stopped => Unfit("The check stopped.".into()).into(),
    }
}

type Start = Box<dyn FnOnce() -> Receiver<Vec<u8>> + Send>;

/// The bytes of an export that is read from the database once its header was taken.
struct Reading {
    start: Option<Start>,
    blocks: Option<Receiver<Vec<u8>>>,
    rest: Vec<u8>,
    at: usize,
}

impl Read for Reading {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.rest.len() {
            if let Some(start) = self.start.take() {
                self.blocks = Some(start());
            }
            match self.blocks.as_mut().and_then(Receiver::blocking_recv) {
                Some(block) => (self.rest, self.at) = (block, 0),
                None => return Ok(0),
            }
        }
        let count = self.rest.get(self.at..).unwrap_or_default().read(to)?;
        self.at += count;
        Ok(count)
    }
}
