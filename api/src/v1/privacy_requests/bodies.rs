//! Requests of people about their data, as they come and go.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use custodian_application::privacy_requests::{Details, NewRequest, RequestView, Shown, Whom};
use custodian_domain::kernel::Fault;
use custodian_domain::privacy_requests::{Channel, Jurisdiction, Proof, Requester, Right, Rule};
use custodian_persistence::privacy_requests::{EventRow, RequestRow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Body;

/// A contact point.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestContactBody {
    /// `email` or `mobile`.
    #[schema(pattern = "^(email|mobile)$")]
    pub field: String,
    /// The address or the number; in no answer and kept nowhere.
    #[schema(min_length = 1, max_length = 254)]
    pub value: String,
}

/// Who asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequesterBody {
    /// `subject`, `agent`, `guardian` or `relative` of somebody who has died.
    #[schema(pattern = "^(subject|agent|guardian|relative)$")]
    kind: String,
    /// Their name, where that is not the person.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// What they are to the person; needed of guardians and relatives.
    #[schema(max_length = 200)]
    relationship: Option<String>,
    /// Their own lawful, legitimate interest; needed of relatives.
    #[schema(max_length = 1_000)]
    interest: Option<String>,
    /// The written permission, by its reference; needed of agents.
    #[schema(max_length = 500)]
    authorization: Option<String>,
}

/// A request to be filed. Exactly one of `customer_id` and `contact` is given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPrivacyRequestBody {
    /// What is asked for.
    #[schema(
        pattern = "^(access|portability|rectification|erasure|restriction|objection|withdraw_consent|explanation)$"
    )]
    right: String,
    /// Under whose law: `CN`, `EU` or `US-CA`.
    #[schema(pattern = "^(CN|EU|US-CA)$")]
    jurisdiction: String,
    /// The customer.
    customer_id: Option<Uuid>,
    /// Or whoever has this contact point.
    contact: Option<RequestContactBody>,
    /// When it came in: the clock runs from there. Now when absent.
    received_at: Option<DateTime<Utc>>,
    /// How it came in.
    #[schema(pattern = "^(email|phone|letter|in_person|web)$")]
    channel: String,
    /// Who asks; the person when absent.
    requester: Option<RequesterBody>,
    /// Codes of the purposes that it is about; all when absent. An objection names none that rests on consent: that is withdrawn. Nor one that
    /// an objection does not end (`not_objectable`).
    #[schema(max_items = 100)]
    purposes: Option<Vec<String>>,
    /// In the person's own words; kept sealed.
    #[schema(max_length = 4_000)]
    words: Option<String>,
    /// What is to stand in place of what does, by field; for `rectification`. Values as `PATCH /v1/customers/{id}` takes them, `null` takes one away. Kept
    /// sealed.
    corrections: Option<BTreeMap<String, Value>>,
}

impl Body for NewPrivacyRequestBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let given = |name: &str| value.get(name).is_some_and(|member| !member.is_null());
        if given("customer_id") == given("contact") {
            return vec![Fault::new("", "one_of").with_arg("customer_id, contact")];
        }
        Vec::new()
    }
}

impl NewPrivacyRequestBody {
    /// The request; `None` for a body that the schema had to refuse.
    pub fn into_request(self) -> Option<NewRequest> {
        let whom = match (self.customer_id, self.contact) {
            (Some(id), None) => Whom::Customer(id),
            (None, Some(contact)) => Whom::Contact(contact.field, contact.value),
            _ => return None,
        };
        let corrections = self.corrections.unwrap_or_default();
        let kind = match &self.requester {
            Some(requester) => Requester::from_code(&requester.kind)?,
            None => Requester::Subject,
        };
        let details = match self.requester {
            Some(RequesterBody { name, relationship, interest, authorization, .. }) => {
                Details { name, relationship, interest, authorization, words: self.words, corrections }
            }
            None => Details { words: self.words, corrections, ..Details::default() },
        };
        Some(NewRequest {
            right: Right::from_code(&self.right)?,
            jurisdiction: Jurisdiction::from_code(&self.jurisdiction)?,
            whom,
            received_at: self.received_at,
            channel: Channel::from_code(&self.channel)?,
            requester: kind,
            purposes: self.purposes.unwrap_or_default(),
            details,
        })
    }
}

/// A proof of who asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyBody {
    /// `code`: without `code` one is sent to a contact point on file, with it that one is checked. Or what staff have seen: `document`, `in_person`, `signed_letter`.
    #[schema(pattern = "^(code|document|in_person|signed_letter)$")]
    method: String,
    /// The code that was sent.
    #[schema(pattern = "^[0-9]{8}$")]
    code: Option<String>,
    /// Which customer it is, as staff know them; in place of the one that it was taken for, if there is one.
    customer_id: Option<Uuid>,
}

