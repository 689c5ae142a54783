//! The signed checkpoint, and proofs against it (RFC 9162 hashing).

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use custodian_application::App;
use custodian_application::audit::{self, Consistency, Inclusion};
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::entries::base64;
use super::{NOTE, Number, ReadAudit, note};
use crate::http::{Authenticated, May, Problem, ProofProblems, Query};

/// That an entry stands in the log.
#[derive(Serialize, ToSchema)]
pub struct InclusionBody {
    /// The entry.
    entry_id: Uuid,
    /// Its place, from 0.
    place: u64,
    /// Number of entries of the tree.
    tree_size: u64,
    /// Its root hash, in base64.
    root: String,
    /// The entry's leaf hash as the tree has it, in base64.
    leaf_hash: String,
    /// The proof from the leaf to the root (RFC 9162, 2.1.3), each hash in base64.
    hashes: Vec<String>,
    /// The checkpoint of that size, a C2SP signed note.
    checkpoint: String,
}

/// That a log begins with what it was before; as `custodian audit verify --proof` reads it.
#[derive(Serialize, ToSchema)]
pub struct ConsistencyBody {
    /// Name of the log, as in its checkpoints.
    origin: String,
    /// Size of the earlier tree.
    from: u64,
    /// Size of the later tree.
    to: u64,
    /// The proof (RFC 9162, 2.1.4), each hash in base64; empty for equal sizes and for `from` 0.
    hashes: Vec<String>,
}

impl From<Inclusion> for InclusionBody {
    fn from(proof: Inclusion) -> Self {
        let Inclusion { entry, place, size, root, leaf_hash, hashes, checkpoint } = proof;
        Self {
            entry_id: entry,
            place,
            tree_size: size,
            root: base64(&root),
            leaf_hash: base64(&leaf_hash),
            hashes: hashes.iter().map(base64).collect(),
            checkpoint,
        }
    }
}

/// For the document.
pub(crate) fn inclusion_example() -> Value {
    json!({"entry_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "place": 2, "tree_size": 4, "root": "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
        "leaf_hash": "jFUxaJLDSLhbQ3zb1Wce6Sy2H0q1vhSEKvS0BSRvfRE=",
        "hashes": ["lqKW0iTyhcZ3pPDD4owkVfw2qN92xVUhTFRg0qEfs1M=", "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0="], "checkpoint": NOTE})
}

impl From<Consistency> for ConsistencyBody {
    fn from(proof: Consistency) -> Self {
        let Consistency { origin, from, to, hashes } = proof;
        Self { origin, from, to, hashes: hashes.iter().map(base64).collect() }
    }
}

/// Read the log's checkpoint.
///
/// The newest checkpoint of the organisation's log, a C2SP signed note: name of the log, number of entries, root hash, signature. Keep it where nobody
/// here can reach it: every later export and proof can be held to it.
#[utoipa::path(
    tag = "audit", security(("bearer" = [])),
    responses((status = 200, description = "The signed note.", body = String, content_type = "text/plain", example = json!(NOTE)), ProofProblems))]
#[get("/audit/checkpoint")]
pub async fn show_checkpoint(may: May<ReadAudit>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    query.done()?;
    Ok(note(audit::checkpoint(&app, &may).await?))
}

/// Prove that an entry stands in the log.
///
/// For readers of the log; and for who has the entry before them: its actor, and readers of access logs where it concerns customers. An entry gets its place
/// within a second; until then the answer is 409.
#[utoipa::path(
    tag = "audit", security(("bearer" = [])),
    params(("entry_id" = Uuid, Query, description = "The entry; `Audit-Id` of an answer, `id` in a list")),
    responses((status = 200, description = "The proof.", body = InclusionBody, example = json!(inclusion_example())), ProofProblems))]
#[get("/audit/proofs/inclusion")]
pub async fn prove_inclusion(caller: Authenticated, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let entry = required(&mut query, "entry_id", Query::uuid);
    let asked = query.done().map(|()| entry);
    let entry = match asked {
        Ok(Some(entry)) => entry,
        // Who may not read the log is not told what is wrong with the question.
        Ok(None) | Err(_) if caller.needs(Permission::AuditRead).is_err() => {
            return Err(DomainError::Forbidden { permission: Permission::AuditRead.code() }.into());
        }
        Ok(None) => return Err(Problem::of("invalid_query")),
        Err(problem) => return Err(problem),
    };
    Ok(HttpResponse::Ok().json(InclusionBody::from(audit::inclusion(&app, &caller, entry).await?)))
}

/// Prove that the log only grew.
///
/// That the log of `to` entries begins with the log of `from` entries: what an earlier checkpoint signed was neither changed nor removed since.
#[utoipa::path(
    tag = "audit", security(("bearer" = [])),
    params(("from" = u64, Query, description = "Size that an earlier checkpoint names"),
        ("to" = Option<u64>, Query, description = "Size that a later checkpoint names; that of the newest one if absent")),
    responses((status = 200, description = "The proof.", body = ConsistencyBody, example = json!({
        "origin": "custodian.example/audit/0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "from": 3, "to": 4,
        "hashes": ["lqKW0iTyhcZ3pPDD4owkVfw2qN92xVUhTFRg0qEfs1M=", "jFUxaJLDSLhbQ3zb1Wce6Sy2H0q1vhSEKvS0BSRvfRE=", "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0="]})), ProofProblems))]
#[get("/audit/proofs/consistency")]
pub async fn prove_consistency(may: May<ReadAudit>, app: Data<App>, query: Query) -> Result<HttpResponse, Problem> {
    let (from, to) = sizes(query)?;
    Ok(HttpResponse::Ok().json(ConsistencyBody::from(audit::consistency(&app, &may, from, to).await?)))
}

/// `from` and `to` of a consistency proof, and nothing else.
pub(super) fn sizes(mut query: Query) -> Result<(u64, Option<u64>), Problem> {
    let from = required(&mut query, "from", |query, name| query.parsed::<Number>(name, "invalid_number"));
    let to = query.parsed::<Number>("to", "invalid_number");
    query.done()?;
    let Some(Number(from)) = from else {
        return Err(Problem::of("invalid_query"));
    };
    Ok((from, to.map(|Number(to)| to)))
}

/// A parameter that must be there; [`Query::done`] refuses when it is not.
fn required<T>(query: &mut Query, name: &str, read: impl Fn(&mut Query, &str) -> Option<T>) -> Option<T> {
    if !query.pairs().iter().any(|(known, _)| known == name) {
        query.fault(name, "required");
    }
    read(query, name)
}
