//! Bodies of partners that pass requests of people on.

use chrono::{DateTime, Utc};
use custodian_application::rights_protocols::{CallbackRow, Change, ExchangeRow, NewPartner, PartnerRow};
use custodian_domain::privacy_requests::Jurisdiction;
use custodian_domain::rights_protocols::Protocol;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Body;

/// A partner to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRightsPartnerBody {
    /// What it speaks: `opendsr` (OpenDSR 2.0 and OpenGDPR 1.0) or `drp` (Data Rights Protocol 1.0).
    #[schema(pattern = "^(opendsr|drp)$")]
    protocol: String,
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Its domain in lower case, as its certificate names it (`opendsr`), or its agent id (`drp`).
    #[schema(min_length = 1, max_length = 253)]
    identifier: String,
    /// What the agent calls the organisation; of `drp`, and of nothing else.
    #[schema(min_length = 1, max_length = 100)]
    business_id: Option<String>,
    /// Its certificate as PEM, issued by somebody else for its domain; with it on file, each request must be signed. Of `opendsr` alone.
    #[schema(min_length = 1, max_length = 20_000)]
    certificate: Option<String>,
    /// Its Ed25519 public key, 32 bytes in base64; in place of a certificate, and needed of `drp`.
    #[schema(min_length = 44, max_length = 44)]
    verify_key: Option<String>,
    /// Where it may ask to be told how requests stand: each `https` on a public address; one that ends with a slash stands for everything beneath it.
    #[serde(default)]
    #[schema(max_items = 20)]
    callback_urls: Vec<String>,
    /// Whether its word that somebody was proved to ask is taken as proof; not, unless said so.
    #[serde(default)]
    vouches: bool,
    /// The law of requests that name none: `CN`, `EU` or `US-CA`.
    #[schema(pattern = "^(CN|EU|US-CA)$")]
    jurisdiction: String,
}

impl Body for NewRightsPartnerBody {}

impl NewRightsPartnerBody {
    /// The partner; `None` for a body that the schema had to refuse.
    pub fn into_partner(self) -> Option<NewPartner> {
        Some(NewPartner {
            protocol: Protocol::from_code(&self.protocol)?,
            name: self.name,
            identifier: self.identifier,
            business: self.business_id,
            certificate: self.certificate,
            verify_key: self.verify_key,
            callback_urls: self.callback_urls,
            vouches: self.vouches,
            jurisdiction: Jurisdiction::from_code(&self.jurisdiction)?,
        })
    }
}

/// What may be changed of a partner.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RightsPartnerPatch {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Its certificate as PEM, in place of the key until now.
    #[schema(min_length = 1, max_length = 20_000)]
    certificate: Option<String>,
    /// Its Ed25519 public key in base64, in place of the key until now.
    #[schema(min_length = 44, max_length = 44)]
    verify_key: Option<String>,
    /// Where it may ask to be told.
    #[schema(max_items = 20)]
    callback_urls: Option<Vec<String>>,
    /// Whether its word is taken as proof.
    vouches: Option<bool>,
    /// The law of requests that name none.
    #[schema(pattern = "^(CN|EU|US-CA)$")]
    jurisdiction: Option<String>,
    /// Whether it is let in, and told anything.
    enabled: Option<bool>,
}

impl Body for RightsPartnerPatch {}

impl From<RightsPartnerPatch> for Change {
    fn from(patch: RightsPartnerPatch) -> Self {
        let RightsPartnerPatch { name, certificate, verify_key, callback_urls, vouches, jurisdiction, enabled } = patch;
        let jurisdiction = jurisdiction.as_deref().and_then(Jurisdiction::from_code);
        Self { name, certificate, verify_key, callback_urls, vouches, jurisdiction, enabled }
    }
}

/// One partner, without its token.
#[derive(Serialize, ToSchema)]
pub struct RightsPartnerBody {
    /// Its id; the `controller_id` of OpenDSR.
    id: Uuid,
    /// Counts changes.
    version: i32,
    /// `opendsr` or `drp`.
    protocol: String,
    /// What people call it.
    name: String,
    /// Its domain, or its agent id.
    identifier: String,
    /// What the agent calls the organisation.
    business_id: Option<String>,
    /// What its requests are signed with: `certificate`, `ed25519`, or null where they are not.
    signed_with: Option<String>,
    /// Where it may ask to be told.
    callback_urls: Vec<String>,
    /// Whether its word is taken as proof.
    vouches: bool,
    /// The law of requests that name none.
    jurisdiction: String,
    /// Since when it has its token; null for an agent that has not made one yet.
    token_since: Option<DateTime<Utc>>,
    /// Whether it is let in.
    enabled: bool,
    /// When it was added.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: Uuid,
}

