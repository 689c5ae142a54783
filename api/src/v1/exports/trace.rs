//! Which file a found value came from.

use actix_web::post;
use actix_web::web::Data;
use chrono::{DateTime, Utc};
use custodian_application::disclosures::Disclosed;
use custodian_application::exports::Traced;
use custodian_application::{App, exports};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::TraceLeaks;
use super::bodies::ExportBody;
use crate::http::{Body, May, Problem, Reply, Valid, WriteProblems};

/// A value that turned up elsewhere.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeakBody {
    /// As it was found: a name, a number, an address, an id.
    #[schema(min_length = 2, max_length = 500)]
    value: String,
}

impl Body for LeakBody {}

/// Where it came from.
#[derive(Serialize, ToSchema)]
pub struct LeakTraceBody {
    /// `export` or `partner`.
    source: &'static str,
    /// The file, with its requester, its approvers and the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    export: Option<ExportBody>,
    /// The key, with the company that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<LeakPartnerBody>,
}

/// A key that was shown what turned up.
#[derive(Serialize, ToSchema)]
pub struct LeakPartnerBody {
    /// The company that holds the key.
    third_party_id: Uuid,
    /// Its name.
    third_party: String,
    /// The key.
    api_key_id: Uuid,
    /// What the key is for.
    api_key: String,
    /// Purposes that it is bound to.
    purposes: Vec<String>,
    /// Whether it works now.
    active: bool,
    /// Since when the value stood in its answers.
    shown_from: DateTime<Utc>,
    /// Until when; null where it still does.
    shown_until: Option<DateTime<Utc>>,
}

impl From<Disclosed> for LeakPartnerBody {
    fn from(shown: Disclosed) -> Self {
        let Disclosed { key, active, since, until } = shown;
        Self {
            third_party_id: key.third_party.uuid(),
            third_party: key.third_party_name,
            api_key_id: key.id.uuid(),
            api_key: key.name,
            purposes: key.purposes,
            active,
            shown_from: since,
            shown_until: until,
        }
    }
}

impl From<Traced> for LeakTraceBody {
    fn from(traced: Traced) -> Self {
        match traced {
            Traced::Export(view) => Self { source: "export", export: Some((*view).into()), partner: None },
            Traced::Partner(shown) => Self { source: "partner", export: None, partner: Some((*shown).into()) },
        }
    }
}

/// Trace a leak.
///
/// Each export carries a row about nobody whose values stand in no other file and about no customer: found anywhere, one of them names the export, who asked for it, who approved
/// it and why, also when the file itself is long gone. Each partner's key is shown such a row of its own among the customers, which names the company and the key. However the value
/// is typed. A value of no such row is `404`; the value itself is kept nowhere.
#[utoipa::path(
    tag = "exports", security(("bearer" = [])),
    request_body(content = LeakBody, example = json!({"value": "+86 161 1234 5678"})),
    responses((status = 200, description = "Where it came from.", body = LeakTraceBody, example = json!({"source": "partner", "partner": {"third_party_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11",
        "third_party": "SMS gateway", "api_key_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "api_key": "delivery", "purposes": ["sms_delivery"], "active": true,
        "shown_from": "2026-11-22T08:00:00Z", "shown_until": null}})), WriteProblems))]
#[post("/leak-traces")]
pub async fn trace_leak(may: May<TraceLeaks>, app: Data<App>, body: Valid<LeakBody>) -> Result<Reply, Problem> {
    let found = exports::trace(&app, &may, &body.value).await?;
    Ok(Reply::ok(&LeakTraceBody::from(found))?)
}
