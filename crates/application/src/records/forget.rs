//! Taking fields away from records for good: their values, what they are found by, and what they were before.

use custodian_domain::catalog::{Field, RecordType};
use custodian_domain::kernel::DomainError;
use custodian_persistence::Work;
use custodian_persistence::customers::{CustomerRow, SealedFields, SealedValue};
use custodian_persistence::records::{self as stored, Hung, RecordRow, RecordVersionRow};
use uuid::Uuid;

use super::news;
use super::sealing::{Spot, open_record, open_value, seal, tags, values};
use super::write::state_facts;
use crate::App;
use crate::events::EventType;

/// What was taken away.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forgotten {
    /// The records of which there was something, now or before.
    pub records: Vec<Uuid>,
    /// The keys of the fields that there was something of.
    pub keys: Vec<&'static str>,
}

/// Takes fields away from these records of a locked customer. When they last changed stays as it was. Who follows events is told of those that had a value until now.
pub(crate) async fn forget_fields(
    app: &App,
    work: &Work,
    customer: &CustomerRow,
    (of, fields): (&RecordType, &[&Field]),
    ids: &[Uuid],
) -> Result<Forgotten, DomainError> {
    let mut forgotten = Forgotten::default();
    for record in stored::lock_of(work, customer.id, Some(ids)).await? {
        let id = record.id;
        let (mut held, mut met): (Vec<&Field>, Vec<&'static str>) = (Vec::new(), Vec::new());
        for field in fields {
            let past = stored::scrub_versions(work, customer.id, id, field.key, None).await?;
            let now = record.fields.get(field.key).is_some();
            held.extend(now.then_some(*field));
            met.extend((now || past > 0).then_some(field.key));
        }
        if !held.is_empty() {
            take_away(app, work, Hung { record, customer: customer.clone() }, of, &held).await?;
        }
        if !met.is_empty() {
            forgotten.records.push(id);
        }
        met.retain(|key| !forgotten.keys.contains(key));
        forgotten.keys.extend(met);
    }
    Ok(forgotten)
}

async fn take_away(app: &App, work: &Work, hung: Hung, of: &RecordType, gone: &[&Field]) -> Result<(), DomainError> {
    let organization = work.organization();
    let key = open_record(app, organization, &hung)?;
    let record = &hung.record;
    let spot = Spot::of(organization, record);
    let goes = |value: &SealedValue<'_>| gone.iter().any(|field| field.key == value.key);
    let kept: Option<Vec<SealedValue<'_>>> = values(record).filter(|value| !value.as_ref().is_some_and(goes)).collect();
    let kept = kept.ok_or(DomainError::Integrity)?;
    let mut opened = Vec::with_capacity(kept.len());
    for other in &of.fields {
        if let Some(value) = kept.iter().find(|value| value.key == other.key) {
            opened.push((other, open_value(&key, spot, value)?));
        }
    }
    let pairs: Vec<(&Field, &str)> = opened.iter().map(|(field, value)| (*field, value.as_str())).collect();
    let version = record.version.checked_add(1).ok_or_else(|| DomainError::internal("version overflow"))?;
    let sealed_as = u32::try_from(version).map_err(|_| DomainError::Integrity)?;
    let fields = seal(app, &key, spot, sealed_as, &kept, &[]);
    let keys = app.keys().open_organization(work).await?;
    // What is out of use is found by nothing, and stays so.
    let found_by = |pairs: &[(&Field, &str)]| tags(&keys, of, pairs.iter().copied());
    let tagged = if record.tags.is_empty() { Vec::new() } else { found_by(&pairs) };
    let packed = tagged.iter().flat_map(|(tag, _)| *tag).collect();
    let mut next = RecordRow { version, fields, tags: packed, ..record.clone() };
    state_facts(of, &pairs, &mut next);
    let kept_version = RecordVersionRow {
        version,
        changed_at: work.database_time().await?,
        changed_by: Uuid::nil(),
        actor_kind: "system".to_owned(),
        changed: gone.iter().map(|field| field.key.to_owned()).collect(),
        previous_owner: record.owner.map(|owner| owner.uuid()),
        previous_fields: SealedFields::default(),
    };
    stored::store_change(work, &next, &kept_version, &tagged).await?;
    news::written(app, work, EventType::RecordsUpdated, &next, kept_version.changed).await
}
