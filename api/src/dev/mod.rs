//! `custodian dev`: a private Postgres, a demo organisation and the server, in one folder.

mod banner;
mod demo;
pub mod people;
pub mod postgres;
mod secrets;

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use custodian_application::startup::Unfit;
use custodian_application::{App, Clock};
use custodian_persistence::{Database, DatabaseSettings, admin, migrations, organizations};
use serde::Serialize;

use self::postgres::{Cluster, ClusterOptions};
use self::secrets::Secrets;
use crate::config::Settings;
use crate::server::Server;
use crate::state::{self, Wiring};

pub use demo::{Demo, Person};
pub use secrets::write_root_key;

/// A new random password for a person.
pub fn password() -> String {
    demo::password(&custodian_crypto::SystemRandomness)
}

/// The database of a private instance.
const DATABASE: &str = "custodian";

/// How to run a private instance.
#[derive(Clone)]
pub struct Options {
    /// Its folder.
    pub data_dir: PathBuf,
    /// Where it listens; port 0 takes any.
    pub bind: SocketAddr,
    /// People and a key, but no customers.
    pub empty: bool,
    /// Settings that differ from a private instance's own, as `name` and value.
    pub settings: Vec<(String, String)>,
    /// Time; tests stop it.
    pub clock: Arc<dyn Clock>,
    /// The folder is removed when the process ends.
    pub remove_on_exit: bool,
}

/// What `dev.json` holds.
#[derive(Serialize)]
struct DevFile<'a> {
    base_url: &'a str,
    metrics_url: &'a str,
    database_url: &'a str,
    owner_database_url: &'a str,
    #[serde(flatten)]
    demo: &'a Demo,
}

/// A private instance that has been set up and listens, but does not serve yet.
pub struct Instance {
    /// Everything that `serve` takes too.
    pub settings: Settings,
    /// The service.
    pub app: App,
    /// People and key.
    pub demo: Demo,
    /// Where it will serve.
    pub base_url: String,
    /// Where its metrics will be.
    pub metrics_url: String,
    /// The database as its owner.
    pub owner: Database,
    owner_url: String,
    listener: TcpListener,
    metrics_listener: TcpListener,
    cluster: Cluster,
    file: PathBuf,
    mailbox: PathBuf,
}

fn unfit(error: impl std::fmt::Display) -> Unfit {
    Unfit(error.to_string())
}

/// Binds before anything is started, so that a taken port costs no wait.
fn bind(address: SocketAddr) -> Result<TcpListener, Unfit> {
    TcpListener::bind(address).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            Unfit(format!("{address} is taken by another program. Stop it, or choose another port: make run ARGS=\"--bind 127.0.0.1:0\"."))
        }
        std::io::ErrorKind::PermissionDenied => Unfit(format!("This account may not listen on {address}. Choose a port above 1023 with --bind.")),
        kind => Unfit(format!("{address} cannot be listened on ({kind}). Choose another address with --bind.")),
    })
}

/// Sets everything up: folder, keys, Postgres, database, migrations, demo organisation. Run it on a multi-threaded runtime.
pub async fn prepare(options: &Options) -> Result<Instance, Unfit> {
    let listener = bind(options.bind)?;
    let metrics_listener = bind(SocketAddr::new(options.bind.ip(), 0))?;
    let base_url = format!("http://{}", listener.local_addr().map_err(unfit)?);
    let metrics_url = format!("http://{}/metrics", metrics_listener.local_addr().map_err(unfit)?);
    secrets::make_dir(&options.data_dir)?;
    let cluster = start_cluster(options).await?;
    // After the lock on the folder: until then it may be the file of an instance that runs.
    let file = options.data_dir.join("dev.json");
    secrets::remove(&file)?;
    let secrets = Secrets::load_or_make(&options.data_dir)?;
    let url =
        |user: &str, password: &str| format!("postgres://{user}:{password}@127.0.0.1:{}/{DATABASE}", cluster.port());
    let superuser = open(&cluster.superuser_url("postgres"))?;
    admin::prepare(&superuser, DATABASE, &secrets.owner_password, &secrets.server_password).await?;
    let owner_url = url("custodian_owner", &secrets.owner_password);
    let owner = open(&cluster.socket_url("custodian_owner", &secrets.owner_password, DATABASE))?;
    migrations::up(&owner).await?;
    let urls = [
        cluster.socket_url("custodian_app", &secrets.server_password, DATABASE),
        cluster.socket_url("custodian_owner", &secrets.owner_password, DATABASE),
        cluster.socket_url(cluster.superuser(), cluster.superuser_password(), DATABASE),
    ];
    let settings = settings(options, &base_url, urls)?;
    let mailbox = options.data_dir.join("mailbox");
    let app = Wiring { settings: &settings, clock: Arc::clone(&options.clock), mailbox: Some(mailbox.clone()) }
        .start()
        .await?;
    // The folder is locked: whoever held a job of this database is gone.
    custodian_persistence::jobs::forget_claims(app.db()).await?;
    custodian_persistence::webhooks::forget_leases(app.db()).await?;
    let demo = demo(options, &app, &owner).await?;
    Ok(Instance {
        settings,
        app,
        demo,
        base_url,
        metrics_url,
        owner,
        owner_url,
        listener,
        metrics_listener,
        cluster,
        file,
        mailbox,
    })
}

