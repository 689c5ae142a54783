//! Is it alive, and may it be sent requests.

use std::time::Duration;

use actix_web::get;
use actix_web::web::Data;
use custodian_application::App;
use custodian_domain::kernel::DomainError;
use custodian_persistence::checks;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::openapi::PublicProblems;
use crate::http::{Problem, Reply};

/// How long the probe waits for the database.
const PATIENCE: Duration = Duration::from_secs(2);

/// The state of the server.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `live` or `ready`.
    status: &'static str,
}

/// Is the process alive
///
/// Answers as long as the process can answer at all; looks at nothing else. For restarting a hung process.
#[utoipa::path(tag = "platform", security(()), responses(
    (status = 200, description = "It is alive.", body = Health, example = json!({"status": "live"})),
    PublicProblems,
))]
#[get("/health/live")]
pub async fn live() -> Result<Reply, Problem> {
    Ok(Reply::ok(&Health { status: "live" })?)
}

/// May it be sent requests
///
/// Ready when the database answers within two seconds and the audit log can be written. Not ready, everything but
/// health is answered with `audit_unavailable`. For taking a server out of a load balancer.
#[utoipa::path(tag = "platform", security(()), responses(
    (status = 200, description = "It may be sent requests.", body = Health, example = json!({"status": "ready"})),
    PublicProblems,
))]
#[get("/health/ready")]
pub async fn ready(app: Data<App>) -> Result<Reply, Problem> {
    let unready = |why: &str| Problem::of("unavailable").log(why);
    let probe = tokio::time::timeout(PATIENCE, checks::ping(app.db())).await;
    match probe {
        Err(_) => return Err(unready("the database did not answer in time")),
        Ok(Err(error)) => return Err(Problem::of("unavailable").log(DomainError::from(error).to_string())),
        Ok(Ok(())) => {}
    }
    if app.audit_writer().status().failing() {
        return Err(unready("the audit log cannot be written"));
    }
    Ok(Reply::ok(&Health { status: "ready" })?)
}
