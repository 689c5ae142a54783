//! The log of all logs, as far as an organisation is shown of it: its checkpoint, and the organisation's own leaf.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use custodian_application::App;
use custodian_application::audit::{self, Published};
use serde::Serialize;
use utoipa::ToSchema;

use super::entries::base64;
use super::proofs::{ConsistencyBody, sizes};
use super::{NOTE, ReadAudit, note};
use crate::http::{May, Problem, ProofProblems, Query};

/// That a head of the organisation's log stands in the log of all logs.
#[derive(Serialize, ToSchema)]
pub struct HeadBody {
    /// Its place there, from 0.
    position: u64,
    /// The canonical text that is hashed: organisation, root hash in hexadecimal, size, time, version of the form.
    leaf: String,
    /// Number of leaves of the log of all logs.
    tree_size: u64,
    /// The proof from the leaf to the root (RFC 9162, 2.1.3), each hash in base64.
    hashes: Vec<String>,
    /// The checkpoint of that size, a C2SP signed note, with the lines of the witnesses that have signed it.
    checkpoint: String,
}

/// Read the checkpoint of the log of all logs.
///
/// The newest checkpoint of the log whose leaves are the heads of every organisation's log, with the cosignatures of witnesses that have come so far. It names
/// no organisation. With `witnessed=true` the newest one that any witness has signed: witnesses answer later, and a busy log has grown by then.
#[utoipa::path(
    tag = "audit", security(("bearer" = [])),
    params(("witnessed" = Option<bool>, Query, description = "Only one that a witness has signed; 409 while there is none")),
    responses((status = 200, description = "The signed note.", body = String, content_type = "text/plain", example = json!(NOTE)), ProofProblems))]
#[get("/audit/log/checkpoint")]
pub async fn show_log_checkpoint(
    may: May<ReadAudit>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let witnessed = query.boolean("witnessed");
    query.done()?;
    Ok(note(audit::log_checkpoint(&app, &may, witnessed).await?))
}

/// Prove that the log of all logs only grew.
///
/// That the log of all logs of `to` leaves begins with that of `from` leaves: connects a checkpoint that was kept, or carried to a witness, with a later export.
#[utoipa::path(
    tag = "audit", security(("bearer" = [])),
    params(("from" = u64, Query, description = "Size that an earlier checkpoint names"),
        ("to" = Option<u64>, Query, description = "Size that a later checkpoint names; that of the newest one if absent")),
    responses((status = 200, description = "The proof.", body = ConsistencyBody, example = json!({"origin": "custodian.example/audit", "from": 3, "to": 4,
        "hashes": ["lqKW0iTyhcZ3pPDD4owkVfw2qN92xVUhTFRg0qEfs1M=", "jFUxaJLDSLhbQ3zb1Wce6Sy2H0q1vhSEKvS0BSRvfRE=", "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0="]})), ProofProblems))]
#[get("/audit/log/consistency")]
pub async fn prove_log_consistency(may: May<ReadAudit>, app: Data<App>, query: Query) -> Result<HttpResponse, Problem> {
    let (from, to) = sizes(query)?;
    Ok(HttpResponse::Ok().json(ConsistencyBody::from(audit::log_consistency(&app, &may, from, to).await?)))
}

/// Prove that the log of all logs holds this organisation's.
///
/// The organisation's newest leaf in the log of all logs. Whoever removes a whole organisation's log has to answer for this leaf.
#[utoipa::path(
    tag = "audit", security(("bearer" = [])),
    responses((status = 200, description = "The proof.", body = HeadBody, example = json!({"position": 1, "tree_size": 2,
        "leaf": "{\"organization\":\"0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10\",\"root\":\"0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62\",\"size\":4712,\"time\":\"2026-11-22T08:00:00.000000Z\",\"v\":1}",
        "hashes": ["lqKW0iTyhcZ3pPDD4owkVfw2qN92xVUhTFRg0qEfs1M="], "checkpoint": NOTE})), ProofProblems))]
#[get("/audit/log/proof")]
pub async fn prove_head(may: May<ReadAudit>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    query.done()?;
    let Published { position, leaf, hashes, size, checkpoint, .. } = audit::log_proof(&app, &may).await?;
    let hashes = hashes.iter().map(base64).collect();
    Ok(HttpResponse::Ok().json(HeadBody { position, leaf, tree_size: size, hashes, checkpoint }))
}
