//! Bodies of webhooks and deliveries.

use chrono::{DateTime, Duration, Utc};
use custodian_application::webhooks::{Change, DeliveryRow, NewWebhook, WebhookRow};
use custodian_crypto::WebhookSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Body;

/// How deliveries are signed.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SchemeBody {
    /// `v1`: HMAC-SHA-256 with a secret.
    #[default]
    Hmac,
    /// `v1a`: Ed25519; the receiver holds the public key alone.
    Ed25519,
}

/// A webhook to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhookBody {
    /// What it is for.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Where it is: `https`, on a public address, and not this service itself.
    #[schema(min_length = 1, max_length = 2000)]
    url: String,
    /// Codes of the types that it takes; all that it may be told when left out, but for `audit.checkpoint`.
    #[serde(default)]
    #[schema(max_items = 100)]
    event_types: Vec<String>,
    /// The company that it belongs to, as its keys name it. It hears of people under ids of its own, and only of those whom it may process data of for its
    /// `purposes`. Left out, the webhook is the organisation's own.
    #[schema(min_length = 1, max_length = 200)]
    third_party: Option<String>,
    /// Codes of the purposes that a third party hears of people for; at least one for a third party, none otherwise.
    #[serde(default)]
    #[schema(max_items = 50)]
    purposes: Vec<String>,
    /// How it signs; `hmac` when left out.
    #[serde(default)]
    scheme: SchemeBody,
}

impl Body for NewWebhookBody {}

impl From<NewWebhookBody> for NewWebhook {
    fn from(body: NewWebhookBody) -> Self {
        let NewWebhookBody { name, url, event_types, third_party, purposes, scheme } = body;
        let scheme = match scheme {
            SchemeBody::Hmac => "hmac",
            SchemeBody::Ed25519 => "ed25519",
        };
        Self { name, url, event_types, third_party, purposes, scheme }
    }
}

/// What may be changed of a webhook.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookPatch {
    /// What it is for.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Where it is.
    #[schema(min_length = 1, max_length = 2000)]
    url: Option<String>,
    /// Codes of the types that it takes; empty for all.
    #[schema(max_items = 100)]
    event_types: Option<Vec<String>>,
    /// Codes of the purposes that a third party hears of people for.
    #[schema(max_items = 50)]
    purposes: Option<Vec<String>>,
    /// Whether it is told anything.
    enabled: Option<bool>,
}

impl Body for WebhookPatch {}

impl From<WebhookPatch> for Change {
    fn from(patch: WebhookPatch) -> Self {
        let WebhookPatch { name, url, event_types, purposes, enabled } = patch;
        Self { name, url, event_types, purposes, enabled }
    }
}

/// How long both secrets sign.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateWebhookBody {
    /// Minutes that the secret until now signs beside the new one: 0 to 10080, a day by default.
    #[serde(default = "a_day")]
    #[schema(minimum = 0, maximum = 10080, default = 1440)]
    overlap_minutes: i32,
}

const fn a_day() -> i32 {
    1440
}

impl Body for RotateWebhookBody {}

impl RotateWebhookBody {
    /// As a span of time.
    pub fn overlap(&self) -> Duration {
        Duration::minutes(i64::from(self.overlap_minutes))
    }
}

/// One webhook, without its secret.
#[derive(Serialize, ToSchema)]
pub struct WebhookBody {
    /// Its id.
    id: Uuid,
    /// Counts changes.
    version: i32,
    /// What it is for.
    name: String,
    /// Where it is.
    url: String,
    /// Codes of the types that it takes; empty for all that it may be told.
    event_types: Vec<String>,
    /// The company that it belongs to; null for the organisation's own.
    third_party: Option<String>,
    /// Codes of the purposes that a third party hears of people for.
    purposes: Vec<String>,
    /// `hmac` or `ed25519`.
    scheme: String,
    /// Whether it is told anything.
    enabled: bool,
    /// Why not: `by_hand`, `gone` (it answered 410) or `failing` (nothing reached it for days).
    disabled: Option<String>,
    /// Since when nothing has reached it.
    failing_since: Option<DateTime<Utc>>,
    /// When it last took something.
    delivered_at: Option<DateTime<Utc>>,
    /// Until when the secret before signs too.
    previous_secret_until: Option<DateTime<Utc>>,
    /// When it was added.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: Uuid,
}

