//! The entries of the log, as people read them.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::audit::{EntryView, Page, Proof, list_entries};
use custodian_crypto::merkle::Hash;
use custodian_domain::audit::{Action, Verdict};
use custodian_persistence::audit::EntryFilter;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ReadAudit;
use crate::http::{ListProblems, Listing, May, Pages, Problem, Query};

/// One entry of the log.
#[derive(Serialize, ToSchema)]
pub struct EntryBody {
    /// Its id, a UUIDv7.
    id: Uuid,
    /// When.
    time: Value,
    /// What was done or tried, such as `customers.reveal`.
    action: Value,
    /// `allowed`, `refused` or `failed`.
    verdict: Value,
    /// Who: `kind` (`staff`, `partner`, `system`), `id`, and `session` for staff.
    actor: Value,
    /// The customer concerned; null when there are several or none.
    customer: Value,
    /// The customers concerned, when several.
    customers: Value,
    /// Keys of the fields shown or changed: `read`, `masked`, `revealed`, `written`.
    fields: Value,
    /// The purpose that the call named.
    purpose: Value,
    /// Why, as typed; kept sealed.
    reason: Value,
    /// The rule that refused.
    rule: Value,
    /// The request's id.
    request: Value,
    /// Further facts: codes, ids and counts.
    details: Value,
    /// The stored bytes still carry the MAC that they were written with.
    intact: bool,
    /// What it takes to prove the entry.
    proof: ProofBody,
}

/// What somebody who trusts nobody needs to have an entry proven.
#[derive(Serialize, ToSchema)]
pub struct ProofBody {
    /// Its place in the organisation's log, from 0; null within the first second of its life.
    place: Option<u64>,
    /// SHA-256 over a zero byte and `entry` (RFC 9162, 2.1.1), in base64.
    leaf_hash: String,
    /// The canonical text (RFC 8785) that is hashed. A reason is sealed in it.
    entry: String,
    /// Where to ask for the proof that the entry stands in the log; open to whoever may see the entry.
    inclusion: String,
}

impl ProofBody {
    fn new(id: Uuid, proof: Proof) -> Self {
        let Proof { place, leaf_hash, canonical } = proof;
        let inclusion = format!("/v1/audit/proofs/inclusion?entry_id={id}");
        Self { place, leaf_hash: base64(&leaf_hash), entry: canonical, inclusion }
    }
}

/// A hash as this contract writes it.
pub(super) fn base64(hash: &Hash) -> String {
    STANDARD.encode(hash)
}

/// A page of entries with its cursor.
pub(crate) fn page_of_entries(page: Page, pages: &Pages<'_>) -> Listing<EntryBody> {
    let next_cursor = page.next.map(|id| pages.seal(id.as_bytes()));
    Listing { data: page.entries.into_iter().map(EntryBody::from).collect(), next_cursor, count: None }
}

impl From<EntryView> for EntryBody {
    fn from(view: EntryView) -> Self {
        let EntryView { id, members, intact, proof } = view;
        let member = |name: &str| members.get(name).cloned().unwrap_or(Value::Null);
        Self {
            id,
            time: member("time"),
            action: member("action"),
            verdict: member("verdict"),
            actor: member("actor"),
            customer: member("customer"),
            customers: member("customers"),
            fields: member("fields"),
            purpose: member("purpose"),
            reason: member("reason"),
            rule: member("rule"),
            request: member("request"),
            details: member("details"),
            intact,
            proof: ProofBody::new(id, proof),
        }
    }
}

/// List audit entries.
///
/// The organisation's log, newest first; every filter given must match. Entries name ids, field keys and codes, never values. Reading leaves an entry itself.
#[utoipa::path(
    tag = "audit", security(("bearer" = [])),
    params(
        ("actor" = Option<Uuid>, Query, description = "User or key that acted"), ("action" = Option<String>, Query, description = "Action code"),
        ("customer_id" = Option<Uuid>, Query, description = "Customer concerned, alone or among others"),
        ("field" = Option<String>, Query, description = "Field shown or changed"), ("purpose" = Option<String>, Query, description = "Purpose named"),
        ("decision" = Option<String>, Query, description = "`allowed`, `refused` or `failed`"),
        ("from" = Option<DateTime<Utc>>, Query, description = "At or after"), ("until" = Option<DateTime<Utc>>, Query, description = "Before"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of entries.", body = Listing<EntryBody>,
        example = json!({"data": [entry_example()], "next_cursor": null})), ListProblems))]
#[get("/audit/entries")]
pub async fn list_audit_entries(
    may: May<ReadAudit>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/audit/entries", &query);
    let actions: Vec<&'static str> = Action::ALL.iter().map(|a| a.code()).collect();
    let verdicts: Vec<&'static str> = Verdict::ALL.iter().map(|v| v.code()).collect();
    let filter = EntryFilter {
        actor: query.uuid("actor"),
        action: query.choice("action", &actions).map(str::to_owned),
        customer: query.uuid("customer_id"),
        field: query.text("field"),
        purpose: query.text("purpose"),
        verdict: query.choice("decision", &verdicts).map(str::to_owned),
        from: query.time("from").map(first_id),
        until: query.time("until").map(first_id),
        before: pages.id_position(&mut query)?,
    };
    let limit = query.limit();
    query.done()?;
    let page = list_entries(&app, &may, filter, limit).await?;
    Ok(HttpResponse::Ok().json(page_of_entries(page, &pages)))
}

/// The lowest UUIDv7 of a time: entries are found by time through their ids.
pub(crate) fn first_id(at: DateTime<Utc>) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(at.timestamp_millis()).unwrap_or(0), &[0; 10]).into_uuid()
}

pub(crate) fn entry_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "time": "2026-11-22T08:00:00.000000Z", "action": "customers.reveal", "verdict": "allowed",
        "actor": {"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "kind": "staff", "session": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12"},
        "customer": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a13", "customers": null, "fields": {"revealed": ["mobile"]}, "purpose": null,
        "reason": "Customer asked to be called back", "rule": null, "request": "5b0f2d0c-4a53-4f6e-8a35-7f0f2f1b2c3d", "details": null, "intact": true,
        "proof": {"place": 4711, "leaf_hash": "jFUxaJLDSLhbQ3zb1Wce6Sy2H0q1vhSEKvS0BSRvfRE=", "entry": "{\"action\":\"customers.reveal\", ...}",
            "inclusion": "/v1/audit/proofs/inclusion?entry_id=0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10"}})
}
