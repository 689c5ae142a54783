//! The inbox: everything that waits for a person, in one call.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::inbox::{self, Item};
use custodian_domain::inbox::Kind;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::{ListProblems, May, Pages, Problem, Query, page_of};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_inbox);
}

needs! {
    /// Reads what waits for oneself.
    ReadInbox = InboxRead;
}

/// Something that waits.
#[derive(Serialize, ToSchema)]
pub struct ItemBody {
    /// `approval`, `emergency_review`, `access_review`, `export_ready`, `privacy_request`, `withdrawal_overdue`, `notification_overdue`, `erasure_batch`, `form_submission`
    /// or `alert`.
    kind: &'static str,
    /// Of the request, the review, the export, the third party, the submission or the alarm.
    id: Uuid,
    /// What to call to see it.
    href: String,
    /// Since when it waits.
    since: DateTime<Utc>,
    /// Until when.
    due_at: Option<DateTime<Utc>>,
    /// Whether that has passed.
    overdue: bool,
    /// How many things it stands for: open lines of a review, withdrawals that a recipient has not acknowledged, doors that an alarm counted, else 1.
    count: i64,
    /// Who asks.
    requester_id: Option<Uuid>,
    /// Keys of the fields asked for.
    fields: Vec<String>,
    /// About how many customers.
    customer_count: Option<i32>,
    /// The right that a person makes use of, such as `erasure`.
    right: Option<String>,
}

impl From<Item> for ItemBody {
    fn from(item: Item) -> Self {
        let Item { kind, id, href, since, due_at, overdue, count, requester, fields, customers, right } = item;
        let kind = kind.as_str();
        let (requester_id, customer_count) = (requester, customers);
        Self { kind, id, href, since, due_at, overdue, count, requester_id, fields, customer_count, right }
    }
}

/// What waits for the caller.
#[derive(Serialize, ToSchema)]
pub struct InboxBody {
    /// A page of it, newest first.
    data: Vec<ItemBody>,
    /// Send it as `cursor` with the same query for the next page; null on the last.
    next_cursor: Option<String>,
    /// How many items there are of each kind, whatever the page and the filter.
    counts: BTreeMap<&'static str, u64>,
    /// How many there are in all.
    total: u64,
    /// How many of them are late.
    overdue: u64,
}

/// Read one's inbox.
///
/// Everything that waits for the caller, newest first, with counts: requests to decide, emergencies to review, access reviews to answer, own exports to take away; people's own
/// requests that one has taken on or nobody has, for who answers them; and, for who manages purposes, recipients that have not acknowledged withdrawals in time; for who looks into alarms, those that are open. Erasures of many that somebody else or
/// the service proposes wait for who may erase, and what was sent by forms about somebody known for who may change that customer. An item is gone as soon as it is dealt with.
#[utoipa::path(
    tag = "inbox", security(("bearer" = [])),
    params(("kind" = Option<String>, Query, description = "`approval`, `emergency_review`, `access_review`, `export_ready`, `privacy_request`, `withdrawal_overdue`, `notification_overdue`, `erasure_batch`, `form_submission` or `alert`"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "What waits.", body = InboxBody, example = json!(example())), ListProblems))]
#[get("/inbox")]
pub async fn list_inbox(may: May<ReadInbox>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/inbox", &query);
    let kinds: Vec<&'static str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    let kind = query.choice("kind", &kinds);
    let items = inbox::list(&app, &may).await?;
    let mut counts: BTreeMap<&'static str, u64> = kinds.iter().map(|kind| (*kind, 0)).collect();
    for item in &items {
        *counts.entry(item.kind.as_str()).or_default() += 1;
    }
    let (total, overdue) = (items.len() as u64, items.iter().filter(|item| item.overdue).count() as u64);
    let wanted = items.into_iter().filter(|item| kind.is_none_or(|kind| kind == item.kind.as_str()));
    let page = page_of(wanted.map(ItemBody::from).collect(), &pages, &mut query)?;
    Ok(HttpResponse::Ok().json(InboxBody { data: page.data, next_cursor: page.next_cursor, counts, total, overdue }))
}

fn example() -> Value {
    json!({"data": [
        {"kind": "approval", "id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a40", "href": "/v1/access-requests/0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a40",
            "since": "2026-11-22T08:00:00Z", "due_at": "2026-11-29T08:00:00Z", "overdue": false, "count": 1,
            "requester_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a13", "fields": ["mobile"], "customer_count": 1, "right": null},
        {"kind": "access_review", "id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a42", "href": "/v1/access-reviews/0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a42/lines?answered=false",
            "since": "2026-11-20T08:00:00Z", "due_at": "2026-12-20T08:00:00Z", "overdue": false, "count": 12,
            "requester_id": null, "fields": [], "customer_count": null, "right": null}],
        "next_cursor": null, "counts": {"approval": 1, "emergency_review": 0, "access_review": 1, "export_ready": 0, "privacy_request": 0, "withdrawal_overdue": 0, "alert": 0}, "total": 2, "overdue": 0})
}
