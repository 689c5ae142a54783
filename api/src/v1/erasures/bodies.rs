//! Erasures as they come and go.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use custodian_application::erasures::{Asked, ErasureView, FoundCopy, Preview, Staying};
use custodian_domain::erasures::{Ground, UNCOUNTED, kept};
use custodian_domain::kernel::Fault;
use custodian_domain::retention::Verdict;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Body;
use crate::v1::retention::blank;

/// Why somebody is erased.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseBody {
    /// `subject_request`, `consent_withdrawn`, `purpose_done`, `retention_over`, `unlawful`, `objection` or `legal_duty`.
    #[schema(
        pattern = "^(subject_request|consent_withdrawn|purpose_done|retention_over|unlawful|objection|legal_duty)$"
    )]
    ground: String,
    /// The request of the person that this answers.
    privacy_request_id: Option<Uuid>,
}

impl Body for EraseBody {}

impl EraseBody {
    /// The wish; `None` for a body that the schema had to refuse.
    pub fn into_asked(self, customer: Uuid) -> Option<Asked> {
        let ground = Ground::from_code(&self.ground)?;
        Some(Asked { customer, ground, privacy_request: self.privacy_request_id })
    }
}

/// What became of one field.
#[derive(Serialize, ToSchema)]
pub struct ErasedFieldBody {
    /// Its key.
    field: String,
    /// `erased`: no key opens it any more.
    outcome: &'static str,
}

/// Something that stays.
#[derive(Serialize, ToSchema)]
pub struct KeptBody {
    /// What it is.
    what: String,
    /// How many rows of it; the audit log is not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<i64>,
    /// On what ground.
    ground: &'static str,
}

impl From<Staying> for KeptBody {
    fn from(staying: Staying) -> Self {
        let Staying { what, rows, ground } = staying;
        Self { what: what.to_owned(), rows: Some(rows).filter(|rows| *rows > 0), ground }
    }
}

/// An erasure.
#[derive(Serialize, ToSchema)]
pub struct ErasureBody {
    /// Its id.
    pub id: Uuid,
    /// Who is erased.
    customer_id: Uuid,
    /// `scheduled`, `blocked`, `erasing` (nothing can be read, copies are being made useless) or `erased`.
    state: String,
    /// Why.
    ground: String,
    /// The request of the person that it answers.
    privacy_request_id: Option<Uuid>,
    /// When it was asked for.
    requested_at: DateTime<Utc>,
    /// By whom.
    requested_by: Uuid,
    /// The legal holds that it waits for.
    blocked_by: Vec<Uuid>,
    /// When the last of them ends.
    blocked_until: Option<DateTime<Utc>>,
    /// From then on nothing could be read.
    erased_at: Option<DateTime<Utc>>,
    /// From then on no copy of the database, however old, could be opened for this person.
    destroyed_at: Option<DateTime<Utc>>,
    /// The outcome by field; empty before.
    fields: Vec<ErasedFieldBody>,
    /// How many rows went beside them, by what they were. `unreadable_values` counts values that did not open any more and went unread: the sweep
    /// could not look for them.
    #[schema(value_type = BTreeMap<String, i64>)]
    removed: Value,
    /// What stays, and on what ground; empty before.
    kept: Vec<KeptBody>,
    /// Where the last sweep found a copy. There is no certificate as long as there is one.
    findings: Vec<ErasureFindingBody>,
}

impl From<ErasureView> for ErasureBody {
    fn from(view: ErasureView) -> Self {
        let row = view.row;
        let fields = row.fields.into_iter().map(|field| ErasedFieldBody { field, outcome: "erased" }).collect();
        let counted = row.kept.as_object().into_iter().flatten();
        let staying = |what: &str, rows: Option<i64>| KeptBody {
            what: what.to_owned(),
            rows,
            ground: kept(what).map_or("", |rule| rule.ground),
        };
        let mut stays: Vec<KeptBody> = counted
            .filter_map(|(what, rows)| Some(staying(what, Some(rows.as_i64().filter(|rows| *rows > 0)?))))
            .collect();
        if row.erased_at.is_some() {
            stays.extend(UNCOUNTED.iter().map(|what| staying(what, None)));
        }
        Self {
            id: row.id,
            customer_id: row.customer.uuid(),
            state: row.state,
            ground: row.ground,
            privacy_request_id: row.privacy_request,
            requested_at: row.requested_at,
            requested_by: row.requested_by,
            blocked_by: row.blocked_by,
            blocked_until: row.blocked_until,
            erased_at: row.erased_at,
            destroyed_at: row.destroyed_at,
            fields,
            removed: row.removed,
            kept: stays,
            findings: serde_json::from_value(row.findings).unwrap_or_default(),
        }
    }
}