impl From<WebhookRow> for WebhookBody {
    fn from(row: WebhookRow) -> Self {
        Self {
            id: row.id,
            version: row.version,
            name: row.name,
            url: row.url,
            event_types: row.event_types,
            third_party: row.third_party_name,
            purposes: row.purposes,
            scheme: row.scheme,
            enabled: row.disabled.is_none(),
            disabled: row.disabled,
            failing_since: row.failing_since,
            delivered_at: row.delivered_at,
            previous_secret_until: row.previous_until,
            created_at: row.created_at,
            created_by: row.created_by,
        }
    }
}

/// A webhook with what verifies its signatures, for the only time.
#[derive(Serialize, ToSchema)]
pub struct CreatedWebhookBody {
    #[serde(flatten)]
    webhook: WebhookBody,
    /// `whsec_` and the secret, or `whpk_` and the public key, in base64.
    secret: String,
}

impl CreatedWebhookBody {
    /// With the secret.
    pub fn new(row: WebhookRow, secret: &WebhookSecret) -> Self {
        Self { webhook: row.into(), secret: secret.for_receiver().to_string() }
    }
}

/// Something that a webhook was told, or is to be.
#[derive(Serialize, ToSchema)]
pub struct DeliveryBody {
    /// Its id.
    id: Uuid,
    /// The webhook.
    webhook_id: Uuid,
    /// The event; `webhook-id` of each try, unless a third party knows it by another.
    event_id: Uuid,
    /// The event's type.
    event_type: String,
    /// `pending`, `delivered`, `failed`, or `dropped` where it was not to be told any more when its turn came.
    state: String,
    /// When it is tried next.
    next_try_at: Option<DateTime<Utc>>,
    /// Since when it is to be told.
    created_at: DateTime<Utc>,
    /// When it ended.
    ended_at: Option<DateTime<Utc>>,
    /// Every try: `at`, `outcome` (`delivered`, `gone`, `redirect`, `status`, `blocked_ip`, `unreachable`, `timeout`, `too_large`), `status`, `milliseconds`.
    /// Nothing of the receiver's answer is kept.
    #[schema(value_type = Vec<Object>)]
    tries: Value,
}

impl From<DeliveryRow> for DeliveryBody {
    fn from(row: DeliveryRow) -> Self {
        let DeliveryRow { id, webhook, event, kind, state, due_at, created_at, ended_at, tries } = row;
        let next_try_at = Some(due_at).filter(|_| state == "pending");
        Self {
            id,
            webhook_id: webhook,
            event_id: event,
            event_type: kind,
            state,
            next_try_at,
            created_at,
            ended_at,
            tries,
        }
    }
}

/// What is to be told again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayBody {
    /// What was to be told since then; deliveries are kept for 30 days.
    pub since: DateTime<Utc>,
    /// Whether that means also what arrived.
    #[serde(default)]
    pub delivered_too: bool,
}

impl Body for ReplayBody {}

/// How much is told again.
#[derive(Serialize, ToSchema)]
pub struct ReplayedBody {
    /// Deliveries begun anew.
    pub replayed: u64,
}

/// One webhook.
pub fn webhook_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "version": 1, "name": "Shop", "url": "https://shop.example.com/custodian",
        "event_types": ["consents.withdrawn"], "third_party": null, "purposes": [], "scheme": "hmac", "enabled": true, "disabled": null, "failing_since": null,
        "delivered_at": "2026-11-22T08:00:05Z", "previous_secret_until": null, "created_at": "2026-11-22T08:00:00Z",
        "created_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11"})
}

/// One webhook with its secret.
pub fn created_example() -> Value {
    let mut example = webhook_example();
    if let Some(members) = example.as_object_mut() {
        members.insert("delivered_at".to_owned(), Value::Null);
        members.insert("secret".to_owned(), json!("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="));
    }
    example
}

/// One delivery.
pub fn delivery_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12", "webhook_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10",
        "event_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a13", "event_type": "consents.withdrawn", "state": "delivered", "next_try_at": null,
        "created_at": "2026-11-22T08:00:00Z", "ended_at": "2026-11-22T08:00:01Z",
        "tries": [{"at": "2026-11-22T08:00:01Z", "outcome": "delivered", "status": 204, "milliseconds": 31}]})
}
