//! Disclosures: what third parties were shown.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use custodian_application::{App, disclosures};
use custodian_domain::kernel::ThirdPartyId;
use custodian_persistence::disclosures::{DisclosureFilter, DisclosureRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::{Id, Listing, May, Pages, Problem, Query, ReadProblems};
use crate::needs;
use crate::v1::audit::first_id;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_disclosures);
}

needs! {
    /// Reads what third parties were shown.
    ReadDisclosures = DisclosuresRead;
}

/// Keys of the fields that an answer showed, by how much of them.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct DisclosedFieldsBody {
    /// In full.
    read: Vec<String>,
    /// As their mask.
    masked: Vec<String>,
    /// In full on request, with a reason.
    revealed: Vec<String>,
}

/// One answer to a key that showed something of somebody.
#[derive(Serialize, ToSchema)]
pub struct DisclosureBody {
    /// The entry of the audit log that tells of it; `GET /v1/audit/proofs/inclusion?entry_id=` proves it.
    entry_id: Uuid,
    /// When.
    at: Option<DateTime<Utc>>,
    /// The key.
    api_key_id: Uuid,
    /// What was asked for, such as `customers.read`.
    action: String,
    /// The purpose that was named.
    purpose: Option<String>,
    /// How many people it showed.
    customer_count: i32,
    /// Which fields.
    fields: DisclosedFieldsBody,
}

impl From<DisclosureRow> for DisclosureBody {
    fn from(row: DisclosureRow) -> Self {
        let DisclosureRow { entry, key, action, purpose, customers, fields } = row;
        let at = entry.get_timestamp().and_then(|at| {
            let (seconds, nanos) = at.to_unix();
            DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
        });
        let fields = serde_json::from_value(fields).unwrap_or_default();
        Self { entry_id: entry, at, api_key_id: key, action, purpose, customer_count: customers, fields }
    }
}

/// List what a third party was shown.
///
/// Every answer to one of its keys that showed somebody, newest first: read from the audit log, so that none can be left out. A key's `third_party_id` stands in
/// `GET /v1/api-keys`. For one person's disclosures give `customer_id`.
#[utoipa::path(
    tag = "disclosures", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the third party"),
        ("api_key_id" = Option<Uuid>, Query, description = "To this key"),
        ("customer_id" = Option<Uuid>, Query, description = "Of this customer, alone or among others"),
        ("from" = Option<DateTime<Utc>>, Query, description = "At or after"), ("until" = Option<DateTime<Utc>>, Query, description = "Before"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of disclosures.", body = Listing<DisclosureBody>,
        example = json!({"data": [{"entry_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a50", "at": "2026-11-22T08:00:00.120Z", "api_key_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a51",
            "action": "customers.list", "purpose": "sms_delivery", "customer_count": 50, "fields": {"read": ["name", "mobile"], "masked": [], "revealed": []}}],
            "next_cursor": null})), ReadProblems))]
#[get("/third-parties/{id}/disclosures")]
pub async fn list_disclosures(
    may: May<ReadDisclosures>,
    app: Data<App>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("/v1/third-parties/{}/disclosures", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let filter = DisclosureFilter {
        key: query.uuid("api_key_id"),
        customer: query.uuid("customer_id"),
        from: query.time("from").map(first_id),
        until: query.time("until").map(first_id),
        before: pages.id_position(&mut query)?,
    };
    let limit = query.limit();
    query.done()?;
    let (rows, next) = disclosures::list(&app, &may, ThirdPartyId::from(id.get()), &filter, limit).await?;
    let data = rows.into_iter().map(DisclosureBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}
