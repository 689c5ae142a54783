//! Backups: when they were taken, what they are, and whether one that was put back stood the trial.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::backups::{self, BackupRow};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::{ListProblems, May, Pages, Problem, Query};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_backups);
}

needs! {
    /// Reads backups.
    ReadBackups = BackupsRead;
}

/// The last time that a backup was put back to try it.
#[derive(Serialize, ToSchema)]
pub struct BackupDrillBody {
    /// When the trial ended.
    ended_at: DateTime<Utc>,
    /// How long it took.
    seconds: i64,
    /// `passed`; or `refused` (something beside it is missing or too old), `not_loaded`, `lost` (somebody who stays does not open), `not_erased` (somebody who was erased came back),
    /// `control_failed` (what was planted was not noticed).
    outcome: String,
    /// People erased again in it, one who was planted among them.
    erased_again: i64,
    /// People who stay, each opened.
    people_opened: i64,
    /// Their values, each opened.
    values_opened: i64,
    /// Somebody who stays was planted as erased and a key was broken, and both were noticed.
    controlled: bool,
}

/// A backup.
#[derive(Serialize, ToSchema)]
pub struct BackupBody {
    /// Its id, as its manifest has it.
    id: Uuid,
    /// When it was begun: what came later is not in it.
    taken_at: DateTime<Utc>,
    /// How long ago that was.
    age_seconds: i64,
    /// Length of the dump.
    bytes: i64,
    /// SHA-256 of the dump, in hexadecimal.
    sha256: String,
    /// The number of the security ledger's last line then.
    ledger_sequence: i64,
    /// The newest migration of its schema.
    schema: String,
    /// Its last trial; null before the first.
    last_drill: Option<BackupDrillBody>,
}

/// A page of backups, and what is to be said of all.
#[derive(Serialize, ToSchema)]
pub struct BackupsBody {
    /// Newest first.
    data: Vec<BackupBody>,
    /// Send it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
    /// `sound`; or the worst there is: `drill_failed`, `missing`, `old` (the newest is older than 26 hours), `undrilled` (none was put back to try it within 31 days).
    health: &'static str,
}

fn body(row: BackupRow, now: DateTime<Utc>) -> BackupBody {
    let BackupRow { id, taken_at, bytes, sha256, ledger_sequence, schema, drill } = row;
    let last_drill = drill.map(|drill| BackupDrillBody {
        ended_at: drill.ended_at,
        seconds: drill.seconds,
        outcome: drill.outcome,
        erased_again: drill.erased,
        people_opened: drill.people,
        values_opened: drill.values,
        controlled: drill.controlled,
    });
    let age_seconds = (now - taken_at).num_seconds().max(0);
    BackupBody { id, taken_at, age_seconds, bytes, sha256, ledger_sequence, schema, last_drill }
}

/// List backups.
///
/// Newest first. `custodian backup` takes them and `custodian backup drill` puts the newest back beside, on the server and never over HTTP. Each holds the whole deployment. A database that was itself put back
/// knows of those before it alone.
#[utoipa::path(
    tag = "backups", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of backups.", body = BackupsBody, example = json!(example())), ListProblems))]
#[get("/backups")]
pub async fn list_backups(may: May<ReadBackups>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/backups", &query);
    let (before, limit) = (pages.id_position(&mut query)?, query.limit());
    query.done()?;
    let found = backups::list(&app, &may, before, limit).await?;
    let data = found.rows.into_iter().map(|row| body(row, found.now)).collect();
    let next_cursor = found.next.map(|id| pages.seal(id.as_bytes()));
    Ok(HttpResponse::Ok().json(BackupsBody { data, next_cursor, health: found.health.as_str() }))
}

fn example() -> Value {
    json!({"data": [{"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a71", "taken_at": "2026-11-23T01:00:00Z", "age_seconds": 28800, "bytes": 104857600,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "ledger_sequence": 412, "schema": "20261122014100_backups_create",
        "last_drill": {"ended_at": "2026-11-23T02:00:00Z", "seconds": 94, "outcome": "passed", "erased_again": 4, "people_opened": 120000, "values_opened": 1480000,
            "controlled": true}}], "next_cursor": null, "health": "sound"})
}