async fn start_cluster(options: &Options) -> Result<Cluster, Unfit> {
    let dir = options.data_dir.clone();
    let options =
        ClusterOptions { watch_parent: true, remove_on_exit: options.remove_on_exit, ..ClusterOptions::default() };
    tokio::task::spawn_blocking(move || Cluster::start(&dir, &options)).await.map_err(unfit)?.map_err(unfit)
}

/// A database of a private cluster.
pub fn open_database(url: &str) -> Result<Database, Unfit> {
    open(url)
}

fn open(url: &str) -> Result<Database, Unfit> {
    Ok(Database::new(&DatabaseSettings { url: url.to_owned(), ca_file: None, pool_size: 4 })?)
}

fn settings(
    options: &Options,
    base_url: &str,
    [server_url, owner_url, backup_url]: [String; 3],
) -> Result<Settings, Unfit> {
    let dir = std::path::absolute(&options.data_dir).map_err(unfit)?;
    let path = |name: &str| dir.join(name).to_string_lossy().into_owned();
    let own = [
        ("public_base_url", base_url.to_owned()),
        ("database_url", server_url),
        ("owner_database_url", owner_url),
        ("backup_database_url", backup_url),
        ("root_key_file", path("root.key")),
        ("key_store_dir", path("keystore")),
        ("audit_anchor_file", path("audit.anchor")),
        ("security_ledger_file", path("security.ledger")),
        ("keyring_export_dir", path("keyrings")),
        ("rate_limit_per_minute", "10000000".to_owned()),
        ("login_failures_per_minute", "1000".to_owned()),
        ("log_level", "warn".to_owned()),
    ];
    let own = own.map(|(name, value)| (format!("CUSTODIAN_{}", name.to_uppercase()), value));
    let given =
        options.settings.iter().map(|(name, value)| (format!("CUSTODIAN_{}", name.to_uppercase()), value.clone()));
    let all: BTreeMap<String, String> = own.into_iter().chain(given).collect();
    secrets::write_text(&dir.join("custodian.toml"), &toml_of(&all))?;
    Settings::load(None, all).map_err(unfit)
}

/// The settings as a file, so that `custodian keys status --config DIR/custodian.toml` and its like work on a private instance.
fn toml_of(settings: &BTreeMap<String, String>) -> String {
    let line = |(name, value): (&String, &String)| {
        let name = name.trim_start_matches("CUSTODIAN_").to_lowercase();
        format!("{name} = {}\n", toml::Value::String(value.clone()))
    };
    settings.iter().map(line).collect()
}

/// The demo organisation of this folder; founded at the first start.
async fn demo(options: &Options, app: &App, owner: &Database) -> Result<Demo, Unfit> {
    let kept = options.data_dir.join("demo.json");
    let founded = !organizations::list(app.db()).await?.is_empty();
    if founded {
        let demo: Option<Demo> = secrets::read(&kept)?;
        return demo.ok_or_else(|| {
            Unfit(format!(
                "{} is missing although the database has an organisation. Remove the folder {} to begin anew.",
                kept.display(),
                options.data_dir.display()
            ))
        });
    }
    let demo = demo::create(app, owner, !options.empty)
        .await
        .map_err(|error| Unfit(format!("The demo organisation cannot be made: {error}.")))?;
    secrets::write(&kept, &demo)?;
    Ok(demo)
}

impl Instance {
    /// The database as its owner, as a `postgres://` URL over TCP.
    pub fn owner_database_url(&self) -> &str {
        &self.owner_url
    }

    /// The service, for what is done beside the server.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// Its running Postgres.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Turns the instance into a server; the cluster must be kept until the server has ended.
    pub fn into_server(self, metrics: metrics_exporter_prometheus::PrometheusHandle) -> (Server, Running) {
        let Self {
            settings,
            app,
            demo,
            base_url,
            metrics_url,
            owner: _,
            owner_url,
            listener,
            metrics_listener,
            cluster,
            file,
            mailbox,
        } = self;
        let server = Server {
            edge: state::edge(&settings),
            platform: state::platform(&app, &settings, Some(mailbox)),
            app,
            listener,
            metrics_listener,
            metrics,
            tls: None,
            workers: settings.workers.size(),
            signals: true,
        };
        let tcp_url = owner_url.replacen("custodian_owner", "custodian_app", 1);
        let running = Running { settings, demo, base_url, metrics_url, owner_url, tcp_url, file, cluster };
        (server, running)
    }
}

/// A private instance while it serves.
pub struct Running {
    settings: Settings,
    demo: Demo,
    base_url: String,
    metrics_url: String,
    owner_url: String,
    tcp_url: String,
    file: PathBuf,
    cluster: Cluster,
}

impl Running {
    /// Writes `dev.json` and prints the table. Call it once requests are taken.
    pub fn announce(&self, data_dir: &Path) -> Result<(), Unfit> {
        let secrets = Secrets::load_or_make(data_dir)?;
        let database_url = self.tcp_url.replacen(&secrets.owner_password, &secrets.server_password, 1);
        let dev = DevFile {
            base_url: &self.base_url,
            metrics_url: &self.metrics_url,
            database_url: &database_url,
            owner_database_url: &self.owner_url,
            demo: &self.demo,
        };
        secrets::write(&self.file, &dev)?;
        banner::print(&self.base_url, &self.metrics_url, &self.file, &self.demo);
        Ok(())
    }

    /// The settings that it runs with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Stops Postgres and takes `dev.json` away: what it says is no longer true.
    pub fn stop(self) -> Result<(), Unfit> {
        secrets::remove(&self.file)?;
        self.cluster.stop().map_err(unfit)
    }
}
