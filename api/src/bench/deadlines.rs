//! How long the days of open requests take to be set anew when a calendar changes.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use custodian_application::startup::Unfit;
use serde_json::json;

use super::pgbench::Postgres;
use super::rights::Someone;
use super::unfit;
use crate::dev::Instance;

/// Requests that are open.
const OPEN: u32 = 1_000_000;
const POLL: Duration = Duration::from_millis(100);
const LIMIT: Duration = Duration::from_secs(600);

/// Seconds until a million open requests, received over a year under three laws, have the days of a calendar with one holiday more.
pub(super) async fn measure(address: SocketAddr, instance: &Instance, postgres: &Postgres) -> Result<f64, Unfit> {
    let organization = instance.demo.organization_id;
    postgres.sql(&format!(
        "INSERT INTO privacy_requests (organization_id, id, right_code, jurisdiction, state, requester, channel, purposes, received_at, created_at, created_by_kind, \
         created_by, due_on, due_at, window_ends_at, version) \
         SELECT '{organization}', gen_random_uuid(), 'access', (ARRAY['CN', 'EU', 'US-CA'])[1 + n % 3], 'in_progress', 'subject', 'web', '{{}}', \
         timestamptz '2026-01-02 03:04:05+00' + n % 300 * interval '1 day', now(), 'system', '00000000-0000-0000-0000-000000000000', \
         date '2026-01-01', timestamptz '2026-01-02 00:00:00+00', timestamptz '2026-01-02 00:00:00+00', 1 FROM generate_series(1, {OPEN}) n"
    ))?;
    // The first takes every request to its days; what is measured is the change of a calendar afterwards.
    let mut seconds = 0.0;
    for holidays in [json!(["2026-10-01"]), json!(["2026-10-01", "2026-10-02"])] {
        let year = json!({"jurisdiction": "CN", "year": 2026, "days_off": holidays, "days_worked": []});
        // A million rows that were just written: they are at rest when a calendar changes.
        postgres.sql("VACUUM ANALYZE privacy_requests")?;
        postgres.sql("CHECKPOINT")?;
        // Anew each time: a connection that rests for long is closed.
        let mut officer = Someone::of(address, instance, "dpo").await?;
        let begun = Instant::now();
        officer.post("/v1/privacy-requests/calendars", &year).await?;
        while postgres.sql("SELECT count(*) FROM job_queue WHERE kind = 'privacy_deadlines'")? != "0" {
            if begun.elapsed() > LIMIT {
                return Err(unfit("the days of open requests were not set anew in ten minutes"));
            }
            tokio::time::sleep(POLL).await;
        }
        seconds = begun.elapsed().as_secs_f64();
    }
    Ok(seconds)
}
