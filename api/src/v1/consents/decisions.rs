//! Decisions: may this use be made, or could it then.

use actix_web::http::header::HeaderMap;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::consents::{self, Asked, Decided, Whom};
use custodian_domain::consents::Judgement;
use custodian_domain::kernel::Fault;
use custodian_persistence::consents::DecisionReader;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::DecideConsents;
use crate::http::{Body, May, Problem, Query, ReadProblems, Reply, Valid, WriteProblems};

/// Fields of a customer that people are reached by.
const CONTACTS: [&str; 3] = ["mobile", "email", "wechat"];

/// A way to reach somebody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactBody {
    /// `mobile`, `email` or `wechat`.
    r#type: String,
    /// The number or address. It is looked for by its sealed index and kept nowhere.
    #[schema(min_length = 1, max_length = 254)]
    value: String,
}

/// A question about many.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionsBody {
    /// Code of the purpose.
    #[schema(min_length = 1, max_length = 64)]
    purpose: String,
    /// By this way of contact; absent for any.
    #[schema(max_length = 40)]
    channel: Option<String>,
    /// As of this moment; now when absent.
    as_of: Option<DateTime<Utc>>,
    /// Up to 10,000 customers, by the ids that the caller knows.
    #[schema(min_items = 1, max_items = 10000)]
    customer_ids: Option<Vec<Uuid>>,
    /// Or up to 10,000 ways to reach people.
    #[schema(min_items = 1, max_items = 10000)]
    contact_points: Option<Vec<ContactBody>>,
}

impl Body for DecisionsBody {
    const LARGE: bool = true;

    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let given = ["customer_ids", "contact_points"].iter().filter(|name| value.get(**name).is_some()).count();
        let mut faults = Vec::new();
        if given != 1 {
            faults.push(Fault::new("", "one_of").with_arg("customer_ids, contact_points"));
        }
        let points = value.get("contact_points").and_then(Value::as_array).into_iter().flatten();
        for (at, point) in points.enumerate() {
            if !point.get("type").and_then(Value::as_str).is_some_and(|kind| CONTACTS.contains(&kind)) {
                let place = format!("/contact_points/{at}/type");
                faults.push(Fault::new(place, "not_a_choice").with_arg(CONTACTS.join(", ")));
            }
        }
        faults
    }
}

