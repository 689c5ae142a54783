//! What a webhook is told: chosen when the event gets its place, and looked at once more when its turn comes.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use custodian_crypto::PseudonymKey;
use custodian_domain::access::PurposeFacts;
use custodian_domain::events::{About, EventType, Holds};
use custodian_domain::kernel::{DomainError, ThirdPartyId};
use custodian_domain::roles::Permission;
use custodian_domain::webhooks::takes;
use custodian_persistence::Work;
use custodian_persistence::events::{self as events, EventRow, Placed};
use custodian_persistence::webhooks::{self as stored, DueDelivery, NewDelivery, WebhookRow};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::consents::{agreed_to, objecting_to};
use crate::{App, purposes};

/// Queues what was just given its place for every webhook that takes it, in the same transaction.
pub(crate) async fn fan_out(app: &App, work: &Work, placed: &[Placed]) -> Result<(), DomainError> {
    let webhooks = if placed.is_empty() { Vec::new() } else { stored::enabled(work).await? };
    let mut all = Vec::new();
    for event in placed {
        let Some(kind) = EventType::from_code(&event.kind) else { continue };
        for row in webhooks.iter().filter(|row| takes(&row.event_types, row.third_party.is_some(), kind)) {
            all.push(NewDelivery { id: app.new_id(), webhook: row.id, event: event.id, kind: kind.code() });
        }
    }
    if all.is_empty() {
        return Ok(());
    }
    stored::queue(work, &all, app.now()).await?;
    let lanes: BTreeSet<Uuid> = all.iter().map(|one| one.webhook).collect();
    Ok(stored::wake(work, &lanes.into_iter().collect::<Vec<_>>()).await?)
}

/// Whether any webhook of the organisation takes events of this type.
pub(crate) async fn anyone_takes(work: &Work, kind: EventType) -> Result<bool, DomainError> {
    let all = stored::enabled(work).await?;
    Ok(all.iter().any(|row| takes(&row.event_types, row.third_party.is_some(), kind)))
}

/// What is sent: `type`, `timestamp`, `data`, in the order of the specification.
#[derive(Serialize)]
struct Payload<'a> {
    r#type: &'a str,
    timestamp: DateTime<Utc>,
    data: Map<String, Value>,
}

/// A delivery ready to be sent, or found to be none of the receiver's business any more.
pub(super) struct Letter {
    pub delivery: DueDelivery,
    /// The same for every try; the receiver tells repetitions by it.
    pub id: Uuid,
    /// What to send; nothing where it is not to be told.
    pub body: Option<Vec<u8>>,
}

/// Writes what is due to a webhook, as of now.
pub(super) async fn letters(
    app: &App,
    work: &Work,
    row: &WebhookRow,
    due: Vec<DueDelivery>,
) -> Result<Vec<Letter>, DomainError> {
    let ids: Vec<Uuid> = due.iter().map(|one| one.event).collect();
    let found: HashMap<Uuid, EventRow> =
        events::by_ids(work, &ids).await?.into_iter().map(|event| (event.id, event)).collect();
    let receiver = Receiver::load(app, work, row, found.values()).await?;
    let letter = |delivery: DueDelivery| {
        let body = found.get(&delivery.event).and_then(|event| receiver.told(event));
        Letter { id: receiver.shown(delivery.event), body, delivery }
    };
    Ok(due.into_iter().map(letter).collect())
}

/// Whether what names a third party names this one.
pub(crate) fn is_own(third_party: Option<ThirdPartyId>, data: &Map<String, Value>) -> bool {
    let named = data.get("third_party_id").and_then(Value::as_str);
    named.is_none_or(|named| third_party.is_some_and(|own| own.to_string() == named))
}

/// Who is told, with what decides what it may hear.
struct Receiver {
    /// A third party's own ids; the organisation's own webhooks hear the real ones.
    pseudonyms: Option<PseudonymKey>,
    third_party: Option<ThirdPartyId>,
    purposes: Vec<PurposeFacts>,
    /// Whoever has agreed to one of the purposes, or need not.
    reached: HashSet<Uuid>,
}

