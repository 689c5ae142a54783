//! Connections: the pool for transactions, and single connections for the writers and readers that own one.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Connect, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType, Timeouts,
};
use futures_util::future::BoxFuture;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::DbError;

/// How to reach Postgres.
#[derive(Clone)]
pub struct DatabaseSettings {
    /// `postgres://…` or key=value text; a `sslmode` of `require` needs `ca_file`.
    pub url: String,
    /// PEM file with the authorities that may sign the server's certificate.
    pub ca_file: Option<std::path::PathBuf>,
    /// Connections for transactions; the readers and the audit writer have their own beside it.
    pub pool_size: usize,
}

/// The database as one login role sees it. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    config: tokio_postgres::Config,
    tls: MakeRustlsConnect,
    pool: Pool,
    beside: Pool,
}

/// Connections for transactions beside an open one. They end soon and open none themselves.
const BESIDE: usize = 2;

/// Session settings that every connection starts with: no answer may wait for ever, and no commit may be lost.
const SESSION: &str = "-c statement_timeout=5000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=10000 \
                       -c synchronous_commit=on -c TimeZone=UTC -c search_path=public";

impl Database {
    /// Reads the settings; opens no connection yet. Fails with a sentence when the address or the certificate file is unusable.
    pub fn new(settings: &DatabaseSettings) -> Result<Self, DbError> {
        let mut config: tokio_postgres::Config =
            settings.url.parse().map_err(|_| DbError::Internal("the database address cannot be parsed".into()))?;
        config.options(SESSION).connect_timeout(Duration::from_secs(3)).application_name("custodian");
        config.keepalives_idle(Duration::from_secs(15)).tcp_user_timeout(Duration::from_secs(5));
        let tls = tls(&mut config, settings.ca_file.as_deref())?;
        let recycling = || ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let home = AtHome { runtime: Handle::try_current().ok(), tls: tls.clone() };
        let manager = || Manager::from_connect(config.clone(), home.clone(), recycling());
        let timeouts = Timeouts {
            wait: Some(Duration::from_secs(2)),
            create: Some(Duration::from_secs(4)),
            recycle: Some(Duration::from_secs(2)),
        };
        let pool = |size| {
            Pool::builder(manager())
                .max_size(size)
                .timeouts(timeouts)
                .runtime(Runtime::Tokio1)
                .build()
                .map_err(|error| DbError::Internal(error.to_string()))
        };
        let (pool, beside) = (pool(settings.pool_size)?, pool(BESIDE)?);
        Ok(Self { config, tls, pool, beside })
    }

    pub(crate) async fn client(&self) -> Result<deadpool_postgres::Object, DbError> {
        Ok(self.pool.get().await?)
    }

    /// A connection, unless all are taken just now.
    pub(crate) async fn client_if_free(&self) -> Result<Option<deadpool_postgres::Object>, DbError> {
        let at_once = Timeouts { wait: Some(Duration::ZERO), ..self.pool.timeouts() };
        match self.pool.timeout_get(&at_once).await {
            Ok(client) => Ok(Some(client)),
            Err(PoolError::Timeout(TimeoutType::Wait)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A connection for a caller that already holds one: were it taken from the same pool, callers that hold all of it would wait for each other.
    pub(crate) async fn client_beside(&self) -> Result<deadpool_postgres::Object, DbError> {
        Ok(self.beside.get().await?)
    }

    /// Takes a connection that must not go back to the pool: it met an error or a deadline.
    pub(crate) fn discard(client: deadpool_postgres::Object) {
        drop(deadpool_postgres::Object::take(client));
    }

    /// A connection outside the pool. It ends when the client is dropped.
    pub(crate) async fn dedicated(&self) -> Result<tokio_postgres::Client, DbError> {
        self.connect(&self.config).await
    }

    /// A connection without our session settings, to see what the server itself was set to.
    pub(crate) async fn plain(&self) -> Result<tokio_postgres::Client, DbError> {
        let mut config = self.config.clone();
        config.options("");
        self.connect(&config).await
    }

    async fn connect(&self, config: &tokio_postgres::Config) -> Result<tokio_postgres::Client, DbError> {
        let connecting = config.connect(self.tls.clone());
        let (client, connection) = tokio::time::timeout(Duration::from_secs(4), connecting)
            .await
            .map_err(|_| DbError::deadline("connecting"))??;
        tokio::spawn(async move {
            // The client sees the same error on its next call; here it would only be said twice.
            let _ = connection.await;
        });
        Ok(client)
    }

    /// Connections in use and allowed, for the metrics.
    pub fn pool_status(&self) -> (usize, usize, usize) {
        let status = self.pool.status();
        (status.size - status.available, status.max_size, status.waiting)
    }

    /// Closes the pool: waiting and later callers get an error.
    pub fn close(&self) {
        self.pool.close();
        self.beside.close();
    }
}

/// Runs a task that owns a connection to its end, on a thread of this name: every worker shares it.
pub(crate) fn run_on_thread(name: &str, task: impl Future<Output = ()> + Send + 'static) -> Result<(), DbError> {
    let failed = |error: std::io::Error| DbError::Internal(format!("{name}: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    std::thread::Builder::new().name(name.into()).spawn(move || runtime.block_on(task)).map_err(failed)?;
    Ok(())
}

/// Opens pool connections on the runtime that the database was made on. One opened on a server's worker would end with
/// that worker, in the middle of what another one still does with it.
#[derive(Clone)]
struct AtHome {
    runtime: Option<Handle>,
    tls: MakeRustlsConnect,
}

impl Connect for AtHome {
    fn connect(
        &self,
        config: &tokio_postgres::Config,
    ) -> BoxFuture<'_, Result<(tokio_postgres::Client, JoinHandle<()>), tokio_postgres::Error>> {
        let (config, tls) = (config.clone(), self.tls.clone());
        let connecting = async move {
            let (client, connection) = config.connect(tls).await?;
            // The client sees the same error on its next call; here it would only be said twice.
            Ok((client, tokio::spawn(async move { drop(connection.await) })))
        };
        match &self.runtime {
            None => Box::pin(connecting),
            Some(home) => {
                let opened = home.spawn(connecting);
                Box::pin(async move {
                    match opened.await {
                        Ok(opened) => opened,
                        // The runtime has gone; the pool's own deadline turns this into a refusal.
                        Err(_) => std::future::pending().await,
                    }
                })
            }
        }
    }
}

fn tls(config: &mut tokio_postgres::Config, ca_file: Option<&std::path::Path>) -> Result<MakeRustlsConnect, DbError> {
    let mut roots = rustls::RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let unreadable = |_| DbError::Internal("the database's CA file cannot be read as PEM".into());
            for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
                roots
                    .add(certificate.map_err(unreadable)?)
                    .map_err(|_| DbError::Internal("the database's CA file holds an unusable certificate".into()))?;
            }
        }
        None if config.get_ssl_mode() == SslMode::Require => {
            return Err(DbError::Internal("sslmode=require needs the CA file (database_ca_file)".into()));
        }
        // `prefer` without an authority to trust would fail wherever the server offers TLS at all.
        None => {
            config.ssl_mode(SslMode::Disable);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| DbError::Internal(error.to_string()))?;
    Ok(MakeRustlsConnect::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
