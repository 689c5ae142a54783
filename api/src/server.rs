//! The first door: HTTP. Assembles the application of each worker thread and runs the listeners until told to stop.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App as ActixApp, HttpServer};
use custodian_application::App;
use custodian_application::audit::sequencer;
use custodian_application::consents::ConsentWriter;
use custodian_application::customers::CustomerWriter;
use custodian_application::{events, webhooks};
use custodian_persistence::consents::DecisionReader;
use custodian_persistence::customers::CustomerReader;
use metrics_exporter_prometheus::PrometheusHandle;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::watch;
use utoipa::openapi::OpenApi;
use utoipa_actix_web::AppExt;

use crate::http::{Connections, Edge, Ending, IDLE, STALLED, fallback, openapi, transport};
use crate::platform::{self, Document, Platform};
use crate::{follow, post, rounds, v1, worker};

/// How long requests under way may take once the server was told to stop.
const GRACE_SECONDS: u64 = 25;

/// A server ready to run.
pub struct Server {
    /// The service.
    pub app: App,
    /// The transport's settings.
    pub edge: Edge,
    /// What it tells about itself.
    pub platform: Platform,
    /// The bound listener of the API.
    pub listener: TcpListener,
    /// The bound listener of the metrics.
    pub metrics_listener: TcpListener,
    /// The recorder.
    pub metrics: PrometheusHandle,
    /// Certificate and key; plain HTTP without.
    pub tls: Option<rustls::ServerConfig>,
    /// Worker threads; 0 for one per core.
    pub workers: usize,
    /// Whether SIGINT and SIGTERM stop it.
    pub signals: bool,
}

/// The generated document, without starting anything.
pub fn document(public_base: &str) -> OpenApi {
    let (_, document) =
        ActixApp::new().into_utoipa_app().openapi(openapi::frame(public_base)).configure(routes).split_for_parts();
    v1::webhooks::describe(openapi::complete(document))
}

fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(utoipa_actix_web::scope("/v1").configure(v1::routes));
    platform::configure(config);
    platform::configure_document(config);
}

/// Reads a certificate chain and its key.
pub fn tls(certificate: &std::path::Path, key: &std::path::Path) -> Result<rustls::ServerConfig, String> {
    let unreadable = |path: &std::path::Path| format!("{}: it cannot be read as PEM.", path.display());
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|_| unreadable(certificate))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|_| unreadable(key))?;
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|error| format!("the TLS certificate and key do not fit: {error}."))
}

impl Server {
    /// Serves until stopped, then lets requests under way finish. `started` gets the handle once the listeners take requests.
    pub async fn run(self, started: impl FnOnce(ServerHandle)) -> std::io::Result<()> {
        self.run_all(Box::new(started)).await
    }

    /// Not generic, so that the whole application is compiled once, here, and not again for every caller's closure.
    async fn run_all(self, started: Box<dyn FnOnce(ServerHandle) + '_>) -> std::io::Result<()> {
        let Self { app, edge, platform, listener, metrics_listener, metrics, tls, workers, signals } = self;
        let connections = Connections::start(IDLE, STALLED)?;
        let (stop, stopped) = watch::channel(false);
        let letters = tokio::spawn(post::post(app.clone(), stopped.clone()));
        let jobs = tokio::spawn(worker::work(app.clone(), stopped.clone()));
        let events = tokio::spawn(events::run(app.clone(), stopped.clone()));
        let webhooks = tokio::spawn(webhooks::run(app.clone(), stopped.clone()));
        tokio::spawn(follow::keys(app.clone(), stopped.clone()));
        let rounds = tokio::spawn(rounds::run(app.clone(), stopped.clone()));
        let sequencer = tokio::spawn(sequencer::run(app.clone(), stopped));
        let upkeep = tokio::spawn(platform::upkeep(metrics.clone()));
        let (edge, platform) = (Data::new(edge), Data::new(platform));
        let threads = if workers == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { workers };
        let (for_metrics, ending) = (app.clone(), Ending::listen(signals));
        let server = HttpServer::new(move || application(app.clone(), edge.clone(), platform.clone(), ending.clone()))
            .workers(threads)
            .shutdown_timeout(GRACE_SECONDS)
            .client_request_timeout(Duration::from_secs(5))
            .keep_alive(Duration::from_secs(75))
            .on_connect(connections.on_connect());
        let server = match tls {
            Some(config) => server.listen_rustls_0_23(listener, config)?,
            None => server.listen(listener)?,
        };
        let server = if signals { server.run() } else { server.disable_signals().run() };
        let metrics_server = HttpServer::new(move || platform::metrics_app(metrics.clone(), for_metrics.clone()))
            .workers(1)
            .disable_signals()
            .listen(metrics_listener)?
            .run();
        let metrics_handle = metrics_server.handle();
        let metrics_task = tokio::spawn(metrics_server);
        started(server.handle());
        let outcome = server.await;
        let _ = stop.send(true);
        metrics_handle.stop(false).await;
        let _ = metrics_task.await;
        upkeep.abort();
        // A job under way is given back here, so that another instance need not wait for its lease.
        let _ = tokio::time::timeout(Duration::from_secs(4), async {
            (jobs.await, letters.await, events.await, webhooks.await, rounds.await)
        })
        .await;
        // What it does not finish is as if it had not begun.
        let _ = tokio::time::timeout(Duration::from_secs(4), sequencer).await;
        outcome
    }
}

/// One worker thread's application.
fn application(
    app: App,
    edge: Data<Edge>,
    platform: Data<Platform>,
    ending: Ending,
) -> ActixApp<
    impl actix_web::dev::ServiceFactory<
        actix_web::dev::ServiceRequest,
        Config = (),
        Response = actix_web::dev::ServiceResponse<impl actix_web::body::MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let mailbox = platform::configure_mailbox(&platform);
    let reader = CustomerReader::start(app.db().clone());
    let decisions = DecisionReader::start(app.db().clone());
    let writer = CustomerWriter::start(app.clone());
    let consents = ConsentWriter::start(app.clone());
    let (application, document) = ActixApp::new()
        .into_utoipa_app()
        .openapi(openapi::frame(&edge.public_base))
        .configure(routes)
        .split_for_parts();
    let application = application.configure(v1::scim::protocol).configure(v1::rights_protocols::protocol);
    let document = v1::webhooks::describe(openapi::complete(document));
    edge.learn_paths(&document, &[v1::scim::PATHS.as_slice(), &v1::rights_protocols::PATHS].concat());
    let application = match Document::new(&document) {
        Ok(document) => application.app_data(Data::new(document)),
        // Only a document that is no JSON gets here; a test writes it before any release does.
        Err(error) => {
            tracing::error!(%error, "the OpenAPI document cannot be written");
            application
        }
    };
    application
        .app_data(Data::new(ending))
        .app_data(Data::new(app))
        .app_data(edge)
        .app_data(platform)
        .app_data(Data::new(reader))
        .app_data(Data::new(decisions))
        .app_data(Data::new(writer))
        .app_data(Data::new(consents))
        .configure(platform::configure_docs)
        .configure(mailbox)
        .default_service(web::to(fallback))
        .wrap(from_fn(transport))
}