/// A certificate with its signature.
#[derive(Serialize, ToSchema)]
pub struct ErasureCertificateBody {
    /// What is signed.
    #[schema(value_type = Object)]
    pub certificate: Value,
    /// Compact JWS (RFC 7515, EdDSA, `typ` `erasure-certificate+jws`) over that JSON; it verifies offline against `/.well-known/jwks.json`.
    pub jws: String,
}

/// Where the sweep found a copy.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct ErasureFindingBody {
    /// The table or the file.
    place: String,
    /// Whose value it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<Uuid>,
    /// In a record of theirs: its type.
    #[serde(skip_serializing_if = "Option::is_none")]
    record_type: Option<String>,
    /// And its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    record_id: Option<Uuid>,
    /// In the name of a file of theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment_id: Option<Uuid>,
    /// In which field, now or in a past version.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The version that replaced it, as the history tells; absent for a value of now.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i32>,
    /// `id`, `identifier`, or `unreadable`: what does not open may hold anything.
    kind: String,
}

/// Which finding, by the members that it has, and why what it names is taken away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearFindingBody {
    /// Whose value it stands in, or on whom the file hangs.
    customer_id: Uuid,
    /// In which record of theirs; absent for a field of the customer.
    record_id: Option<Uuid>,
    /// In the name of which file of theirs; absent for a field.
    attachment_id: Option<Uuid>,
    /// In which field; absent for the name of a file.
    #[schema(min_length = 1, max_length = 64)]
    field: Option<String>,
    /// The version that replaced it; absent for a value of now.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    version: Option<i32>,
    /// Why; kept sealed in the audit log.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
}

impl Body for ClearFindingBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        blank(value, "reason").into_iter().collect()
    }
}

impl ClearFindingBody {
    /// What is taken away, and why.
    pub fn into_parts(self) -> (FoundCopy, String) {
        let Self { customer_id, record_id, attachment_id, field, version, reason } = self;
        (FoundCopy { customer: customer_id, record: record_id, attachment: attachment_id, field, version }, reason)
    }
}

/// What an erasure would take.
#[derive(Serialize, ToSchema)]
pub struct ErasurePreviewBody {
    /// The customer.
    customer_id: Uuid,
    /// `erase`, `blocked` until a term has run, or `refused` by a legal hold.
    outcome: &'static str,
    /// The legal holds that stand against it now.
    legal_holds: Vec<Uuid>,
    /// When the last statutory term ends.
    blocked_until: Option<DateTime<Utc>>,
    /// Keys of the fields whose values go.
    fields: Vec<String>,
    /// How many rows go beside them, by what they are.
    goes: BTreeMap<&'static str, i64>,
    /// What stays, and on what ground.
    stays: Vec<KeptBody>,
}

impl From<Preview> for ErasurePreviewBody {
    fn from(preview: Preview) -> Self {
        let Preview { customer, verdict, fields, goes, stays } = preview;
        let (outcome, legal_holds, blocked_until) = match verdict {
            Verdict::Go => ("erase", Vec::new(), None),
            Verdict::Blocked { by, until } => ("blocked", by, Some(until)),
            Verdict::Refused(by) => ("refused", by, None),
        };
        let (goes, stays) = (goes.into_iter().collect(), stays.into_iter().map(KeptBody::from).collect());
        Self { customer_id: customer, outcome, legal_holds, blocked_until, fields, goes, stays }
    }
}

/// An example for the document.
pub fn erasure_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a80", "customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "state": "erasing",
        "ground": "subject_request", "privacy_request_id": null, "requested_at": "2026-11-22T08:00:00Z",
        "requested_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "blocked_by": [], "blocked_until": null, "erased_at": "2026-11-22T08:00:00Z", "destroyed_at": null,
        "fields": [{"field": "name", "outcome": "erased"}, {"field": "mobile", "outcome": "erased"}], "removed": {"blind_indexes": 4, "versions": 2},
        "kept": [{"what": "tombstone", "rows": 1, "ground": "the id, so that it is answered as erased and never comes back: GDPR 5(2), PIPL 9"}], "findings": []})
}

/// An example for the document.
pub fn preview_example() -> Value {
    json!({"customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "outcome": "erase", "legal_holds": [], "blocked_until": null,
        "fields": ["name", "mobile"], "goes": {"blind_indexes": 4, "versions": 2},
        "stays": [{"what": "consents", "rows": 1, "ground": "proof of what was agreed to, without values: GDPR 7(1), PIPL 69(1)"}]})
}
