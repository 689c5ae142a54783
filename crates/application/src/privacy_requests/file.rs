//! Filing a request. Its answer is the same whether somebody of that id or contact point is on file or not.

use chrono::{DateTime, NaiveDate, Utc};
use custodian_domain::audit::Action;
use custodian_domain::catalog::{SearchKind, customer};
use custodian_domain::kernel::{CustomerId, DomainError, Fault, JobId};
use custodian_domain::privacy_requests::{
    Channel, Claim, Jurisdiction, Proof, Requester, Right, Rule, State, claim_faults,
};
use custodian_domain::roles::Permission;
use custodian_persistence::privacy_requests::{self as stored, RequestRow};
use custodian_persistence::{Work, consents, customers as people, jobs};
use serde_json::{Value, json};
use uuid::Uuid;

use super::read::{Details, RequestView};
use super::{Doer, KIND, duplicates, entry, note, tell, times, watch};
use crate::audit::Detail;
use crate::customers::{FieldInput, accept_field};
use crate::events::EventType;
use crate::keys::{own_place, seal_own};
use crate::{App, Call, purposes};

/// Whose data a request is about.
#[derive(Clone)]
pub enum Whom {
    /// A customer, by the id that the caller knows.
    Customer(Uuid),
    /// Whoever has this contact point: field key and value. Never printed.
    Contact(String, String),
}

/// A request to be filed.
#[derive(Clone)]
pub struct NewRequest {
    /// What is asked for.
    pub right: Right,
    /// Under whose law.
    pub jurisdiction: Jurisdiction,
    /// About whom.
    pub whom: Whom,
    /// When it came in; now when absent.
    pub received_at: Option<DateTime<Utc>>,
    /// How it came in.
    pub channel: Channel,
    /// Who asks.
    pub requester: Requester,
    /// Codes of the purposes that it is about.
    pub purposes: Vec<String>,
    /// What was said.
    pub details: Details,
}

/// Files a request. The clock runs from its receipt.
///
/// Errors: 422 for what somebody who speaks for another must say and does not, for a contact point that is none, for corrections that no change of the
/// customer could make, for purposes that are unknown or that an objection does not end, and `calendar_missing`.
pub async fn create(app: &App, call: &Call, work: &Work, new: NewRequest) -> Result<RequestView, DomainError> {
    call.needs(Permission::PrivacyRequestsCreate)?;
    let found = meant(app, call, work, &new.whom).await?;
    file(app, call, work, new, found, None).await
}

/// Files one of somebody who is known, or not yet.
pub(crate) async fn file(
    app: &App,
    call: &Call,
    work: &Work,
    new: NewRequest,
    customer: Option<CustomerId>,
    proof: Option<Proof>,
) -> Result<RequestView, DomainError> {
    stored::hold(work).await?;
    let now = work.database_time().await?;
    check(call, work, &new, now.date_naive()).await?;
    if new.received_at.is_some_and(|at| at > now) {
        return Err(DomainError::invalid("/received_at", "in_the_future"));
    }
    let rule = Rule::of(new.jurisdiction, new.right).ok_or_else(|| DomainError::internal("a right without a rule"))?;
    let mut row = blank(app, call, &new, now);
    row.customer = customer.map(CustomerId::uuid);
    if !rule.identity || proof.is_some() {
        row.state = State::InProgress.as_str().to_owned();
    }
    row.proof = proof.map(|proof| proof.as_str().to_owned());
    row.verified_at = proof.map(|_| now);
    row.sealed_details = seal_details(app, work, row.id, &new.details).await?;
    times::Times::load(work, new.jurisdiction).await?.set(&mut row)?;
    duplicates::settle(app, work, &mut row, Doer::of(call)).await?;
    stored::insert(work, &row).await?;
    note(app, work, &row, Doer::of(call), "filed", json!({"due_on": row.due_on})).await?;
    tell(app, work, EventType::PrivacyRequestsFiled, &row).await?;
    jobs::insert(work, JobId::from(row.id), KIND, Uuid::nil(), now).await?;
    jobs::put_off(work, JobId::from(row.id), watch::first_look(&row)).await?;
    let draft = entry(Action::PrivacyRequestsCreate, &row)
        .with("channel", Detail::Code(row.channel.clone()))
        .with("requester", Detail::Code(row.requester.clone()));
    app.record_change(work, call, draft).await?;
    Ok(RequestView { row, details: Some(new.details), answer: None, events: Vec::new(), names_person: false })
}

async fn check(call: &Call, work: &Work, new: &NewRequest, today: NaiveDate) -> Result<(), DomainError> {
    let Details { relationship, interest, authorization, .. } = &new.details;
    let claim = Claim {
        relationship: relationship.as_deref(),
        interest: interest.as_deref(),
        authorization: authorization.as_deref(),
    };
    let mut faults = claim_faults(new.requester, new.right, claim);
    let objects = new.right == Right::Objection;
    // Asked anew: what is known of a caller may be half a second old.
    let known = purposes::in_force(work).await?;
    for (index, code) in new.purposes.iter().enumerate() {
        let at = |code| Fault::new(format!("/purposes/{index}"), code);
        match known.get(code) {
            None => faults.push(at("unknown_purpose")),
            // What rests on consent is withdrawn.
            Some(purpose) if objects && purpose.needs_consent => faults.push(at("not_allowed")),
            // Reads would go on: only some grounds, and selling or sharing, end by an objection (GDPR art. 21(1), CCPA 1798.120).
            Some(purpose) if objects && !purpose.may_object => faults.push(at("not_objectable")),
            Some(_) => {}
        }
    }
    faults.extend(correction_faults(call, new, today));
    if faults.is_empty() { Ok(()) } else { Err(DomainError::Invalid(faults)) }
}