impl From<PartnerRow> for RightsPartnerBody {
    fn from(row: PartnerRow) -> Self {
        Self {
            id: row.id,
            version: row.version,
            protocol: row.protocol,
            name: row.name,
            identifier: row.identifier,
            business_id: row.business,
            signed_with: row.key_kind,
            callback_urls: row.callback_urls,
            vouches: row.vouches,
            jurisdiction: row.jurisdiction,
            token_since: row.token_since,
            enabled: row.disabled_at.is_none(),
            created_at: row.created_at,
            created_by: row.created_by,
        }
    }
}

/// A partner with its token, for the only time.
#[derive(Serialize, ToSchema)]
pub struct CreatedRightsPartnerBody {
    /// The partner.
    #[serde(flatten)]
    partner: RightsPartnerBody,
    /// For `Authorization: Bearer`, or as the password of HTTP Basic. Null for an agent of `drp`, which makes its own.
    token: Option<String>,
}

impl CreatedRightsPartnerBody {
    /// With the token.
    pub fn new(row: PartnerRow, token: Option<&str>) -> Self {
        Self { partner: row.into(), token: token.map(str::to_owned) }
    }
}

/// Something that a partner was told, or is to be.
#[derive(Serialize, ToSchema)]
pub struct CallbackBody {
    /// Its id.
    id: Uuid,
    /// Where it goes.
    url: String,
    /// `pending`, `delivered`, `failed`, or `dropped` where a later one arrived before, or the partner was switched off.
    state: String,
    /// What came of each try, oldest first: `at`, `outcome`, `status`, `milliseconds`.
    #[schema(value_type = Vec<Object>)]
    tries: Value,
    /// When it was queued.
    created_at: DateTime<Utc>,
    /// When it ended.
    settled_at: Option<DateTime<Utc>>,
}

/// Which partner passed a request on, and what it was told since.
#[derive(Serialize, ToSchema)]
pub struct ExchangeBody {
    /// The partner.
    partner_id: Uuid,
    /// `opendsr` or `drp`.
    protocol: String,
    /// The partner's own id of the request.
    external_id: Option<String>,
    /// What was asked for, in the protocol's words.
    asked: String,
    /// What the partner was told, oldest first; of the last 30 days.
    callbacks: Vec<CallbackBody>,
}

impl ExchangeBody {
    /// From both.
    pub fn new(row: ExchangeRow, told: Vec<CallbackRow>) -> Self {
        let callback = |row: CallbackRow| CallbackBody {
            id: row.id,
            url: row.url,
            state: row.state,
            tries: row.tries,
            created_at: row.created_at,
            settled_at: row.settled_at,
        };
        Self {
            partner_id: row.partner,
            protocol: row.protocol,
            external_id: row.external_id,
            asked: row.asked,
            callbacks: told.into_iter().map(callback).collect(),
        }
    }
}

/// For the document.
pub fn partner_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a90", "version": 1, "protocol": "drp", "name": "Permission Slip", "identifier": "PERMISSION_SLIP",
        "business_id": "ACME", "signed_with": "ed25519", "callback_urls": ["https://agent.example.com/status/"], "vouches": false, "jurisdiction": "US-CA",
        "token_since": null, "enabled": true, "created_at": "2026-11-22T08:00:00Z", "created_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12"})
}

/// For the document.
pub fn created_example() -> Value {
    let mut example = partner_example();
    if let Some(members) = example.as_object_mut() {
        members.insert("token".to_owned(), Value::Null);
    }
    example
}

/// For the document.
pub fn exchange_example() -> Value {
    json!({"partner_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a90", "protocol": "drp", "external_id": "foo", "asked": "deletion",
        "callbacks": [{"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a91", "url": "https://agent.example.com/status/", "state": "delivered",
            "tries": [{"at": "2026-11-22T08:00:01Z", "outcome": "delivered", "status": 200, "milliseconds": 41}],
            "created_at": "2026-11-22T08:00:00Z", "settled_at": "2026-11-22T08:00:01Z"}]})
}
