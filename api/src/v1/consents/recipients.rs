//! Withdrawals as cases: who was told, who has acknowledged.

use actix_web::http::header::HeaderMap;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::consents::{self, RecipientView};
use custodian_application::webhooks::Signature;
use custodian_persistence::customers::CustomerReader;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{AcknowledgeWithdrawals, ReadConsents};
use crate::http::{
    Empty, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, WriteProblems, once, page_of,
};

/// A recipient of a purpose whose consent was withdrawn.
#[derive(Serialize, ToSchema)]
pub struct WithdrawalRecipientBody {
    /// The withdrawal; to be acknowledged at `/v1/withdrawals/{id}/acknowledge`.
    withdrawal_id: Uuid,
    /// The third party.
    third_party_id: Uuid,
    /// Its name.
    third_party: String,
    /// Whose consent, by the id that the caller knows.
    customer_id: Uuid,
    /// The record that was withdrawn.
    consent_id: Uuid,
    /// Code of the purpose.
    purpose: String,
    /// The way of contact; null for every one.
    channel: Option<String>,
    /// `pending` until one of its webhooks has taken the news or, where none of them was to be told, one of its keys may read it; `notified`, `acknowledged` or `overdue`.
    state: &'static str,
    /// When it was told: when the first of its webhooks took the news; where none of them was to be told, at the withdrawal, or when the first of its live keys was made
    /// later, with `withdrawals.acknowledge` or `events.read` and bound to this purpose or to none. Null until then. Deliveries count for the 30 days of their log, and
    /// as long as their webhook is not deleted.
    notified_at: Option<DateTime<Utc>>,
    /// When it was withdrawn.
    withdrawn_at: DateTime<Utc>,
    /// Until when it must be acknowledged; then the partner's calls for the purpose end.
    due_at: DateTime<Utc>,
    /// When it was acknowledged.
    acknowledged_at: Option<DateTime<Utc>>,
    /// Whether that was signed with the secret of one of the third party's webhooks.
    signed: bool,
}

impl From<RecipientView> for WithdrawalRecipientBody {
    fn from(view: RecipientView) -> Self {
        let state = view.state();
        let RecipientView { row, customer, consent, id } = view;
        Self {
            withdrawal_id: id,
            third_party_id: row.third_party,
            third_party: row.name,
            customer_id: customer,
            consent_id: consent,
            purpose: row.purpose,
            channel: Some(row.channel).filter(|channel| channel != custodian_domain::consents::EVERY_CHANNEL),
            state,
            notified_at: row.notified_at,
            withdrawn_at: row.at,
            due_at: row.due_at,
            acknowledged_at: row.acknowledged_at,
            signed: row.signed,
        }
    }
}

fn example() -> Value {
    json!({"withdrawal_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a70", "third_party_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "third_party": "SMS gateway",
        "customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "consent_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a60", "purpose": "marketing", "channel": null,
        "state": "notified", "notified_at": "2026-11-22T08:00:01Z", "withdrawn_at": "2026-11-22T08:00:00Z", "due_at": "2026-11-25T08:00:00Z", "acknowledged_at": null, "signed": false})
}

/// List who must hear of a withdrawal.
///
/// Every recipient of the purpose when this consent was withdrawn: the third parties that the purpose names, those with a key bound to it, and those with a key that
/// may see people and is bound to no purpose. A case stays open until each has acknowledged it.
#[utoipa::path(
    tag = "consents", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the consent"), ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of recipients.", body = Listing<WithdrawalRecipientBody>,
        example = json!({"data": [example()], "next_cursor": null})), ReadProblems))]
#[get("/consents/{id}/recipients")]
pub async fn list_recipients(
    may: May<ReadConsents>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("/v1/consents/{}/recipients", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let all = consents::recipients(&app, &reader, &may, id.get()).await?;
    let data = all.into_iter().map(WithdrawalRecipientBody::from).collect();
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// List withdrawals to be acknowledged.
///
/// For a partner: every withdrawal that concerns it, oldest first; `open=true` for those that it has not acknowledged. Past `due_at` its calls for the purpose are
/// answered `403 withdrawal_unacknowledged`. Each of its keys may, whatever its permissions.
#[utoipa::path(
    tag = "consents", security(("api_key" = [])),
    params(("open" = Option<bool>, Query, description = "Those that wait, or those that do not"), ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of withdrawals.", body = Listing<WithdrawalRecipientBody>,
        example = json!({"data": [example()], "next_cursor": null})), ListProblems))]
#[get("/withdrawals")]
pub async fn list_withdrawals(
    may: May<AcknowledgeWithdrawals>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/withdrawals", &query);
    let (open, after) = (query.parsed("open", "invalid_boolean"), pages.id_position(&mut query)?);
    let limit = query.limit();
    query.done()?;
    let (views, next) = consents::withdrawals(&app, &may, open, after, limit).await?;
    let data = views.into_iter().map(WithdrawalRecipientBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Acknowledge a withdrawal.
///
/// The partner says that it has stopped what the consent allowed. A second time changes nothing. It may sign its word with the secret of its webhook, as Standard
/// Webhooks 1.0.0 has it, with the id of the withdrawal as `webhook-id`, over an empty body; a signature that does not hold is refused. Each of its keys may, whatever
/// its permissions.
#[utoipa::path(
    tag = "consents", security(("api_key" = [])), params(("id" = Uuid, Path, description = "Id of the withdrawal"),
        ("webhook-id" = Option<String>, Header, description = "The id of the withdrawal, where it is signed"),
        ("webhook-timestamp" = Option<String>, Header, description = "Seconds since 1970, five minutes off at most"),
        ("webhook-signature" = Option<String>, Header, description = "`v1,` and the HMAC-SHA-256 of `{webhook-id}.{webhook-timestamp}.` in base64")),
    responses((status = 200, description = "Acknowledged.", body = WithdrawalRecipientBody, example = json!(example())), WriteProblems))]
#[post("/withdrawals/{id}/acknowledge")]
pub async fn acknowledge_withdrawal(
    may: May<AcknowledgeWithdrawals>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    let signature = signature(req.headers())?;
    once(&app, &may, &req, &none.0, async |work| {
        let view = consents::acknowledge(&app, &may, work, id.get(), signature.as_ref()).await?;
        Reply::ok(&WithdrawalRecipientBody::from(view))
    })
    .await
}

/// The three headers together, or none of them.
fn signature(headers: &HeaderMap) -> Result<Option<Signature>, Problem> {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    if names.iter().all(|name| !headers.contains_key(*name)) {
        return Ok(None);
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let [id, timestamp, signatures] = names.map(text);
    match (id, timestamp.and_then(|text| text.parse().ok()), signatures) {
        (Some(id), Some(timestamp), Some(signatures)) => Ok(Some(Signature { id, timestamp, signatures })),
        _ => Err(Problem::of("invalid_signature")),
    }
}
