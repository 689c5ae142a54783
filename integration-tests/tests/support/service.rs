//! Instances of the service inside this process: one that all tests share, one whose time stands still, and fresh ones to break.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use custodian_api::config::Settings;
use custodian_api::dev::{Instance, Options, prepare};
use custodian_api::platform;
use custodian_application::App;
use custodian_application::auth::hash_password;
use custodian_application::erasures::ledger_key;
use custodian_crypto::SigningKey;
use custodian_persistence::Database;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio_postgres::{Client, NoTls};
use tracing_subscriber::EnvFilter;
use uuid::Uuid;

use super::{Caller, TestClock};

/// The password of everybody in every test: one hash serves them all.
pub const PASSWORD: &str = "seven green kites over still water";
/// What differs from a private instance's settings: hashes as cheap as allowed, failures that no other test makes this one wait
/// for, no alarm about all of them together, and no check of the log but those that a test asks for.
const SETTINGS: [(&str, &str); 18] = [
    ("attachment_max_bytes", "1048576"),
    ("outbound_allow_loopback", "true"),
    ("argon2_memory_kib", "8192"),
    ("argon2_iterations", "1"),
    ("login_failures_per_minute", "10000"),
    ("workers", "2"),
    ("alarm_failed_accounts", "0"),
    ("alarm_failed_accounts_together", "0"),
    ("alarm_refused_customers", "0"),
    ("alarm_vain_searches", "0"),
    ("audit_check_seconds", "86400"),
    ("reveal_budget_per_day", "100000"),
    ("last4_searches_per_day", "100000"),
    ("erasure_round_seconds", "3600"),
    ("erasure_grace_seconds", "0"),
    ("opendsr_certificate_file", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/rights/processor.pem")),
    ("opendsr_key_file", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/rights/processor_key.pem")),
    ("opendsr_authorities_file", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/rights/authority.pem")),
];

/// A running service. Dropped, it stops, and its Postgres and folder go with it.
pub struct Service {
    /// Where it serves.
    pub base_url: String,
    /// Where its metrics are.
    pub metrics_url: String,
    /// Its folder.
    pub data_dir: PathBuf,
    /// Its time.
    pub clock: Arc<TestClock>,
    /// Its settings.
    pub settings: Settings,
    /// Its core. Everything awaited on it goes through [`Service::run`].
    pub app: App,
    /// The database as its owner. Everything awaited on it goes through [`Service::run`].
    pub owner: Database,
    /// The hash of [`PASSWORD`].
    pub password_hash: String,
    owner_url: String,
    runtime: Option<Runtime>,
    stop: Option<oneshot::Sender<()>>,
}

impl Service {
    /// Runs work on the runtime that owns the service's connections: they would die with a test's own.
    pub async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        let runtime = self.runtime.as_ref().unwrap();
        runtime.spawn(work).await.unwrap()
    }

    /// Somebody without a credential.
    pub fn stranger(&self) -> Caller {
        Caller::new(&self.base_url, Vec::new())
    }

    /// Where it serves, without the scheme.
    pub fn address(&self) -> &str {
        self.base_url.strip_prefix("http://").unwrap()
    }

    /// A connection as the owner of the database, with one organisation's rows open.
    pub async fn sql(&self, organization: Uuid) -> Client {
        let mut config: tokio_postgres::Config = self.owner_url.parse().unwrap();
        config.options(format!("-c app.organization_id={organization}"));
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// The key that signs this service's security ledger and keyring exports.
    pub fn ledger_key(&self) -> SigningKey {
        ledger_key(&custodian_api::state::root_key(&self.settings.root_key_file).unwrap()).unwrap()
    }

    /// The key that signs this service's access tokens.
    pub async fn signing_key(&self) -> SigningKey {
        let root = custodian_api::state::root_key(&self.settings.root_key_file).unwrap();
        let rows = self.sql(Uuid::nil()).await;
        let newest =
            "SELECT key_id, wrapped_key FROM signing_keys WHERE purpose = 'token' ORDER BY created_at DESC LIMIT 1";
        let row = rows.query_one(newest, &[]).await.unwrap();
        let (id, wrapped): (String, Vec<u8>) = (row.get(0), row.get(1));
        SigningKey::from_secret(&root.unwrap("signing-key/1", &[id.as_bytes()], &wrapped).unwrap()).unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The service that all tests share. Its time goes on and is never moved.
pub fn shared() -> &'static Service {
    static SHARED: OnceLock<Service> = OnceLock::new();
    SHARED.get_or_init(|| start(TestClock::running(), &[]))
}

/// The service whose time stands still, for one test at a time.
pub struct Exclusive {
    service: &'static Service,
    _turn: MutexGuard<'static, ()>,
}

impl std::ops::Deref for Exclusive {
    type Target = Service;

    fn deref(&self) -> &Service {
        self.service
    }
}

/// Waits for its turn on the service whose time stands still. Time only ever goes forward there, so found people first, then move it.
pub fn stopped() -> Exclusive {
    static STOPPED: OnceLock<Service> = OnceLock::new();
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    Exclusive { service: STOPPED.get_or_init(|| start(TestClock::stopped(), &[])), _turn: turn }
}

/// A service of one's own, with settings of one's own.
pub fn own_instance(settings: &[(&str, &str)]) -> Service {
    start(TestClock::running(), settings)
}

/// A folder that does not exist yet. Postgres runs as another account, which has to reach it.
pub fn fresh_folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("custodian-it-{}-{number}", std::process::id()))
}

fn start(clock: TestClock, settings: &[(&str, &str)]) -> Service {
    // A thread of its own: the caller's may belong to a runtime, which must not be blocked by another one.
    thread::scope(|scope| scope.spawn(|| start_here(Arc::new(clock), settings)).join().unwrap())
}

fn start_here(clock: Arc<TestClock>, settings: &[(&str, &str)]) -> Service {
    // Silent unless asked: RUST_LOG=warn shows what the service says while a test fails.
    let _ = tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env()).with_test_writer().try_init();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let settings = SETTINGS.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let options = Options {
        data_dir: fresh_folder(),
        bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        empty: true,
        settings: settings.collect(),
        clock: clock.clone(),
        remove_on_exit: true,
    };
    let instance = runtime.block_on(prepare(&options)).unwrap();
    let (app, owner) = (instance.app.clone(), instance.owner.clone());
    let (base_url, metrics_url) = (instance.base_url.clone(), instance.metrics_url.clone());
    let (settings, owner_url) = (instance.settings.clone(), instance.owner_database_url().to_owned());
    let password_hash = hash_password(&app, PASSWORD);
    let stop = Some(serve(instance));
    Service {
        base_url,
        metrics_url,
        data_dir: options.data_dir,
        clock,
        settings,
        app,
        owner,
        password_hash,
        owner_url,
        runtime: Some(runtime),
        stop,
    }
}

/// Serves on a thread of its own until the sender that it answers is dropped.
fn serve(instance: Instance) -> oneshot::Sender<()> {
    let (stop, stopped) = oneshot::channel::<()>();
    let (started, starting) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let (mut server, running) = instance.into_server(metrics());
        server.signals = false;
        let served = actix_web::rt::System::new().block_on(server.run(move |handle| {
            actix_web::rt::spawn(async move {
                let _ = stopped.await;
                handle.stop(false).await;
            });
            started.send(()).unwrap();
        }));
        served.unwrap();
        running.stop().unwrap();
    });
    starting.recv().unwrap();
    stop
}

/// A process records its metrics once, however many services run in it.
fn metrics() -> PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS.get_or_init(|| platform::install_metrics().unwrap()).clone()
}
