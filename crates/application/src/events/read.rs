//! Reading what happened, as far as the caller may read what it is about.

use chrono::{DateTime, Utc};
use custodian_domain::access::{Decision, Outcome, Thing, View, Who};
use custodian_domain::audit::Action;
use custodian_domain::catalog::Field;
use custodian_domain::events::{About, EventType, Holds};
use custodian_domain::kernel::{CustomerId, DomainError, RefusedAs};
use custodian_domain::roles::Permission;
use custodian_persistence::Work;
use custodian_persistence::events::{self as stored, EventRow, Reach};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::audit::{Detail, Draft};
use crate::consents::those_agreed;
use crate::customers::{decide_agreed, decide_fields, refuse};
use crate::paging::{cut, one_more};
use crate::webhooks::is_own;
use crate::{App, Call};

/// Which events are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Of these types; empty for all.
    pub kinds: Vec<EventType>,
    /// About this customer, by the id that the caller knows.
    pub customer: Option<Uuid>,
    /// After this event, by the id that the caller knows.
    pub after: Option<Uuid>,
    /// After this place; goes before `after`.
    pub position: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

/// An event as this caller is told of it.
#[derive(Clone, Debug)]
pub struct EventView {
    /// Its id, as the caller knows it.
    pub id: Uuid,
    /// Its type.
    pub kind: EventType,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What it says.
    pub data: Map<String, Value>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Page {
    /// The events, in order. What was found may be less than the limit although there is more.
    pub events: Vec<EventView>,
    /// Up to here everything was looked at.
    pub position: i64,
    /// Whether there is more already.
    pub more: bool,
}

/// Events in the order of their commits.
///
/// Errors: 400 `unknown_event` for an `after` that is none, or too old; 403 `purpose_required`, `purpose_not_allowed` for a caller who is bound to purposes.
pub async fn list(app: &App, call: &Call, wanted: &Wanted) -> Result<Page, DomainError> {
    let page = look(app, call, wanted).await?;
    let mut customers: Vec<CustomerId> = Vec::new();
    for event in &page.events {
        let named = event.data.get("customer_id").and_then(Value::as_str).and_then(|id| id.parse().ok());
        customers.extend(named.and_then(|id| call.identity.meant_customer(id).ok()));
    }
    customers.sort_unstable();
    customers.dedup();
    let count = u32::try_from(page.events.len()).unwrap_or(u32::MAX);
    let draft = Draft { customers, ..Draft::of(Action::EventsRead) };
    app.record_read(call, draft.with("count", Detail::Count(count))).await?;
    Ok(page)
}

/// The same without an entry, for who records it otherwise.
pub(super) async fn look(app: &App, call: &Call, wanted: &Wanted) -> Result<Page, DomainError> {
    call.needs(Permission::EventsRead)?;
    let reach = reach(app, call, wanted);
    let ask = async |work: &Work| {
        let after = start_of(work, call, wanted).await?.unwrap_or(0);
        // The head first: whatever stands up to it is seen by the next statement.
        let head = stored::head(work).await?;
        Ok::<_, DomainError>((stored::read(work, &reach, after, one_more(wanted.limit)).await?, after.max(head)))
    };
    let (mut rows, head) = app.reading(call.organization(), ask).await?;
    let next = cut(&mut rows, wanted.limit, |row| row.position);
    let last = rows.last().map_or(head, |row| row.position);
    let (position, more) = (next.unwrap_or(last.max(head)), next.is_some());
    Ok(Page { events: told(app, call, rows).await?, position, more })
}

/// The place that is gone on from; none where none was named.
pub(super) async fn start_of(work: &Work, call: &Call, wanted: &Wanted) -> Result<Option<i64>, DomainError> {
    match (wanted.position, wanted.after) {
        (Some(position), _) => Ok(Some(position)),
        (None, Some(id)) => {
            let meant = call.identity.meant_customer(id).map_err(|_| unknown_event())?;
            stored::position_of(work, meant.uuid()).await?.map(Some).ok_or_else(unknown_event)
        }
        (None, None) => Ok(None),
    }
}

fn unknown_event() -> DomainError {
    DomainError::refused(RefusedAs::BadRequest, "unknown_event")
}

/// What this caller reaches. Partners hear of customers alone.
fn reach(app: &App, call: &Call, wanted: &Wanted) -> Reach {
    // An id that means nobody finds nothing.
    let meant = |id| call.identity.meant_customer(id).map(CustomerId::uuid).unwrap_or_default();
    let customer = wanted.customer.map(meant);
    let mut reach = Reach { customer, account: call.identity.user().map(Into::into), ..Reach::default() };
    let asked = |kind: &&EventType| wanted.kinds.is_empty() || wanted.kinds.contains(kind);
    let partner = call.identity.user().is_none();
    for kind in EventType::ALL.iter().filter(asked).filter(|kind| !partner || kind.for_partners()) {
        let holds = call.identity.caller.holds(kind.permission());
        match kind.about() {
            About::Customer if holds => {
                let scope = call.scope(kind.permission(), &[], app.now());
                match reach.customers.iter_mut().find(|(_, known)| *known == scope) {
                    Some((kinds, _)) => kinds.push(kind.code()),
                    None => reach.customers.push((vec![kind.code()], scope)),
                }
            }
            About::Staff | About::Organization if holds => reach.whole.push(kind.code()),
            About::Staff => reach.own.push(kind.code()),
            About::Customer | About::Organization => {}
        }
    }
    reach
}

/// Each event through the decision about its customer; those whose customers have not agreed to the call's purpose are left out.
async fn told(app: &App, call: &Call, rows: Vec<EventRow>) -> Result<Vec<EventView>, DomainError> {
    let mut customers: Vec<CustomerId> = rows.iter().filter_map(|row| row.customer).map(CustomerId::from).collect();
    customers.sort_unstable();
    customers.dedup();
    let agreed = those_agreed(app, call, &customers).await?;
    let mut told = Vec::with_capacity(rows.len());
    for row in rows {
        // A type that this version does not know was written by a newer one.
        let Some(kind) = EventType::from_code(&row.kind) else { continue };
        let shown = match row.customer {
            None => row.data.as_object().cloned(),
            Some(customer) if speaks_of_consent(kind) || agreed.contains(&customer.into()) => {
                seen(app, call, kind, &row, agreed.contains(&customer.into()))?
            }
            Some(_) => None,
        };
        let id = call.identity.shown_id(CustomerId::from(row.id));
        told.extend(shown.map(|data| EventView { id, kind, at: row.at, data }));
    }
    Ok(told)
}

/// That a consent ended must reach those who relied on it, and that it was given those who asked.
const fn speaks_of_consent(kind: EventType) -> bool {
    matches!(kind.permission(), Permission::ConsentsRead)
}

fn seen(
    app: &App,
    call: &Call,
    kind: EventType,
    row: &EventRow,
    agreed: bool,
) -> Result<Option<Map<String, Value>>, DomainError> {
    let thing = Thing {
        customer: CustomerId::from(row.customer.unwrap_or_default()),
        owner: row.owner,
        collaborators: &row.collaborators,
        department_path: call.identity.department_path(row.department),
        region: row.region.as_deref(),
        restricted: row.restricted,
    };
    let consents: Vec<String> = call.purpose.clone().filter(|_| agreed).into_iter().collect();
    let decision = match record_fields(call, row) {
        Some(fields) => decide_fields(app, call, &thing, kind.permission(), Some(&consents), fields),
        None => decide_agreed(app, call, &thing, kind.permission(), &consents),
    };
    match decision.outcome {
        Outcome::Allowed => {}
        Outcome::DoesNotExist => return Ok(None),
        other => refuse(other, kind.permission())?,
    }
    let data = row.data.as_object().cloned().unwrap_or_default();
    if call.identity.user().is_none() && !is_own(call.identity.third_party, &data) {
        return Ok(None);
    }
    if let (Who::Partner(partner), Some(purpose)) = (&call.identity.caller.who, data.get("purpose"))
        && !partner.purposes.is_empty()
        && !purpose.as_str().is_some_and(|code| partner.purposes.contains(code))
    {
        return Ok(None);
    }
    let members = data.into_iter().map(|(name, value)| {
        let value = shown(call, kind, &name, value, &decision);
        (name, value)
    });
    let members: Map<String, Value> = members.collect();
    // That something is due is what the field says: for nobody from whom it is hidden.
    let tells_field = matches!(kind, EventType::RecordsDue | EventType::RecordsOverdue);
    let hidden = members.get("fields").and_then(Value::as_array).is_some_and(Vec::is_empty);
    Ok(if tells_field && hidden { None } else { Some(members) })
}

/// The fields that an event about a record speaks of.
fn record_fields<'c>(call: &'c Call, row: &EventRow) -> Option<&'c [Field]> {
    let code = row.data.get("record_type")?.as_str()?;
    Some(call.catalog().record_type(code).map_or(&[], |one| one.fields.as_slice()))
}

/// A member as this caller may read it.
fn shown(call: &Call, kind: EventType, name: &str, value: Value, decision: &Decision<'_>) -> Value {
    let holds = kind.members().iter().find(|(known, _)| *known == name).map(|(_, holds)| *holds);
    match (holds, value) {
        (Some(Holds::Person), Value::String(id)) => {
            let concealed = id.parse().map(|id: Uuid| call.identity.shown_id(CustomerId::from(id)).to_string());
            concealed.map_or(Value::Null, Value::String)
        }
        (Some(Holds::Fields), Value::Array(keys)) => Value::Array(
            keys.into_iter().filter(|key| key.as_str().is_some_and(|key| is_open(key, decision))).collect(),
        ),
        (_, value) => value,
    }
}

/// Whether the caller may know that there is something at this key: a field that is not hidden, or an attribute such as the owner.
fn is_open(key: &str, decision: &Decision<'_>) -> bool {
    decision.fields.iter().find(|(field, _)| field.key == key).is_none_or(|(_, access)| access.view != View::Hidden)
}