impl From<DecisionsBody> for Asked {
    fn from(body: DecisionsBody) -> Self {
        let DecisionsBody { purpose, channel, as_of, customer_ids, contact_points } = body;
        let points = contact_points.unwrap_or_default().into_iter();
        let whom = match customer_ids {
            Some(ids) => Whom::Customers(ids),
            None => Whom::Contacts(points.map(|point| (point.r#type, point.value)).collect()),
        };
        Self { purpose, channel, as_of, whom, opts_out: false }
    }
}

/// One decision.
#[derive(Serialize, ToSchema)]
pub struct DecisionBody {
    /// Whether the use is allowed.
    allowed: bool,
    /// `consent_in_force`, `other_basis`; or `unknown_person`, `purpose_not_in_force`, `channel_not_covered`, `no_consent`, `refused`, `withdrawn`, `expired`,
    /// `needs_renewal`, `objected`, `restricted`, `opt_out_signal`.
    reason: &'static str,
    /// Code of the purpose's legal basis then.
    #[serde(skip_serializing_if = "Option::is_none")]
    legal_basis: Option<String>,
    /// The consent that decided.
    consent_id: Option<Uuid>,
    /// Id of the version of the notice that it was given under.
    notice_version: Option<Uuid>,
    /// The moment that this is true of.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<DateTime<Utc>>,
}

impl From<Judgement> for DecisionBody {
    fn from(judgement: Judgement) -> Self {
        let Judgement { reason, consent, notice } = judgement;
        let (allowed, reason) = (reason.allows(), reason.code());
        Self { allowed, reason, legal_basis: None, consent_id: consent, notice_version: notice, as_of: None }
    }
}

/// Decisions about many.
#[derive(Serialize, ToSchema)]
pub struct DecidedBody {
    /// The moment that they are true of.
    as_of: DateTime<Utc>,
    /// Code of the purpose's legal basis then; null where the purpose was not in force.
    legal_basis: Option<String>,
    /// One for each that was asked about, in the same order.
    data: Vec<DecisionBody>,
}

/// Global Privacy Control: `1` and nothing else; one of several is enough.
pub(crate) fn opts_out(headers: &HeaderMap) -> bool {
    headers.get_all("sec-gpc").any(|value| value.as_bytes() == b"1")
}

/// Ask whether a use is allowed.
///
/// For one customer: is, or at `as_of` was, the use of this person's data for this purpose allowed, on what ground, under which notice. The same question about the
/// past is answered alike for ever. `Sec-GPC: 1`, passed on from a browser, is an opt-out from purposes that sell, share or
/// advertise: the answer is then `opt_out_signal`.
#[utoipa::path(
    tag = "consents", security(("bearer" = []), ("api_key" = [])),
    params(("customer_id" = Uuid, Query, description = "The customer, by the id that the caller knows"), ("purpose" = String, Query, description = "Code of the purpose"),
        ("channel" = Option<String>, Query, description = "By this way of contact"), ("as_of" = Option<DateTime<Utc>>, Query, description = "As of this moment; now when absent")),
    responses((status = 200, description = "The decision.", body = DecisionBody, example = json!({"allowed": true, "reason": "consent_in_force", "legal_basis": "cn_consent",
        "consent_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a60", "notice_version": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a50", "as_of": "2026-11-22T08:00:00Z"})),
        (status = 422, description = "An unknown purpose, or a moment that has not come."), ReadProblems))]
#[get("/consent-decisions")]
pub async fn decide_consent(
    may: May<DecideConsents>,
    app: Data<App>,
    reader: Data<DecisionReader>,
    req: HttpRequest,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let (id, purpose, channel) = (query.uuid("customer_id"), query.text("purpose"), query.text("channel"));
    let as_of = query.time("as_of");
    for (name, missing) in [("customer_id", id.is_none()), ("purpose", purpose.is_none())] {
        if missing {
            query.fault(name, "required");
        }
    }
    query.done()?;
    let whom = Whom::Customers(id.into_iter().collect());
    let opts_out = opts_out(req.headers());
    let asked = Asked { purpose: purpose.unwrap_or_default(), channel, as_of, whom, opts_out };
    let Decided { as_of, legal_basis, judgements } = consents::decide_one(&app, &reader, &may, asked).await?;
    let judgement = judgements.into_iter().next().ok_or_else(|| Problem::of("not_found"))?;
    Ok(HttpResponse::Ok().json(DecisionBody { legal_basis, as_of: Some(as_of), ..judgement.into() }))
}

/// Ask whether uses are allowed.
///
/// For up to 10,000 customers or contact points at once. A contact point is looked for by its sealed index and shown to nobody; one that several people share is
/// allowed only if each of them allows it, and one that nobody has is `unknown_person`.
#[utoipa::path(
    tag = "consents", security(("bearer" = []), ("api_key" = [])),
    request_body(content = DecisionsBody, example = json!({"purpose": "marketing", "channel": "sms", "contact_points": [{"type": "mobile", "value": "13812345678"}]})),
    responses((status = 200, description = "The decisions.", body = DecidedBody, example = json!({"as_of": "2026-11-22T08:00:00Z", "legal_basis": "cn_consent",
        "data": [{"allowed": false, "reason": "withdrawn", "consent_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a60", "notice_version": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a50"}]})), WriteProblems))]
#[post("/consent-decisions")]
pub async fn decide_consents(
    may: May<DecideConsents>,
    app: Data<App>,
    req: HttpRequest,
    body: Valid<DecisionsBody>,
) -> Result<Reply, Problem> {
    let asked = Asked { opts_out: opts_out(req.headers()), ..body.into_inner().into() };
    let Decided { as_of, legal_basis, judgements } = consents::decide(&app, &may, asked).await?;
    let data = judgements.into_iter().map(DecisionBody::from).collect();
    Ok(Reply::ok(&DecidedBody { as_of, legal_basis, data })?)
}