impl Body for VerifyBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let by_code = value.get("method").and_then(Value::as_str) == Some("code");
        let given = |name: &str| value.get(name).is_some_and(|member| !member.is_null());
        let wrong = |name: &str, wrong: bool| wrong.then(|| Fault::new(format!("/{name}"), "not_allowed"));
        let faults = [wrong("code", !by_code && given("code")), wrong("customer_id", by_code && given("customer_id"))];
        faults.into_iter().flatten().collect()
    }
}

impl VerifyBody {
    /// What is shown.
    pub fn into_shown(self) -> Option<Shown> {
        match (Proof::from_code(&self.method)?, self.code) {
            (Proof::Code, Some(code)) => Some(Shown::Code(code)),
            (Proof::Code, None) => Some(Shown::SendCode),
            (proof, _) => Some(Shown::Seen(proof, self.customer_id)),
        }
    }
}

/// Filed.
#[derive(Serialize, ToSchema)]
pub struct FiledBody {
    /// Its id.
    id: Uuid,
    /// What is asked for.
    right: String,
    /// Under whose law.
    jurisdiction: String,
    /// `received`, or `in_progress` where the law asks for no proof of identity.
    state: String,
    /// When it came in.
    received_at: DateTime<Utc>,
    /// Its receipt is to be confirmed by the end of this day.
    acknowledge_by: Option<NaiveDate>,
    /// Its last day.
    due_on: NaiveDate,
    /// The first moment after that day.
    due_at: DateTime<Utc>,
}