/// What is to be corrected must be values of the catalog; a rectification in words alone is one as well.
fn correction_faults(call: &Call, new: &NewRequest, today: NaiveDate) -> Vec<Fault> {
    let corrections = &new.details.corrections;
    let fault = |(key, value): (&String, &Value)| {
        if new.right != Right::Rectification {
            let token = key.replace('~', "~0").replace('/', "~1");
            return Some(Fault::new(format!("/corrections/{token}"), "not_allowed"));
        }
        // As a change of the customer judges it, which is what becomes of it.
        let mut fault = accept_field(call.customer(), key, &FieldInput::from(value), today).err()?;
        fault.pointer = fault.pointer.replacen("/fields/", "/corrections/", 1);
        Some(fault)
    };
    corrections.iter().filter_map(fault).collect()
}

fn blank(app: &App, call: &Call, new: &NewRequest, now: DateTime<Utc>) -> RequestRow {
    let (by, received_at) = (Doer::of(call), new.received_at.unwrap_or(now));
    RequestRow {
        id: app.new_id(),
        right: new.right.as_str().to_owned(),
        jurisdiction: new.jurisdiction.as_str().to_owned(),
        state: State::Received.as_str().to_owned(),
        customer: None,
        requester: new.requester.as_str().to_owned(),
        channel: new.channel.as_str().to_owned(),
        purposes: new.purposes.clone(),
        acknowledged_at: None,
        sealed_details: None,
        received_at,
        created_at: now,
        created_by_kind: by.kind.to_owned(),
        created_by: by.id,
        acknowledge_by: None,
        due_on: received_at.date_naive(),
        due_at: received_at,
        warn_on: None,
        window_ends_at: received_at,
        extended_at: None,
        paused_at: None,
        paused_seconds: 0,
        proof: None,
        verified_at: None,
        assignee: None,
        duplicate_of: None,
        ground: None,
        article: None,
        remedy: None,
        sealed_answer: None,
        closed_at: None,
        told: 0,
        version: 1,
        packaged_at: None,
    }
}

/// The one customer that is meant, if there is exactly one. A contact point that several people share says nothing of who asks.
pub(crate) async fn meant(app: &App, call: &Call, work: &Work, whom: &Whom) -> Result<Option<CustomerId>, DomainError> {
    // In the order in which whoever answers a request takes the two.
    stored::hold(work).await?;
    match whom {
        Whom::Customer(id) => {
            let Ok(id) = call.identity.meant_customer(*id) else { return Ok(None) };
            Ok(people::lock_by_now(work, id).await?.map(|row| row.id))
        }
        Whom::Contact(field, value) => {
            let tag = contact_tag(app, work, field, value).await?;
            whose_contact(work, &tag).await
        }
    }
}

/// Whose contact point this is: of the one customer who has it, else, where none in use has it, of the one deleted customer who had it.
pub(crate) async fn whose_contact(work: &Work, tag: &[u8; 16]) -> Result<Option<CustomerId>, DomainError> {
    // Both are asked for whatever the first finds, so that the time it takes tells nothing.
    let found = consents::known_contacts(work, std::slice::from_ref(tag)).await?;
    let deleted = people::deleted_with_contact(work, tag).await?;
    Ok(match (found.as_slice(), deleted.as_slice()) {
        ([(_, only)], _) => Some(CustomerId::from(*only)),
        ([], [only]) => Some(*only),
        _ => None,
    })
}

/// The blind index of a contact point.
///
/// Errors: 422 with what is wrong with it, which tells nothing of who has it.
pub(crate) async fn contact_tag(app: &App, work: &Work, field: &str, value: &str) -> Result<[u8; 16], DomainError> {
    let known = customer().field(field).filter(|_| matches!(field, "email" | "mobile"));
    let known = known.ok_or_else(|| DomainError::invalid("/contact/field", "unknown_field"))?;
    let term = known.query_term(SearchKind::Exact, value);
    let term = term.map_err(|refusal| DomainError::Invalid(vec![Fault::new("/contact/value", refusal.code)]))?;
    let keys = app.keys().open_organization(work).await?;
    Ok(keys.tag(field, SearchKind::Exact, &term))
}

async fn seal_details(app: &App, work: &Work, id: Uuid, details: &Details) -> Result<Option<Vec<u8>>, DomainError> {
    let text = serde_json::to_string(details).map_err(|_| DomainError::internal("details do not serialise"))?;
    let keys = app.keys().open_organization(work).await?;
    let place = own_place(work.organization(), "privacy_request", id, "details", 1);
    Ok(Some(seal_own(&keys, &place, &text, app.rng())))
}
