//! Metrics for Prometheus, on a listener of their own.

use std::time::Duration;

use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::web::{Data, get};
use actix_web::{App, Error, HttpResponse};
use custodian_application::App as Application;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use crate::http::REQUEST_SECONDS;

/// Upper bounds of the latency buckets, in seconds: close together where the promises lie.
const BUCKETS: [f64; 14] = [0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 10.0];
/// How often samples are folded into the buckets when nobody asks for them.
const ROUND: Duration = Duration::from_secs(5);

/// Makes the process record metrics. Once per process, before the first request; a second call is an error.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let name = Matcher::Full(REQUEST_SECONDS.to_owned());
    let handle = PrometheusBuilder::new().set_buckets_for_metric(name, &BUCKETS)?.install_recorder()?;
    metrics::describe_histogram!(REQUEST_SECONDS, "Time from a request's head to its answer.");
    metrics::describe_gauge!(crate::http::IN_FLIGHT, "Requests being worked on.");
    metrics::describe_gauge!("custodian_audit_queue_entries", "Entries that wait for their place in the log's tree.");
    metrics::describe_gauge!("custodian_audit_lag_seconds", "Age of the oldest entry that waits for its place.");
    metrics::describe_gauge!("custodian_audit_findings", "What the last check of the log has found wrong; 0 is sound.");
    metrics::describe_gauge!(
        "custodian_audit_anchor_failing",
        "1 while checkpoints cannot be added to the anchor file."
    );
    metrics::describe_counter!("custodian_audit_findings_total", "Findings that raised an alert since the start.");
    metrics::describe_counter!("custodian_audit_entries_placed_total", "Entries that were given their place.");
    metrics::describe_gauge!("process_resident_memory_bytes", "Resident memory of the process.");
    Ok(handle)
}

/// Keeps the recorder small while nobody scrapes it. Runs until dropped or aborted.
pub async fn upkeep(handle: PrometheusHandle) {
    let mut rounds = tokio::time::interval(ROUND);
    loop {
        rounds.tick().await;
        handle.run_upkeep();
    }
}

/// The application of the metrics listener: `GET /metrics` and nothing else.
pub fn metrics_app(
    handle: PrometheusHandle,
    app: Application,
) -> App<impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()>> {
    App::new().app_data(Data::new(handle)).app_data(Data::new(app)).route("/metrics", get().to(render))
}

async fn render(handle: Data<PrometheusHandle>, app: Data<Application>) -> HttpResponse {
    let (used, size, waiting) = app.db().pool_status();
    let writer = app.audit_writer().status();
    gauge("custodian_database_pool_connections_in_use", used);
    gauge("custodian_database_pool_size", size);
    gauge("custodian_database_pool_waiting", waiting);
    gauge("custodian_audit_entries_waiting", writer.waiting());
    gauge("custodian_audit_failing", usize::from(writer.failing()));
    gauge("custodian_bucket_keys_held", usize::try_from(app.keys().held()).unwrap_or(usize::MAX));
    if let Some(bytes) = resident_bytes() {
        gauge("process_resident_memory_bytes", bytes);
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(handle.render())
}

fn gauge(name: &'static str, value: usize) {
    // Exact up to 2^53, far beyond any of these.
    metrics::gauge!(name).set(value as f64);
}

/// Resident memory as the kernel tells it; nothing where there is no `/proc`.
fn resident_bytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<usize>().ok().map(|kib| kib * 1024)
}