impl From<RequestView> for FiledBody {
    fn from(view: RequestView) -> Self {
        let RequestRow { id, right, jurisdiction, state, received_at, acknowledge_by, due_on, due_at, .. } = view.row;
        Self { id, right, jurisdiction, state, received_at, acknowledge_by, due_on, due_at }
    }
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub struct RequestEventBody {
    /// `filed`, `proof_asked`, `moved` (it turned out to be somebody else's), `verified`, `acknowledged`, `assigned`, `extended`, `linked`, `stands`,
    /// `due_soon`, `overdue`, `completed`, `rejected`, `cancelled`, `answered_in_other`, `reopened`, `package_fetched`, `restricted`, `lifting_announced` or `lifted`.
    kind: String,
    /// Where the request stood afterwards.
    state: String,
    /// When.
    at: DateTime<Utc>,
    /// `staff`, `subject` or `system`.
    by_kind: String,
    /// Who.
    by: Uuid,
}

impl From<EventRow> for RequestEventBody {
    fn from(row: EventRow) -> Self {
        let EventRow { kind, state, at, by_kind, by, .. } = row;
        Self { kind, state, at, by_kind, by }
    }
}

/// What the time of a request rests on.
#[derive(Serialize, ToSchema)]
pub struct BasisBody {
    /// The law's short name.
    law: &'static str,
    /// The article.
    article: &'static str,
    /// What the law says of the time, in English.
    en: &'static str,
    /// The same in Chinese.
    zh: &'static str,
    /// The limit in days is the organisation's own: the law names none.
    policy: bool,
}

/// The basis of a request's time.
pub fn basis(right: &str, jurisdiction: &str) -> Option<BasisBody> {
    let rule = Rule::of(Jurisdiction::from_code(jurisdiction)?, Right::from_code(right)?)?;
    let [en, zh] = rule.text;
    Some(BasisBody { law: rule.law, article: rule.article, en, zh, policy: rule.policy })
}

/// A request.
#[derive(Serialize, ToSchema)]
pub struct PrivacyRequestBody {
    /// Its id.
    id: Uuid,
    /// What is asked for.
    right: String,
    /// Under whose law.
    jurisdiction: String,
    /// `received`, `verifying`, `in_progress`, `completed`, `rejected` or `cancelled`.
    state: String,
    /// Whose data it is about: once that is proved, and before to those who answer requests.
    customer_id: Option<Uuid>,
    /// `subject`, `agent`, `guardian` or `relative`.
    requester: String,
    /// Who speaks for the person, and what was said; null once the person's data is gone.
    details: Option<DetailsBody>,
    /// How it came in: `email`, `phone`, `letter`, `in_person`, `web`, `self_service`, or from a partner by `opendsr` or `drp`.
    channel: String,
    /// Codes of the purposes that it is about; all when empty.
    purposes: Vec<String>,
    /// When it came in.
    received_at: DateTime<Utc>,
    /// Its receipt is to be confirmed by the end of this day.
    acknowledge_by: Option<NaiveDate>,
    /// When that was done.
    acknowledged_at: Option<DateTime<Utc>>,
    /// Its last day; while `paused_at` is set, that of before the clock stood still.
    due_on: NaiveDate,
    /// The first moment after that day.
    due_at: DateTime<Utc>,
    /// From that day on the organisation's own limit is hard to call "in time".
    warn_on: Option<NaiveDate>,
    /// What the time rests on.
    basis: Option<BasisBody>,
    /// When it was extended.
    extended_at: Option<DateTime<Utc>>,
    /// Since when the clock stands still, for a proof of identity alone.
    paused_at: Option<DateTime<Utc>>,
    /// How it was proved who asks: `code`, `document`, `in_person`, `signed_letter`, or `partner` where a partner that vouches passed it on.
    proof: Option<String>,
    /// When that was.
    verified_at: Option<DateTime<Utc>>,
    /// Who works on it.
    assignee_id: Option<Uuid>,
    /// The request of the same person for the same right, law and purposes that stands instead of this one, or in whose answer this one ended; shown like
    /// `customer_id`.
    duplicate_of: Option<Uuid>,
    /// Code of the ground on which it was turned down.
    ground: Option<String>,
    /// The article that it rests on.
    article: Option<String>,
    /// What the person may do about it, by language.
    #[schema(value_type = Option<Object>)]
    remedy: Option<Value>,
    /// What was answered.
    answer: Option<String>,
    /// When it ended.
    closed_at: Option<DateTime<Utc>>,
    /// What happened, oldest first; left out of lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<RequestEventBody>,
}

/// What was said when it was filed.
#[derive(Serialize, ToSchema)]
pub struct DetailsBody {
    /// Name of who speaks for the person.
    name: Option<String>,
    /// What they are to the person.
    relationship: Option<String>,
    /// Their own interest.
    interest: Option<String>,
    /// The written permission.
    authorization: Option<String>,
    /// In the person's own words.
    words: Option<String>,
    /// What is to be corrected, by field.
    #[schema(value_type = Object)]
    corrections: BTreeMap<String, Value>,
}

impl From<Details> for DetailsBody {
    fn from(details: Details) -> Self {
        let Details { name, relationship, interest, authorization, words, corrections } = details;
        Self { name, relationship, interest, authorization, words, corrections }
    }
}

impl From<RequestView> for PrivacyRequestBody {
    fn from(view: RequestView) -> Self {
        let RequestView { row, details, answer, events, names_person } = view;
        Self {
            basis: basis(&row.right, &row.jurisdiction),
            id: row.id,
            right: row.right,
            jurisdiction: row.jurisdiction,
            state: row.state,
            customer_id: row.customer.filter(|_| names_person),
            requester: row.requester,
            details: details.map(DetailsBody::from),
            channel: row.channel,
            purposes: row.purposes,
            received_at: row.received_at,
            acknowledge_by: row.acknowledge_by,
            acknowledged_at: row.acknowledged_at,
            due_on: row.due_on,
            due_at: row.due_at,
            warn_on: row.warn_on,
            extended_at: row.extended_at,
            paused_at: row.paused_at,
            proof: row.proof,
            verified_at: row.verified_at,
            assignee_id: row.assignee,
            duplicate_of: row.duplicate_of.filter(|_| names_person),
            ground: row.ground,
            article: row.article,
            remedy: row.remedy,
            answer,
            closed_at: row.closed_at,
            events: events.into_iter().map(RequestEventBody::from).collect(),
        }
    }
}

/// For the document.
pub fn filed_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a60", "right": "access", "jurisdiction": "CN", "state": "received", "received_at": "2026-11-20T08:00:00Z",
        "acknowledge_by": null, "due_on": "2026-12-11", "due_at": "2026-12-11T16:00:00Z"})
}

/// For the document.
pub fn privacy_request_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a60", "right": "access", "jurisdiction": "CN", "state": "in_progress",
        "customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "requester": "subject",
        "details": {"name": null, "relationship": null, "interest": null, "authorization": null, "words": "Please send me what you hold about me.", "corrections": {}},
        "channel": "email", "purposes": [], "received_at": "2026-11-20T08:00:00Z", "acknowledge_by": null, "acknowledged_at": null, "due_on": "2026-12-11",
        "due_at": "2026-12-11T16:00:00Z", "warn_on": "2026-12-20", "basis": {"law": "pipl", "article": "44-50", "en": "in time", "zh": "及时", "policy": true},
        "extended_at": null, "paused_at": null, "proof": "code", "verified_at": "2026-11-20T09:00:00Z", "assignee_id": null, "duplicate_of": null, "ground": null,
        "article": null, "remedy": null, "answer": null, "closed_at": null,
        "events": [{"kind": "filed", "state": "received", "at": "2026-11-20T08:05:00Z", "by_kind": "staff", "by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a13"}]})
}