impl Receiver {
    async fn load(
        app: &App,
        work: &Work,
        row: &WebhookRow,
        all: impl Iterator<Item = &EventRow>,
    ) -> Result<Self, DomainError> {
        let Some(third_party) = row.third_party else {
            return Ok(Self { pseudonyms: None, third_party: None, purposes: Vec::new(), reached: HashSet::new() });
        };
        let in_force = purposes::in_force(work).await?;
        let purposes: Vec<PurposeFacts> = row.purposes.iter().filter_map(|code| in_force.get(code).cloned()).collect();
        let customers: Vec<Uuid> = all.filter_map(|event| event.customer).collect();
        let mut reached = HashSet::new();
        for purpose in &purposes {
            if purpose.needs_consent {
                reached.extend(agreed_to(work, &customers, &purpose.code).await?);
            } else {
                let objecting = match purpose.may_object {
                    true => objecting_to(work, &customers, &purpose.code).await?,
                    false => Vec::new(),
                };
                reached.extend(customers.iter().filter(|id| !objecting.contains(id)));
            }
        }
        let pseudonyms = Some(app.keys().pseudonyms(work.organization(), third_party));
        Ok(Self { pseudonyms, third_party: Some(third_party), purposes, reached })
    }

    fn shown(&self, id: Uuid) -> Uuid {
        self.pseudonyms.as_ref().map_or(id, |key| key.conceal(id))
    }

    fn told(&self, event: &EventRow) -> Option<Vec<u8>> {
        let kind = EventType::from_code(&event.kind)?;
        let data = event.data.as_object()?;
        if !self.may_hear(kind, event, data) {
            return None;
        }
        let member = |(name, value): (&String, &Value)| (name.clone(), self.member(kind, name, value));
        let data = data.iter().map(member).collect();
        serde_json::to_vec(&Payload { r#type: kind.code(), timestamp: event.at, data }).ok()
    }

    fn may_hear(&self, kind: EventType, event: &EventRow, data: &Map<String, Value>) -> bool {
        let entered = matches!(kind, EventType::CustomersCreated | EventType::CustomersUpdated);
        if event.gone && entered {
            // Whoever is gone is told of once, by that.
            return false;
        }
        if self.pseudonyms.is_none() {
            return true;
        }
        if kind.about() != About::Customer {
            return kind == EventType::WebhooksPinged;
        }
        if !is_own(self.third_party, data) {
            return false;
        }
        if kind.permission() == Permission::ConsentsRead {
            let purpose = data.get("purpose").and_then(Value::as_str);
            return purpose.is_some_and(|code| self.purposes.iter().any(|known| known.code == code));
        }
        // That somebody is gone must reach whoever may still hold something of them; and so must what it is asked for by name.
        let gone = matches!(kind, EventType::CustomersDeleted | EventType::CustomersErased);
        gone || data.contains_key("third_party_id") || event.customer.is_some_and(|id| self.reached.contains(&id))
    }

    fn member(&self, kind: EventType, name: &str, value: &Value) -> Value {
        let holds = kind.members().iter().find(|(known, _)| *known == name).map(|(_, holds)| *holds);
        match (holds, value, &self.pseudonyms) {
            (Some(Holds::Person), Value::String(id), Some(key)) => {
                id.parse().map_or(Value::Null, |id: Uuid| Value::String(key.conceal(id).to_string()))
            }
            (Some(Holds::Fields), Value::Array(keys), Some(_)) => Value::Array(
                keys.iter().filter(|key| key.as_str().is_some_and(|key| self.lists(key))).cloned().collect(),
            ),
            _ => value.clone(),
        }
    }

    /// Whether one of the purposes lists this field.
    fn lists(&self, key: &str) -> bool {
        self.purposes.iter().any(|purpose| purpose.fields.as_ref().is_none_or(|fields| fields.contains(key)))
    }
}
