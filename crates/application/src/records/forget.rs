//! Taking one field away from records for good: its values, what they are found by, and what they were before.

use custodian_domain::catalog::{Field, RecordType};
use custodian_domain::kernel::DomainError;
use custodian_persistence::Work;
use custodian_persistence::customers::{CustomerRow, SealedFields, SealedValue};
use custodian_persistence::records::{self as stored, Hung, RecordRow, RecordVersionRow};
use uuid::Uuid;

use super::sealing::{Spot, open_record, open_value, seal, tags, values};
use super::write::state_facts;
use crate::App;

/// Takes a field away from these records of a locked customer; those of which there was something, now or before. When they last changed stays as it was.
pub(crate) async fn forget_field(
    app: &App,
    work: &Work,
    customer: &CustomerRow,
    (of, field): (&RecordType, &Field),
    ids: &[Uuid],
) -> Result<Vec<Uuid>, DomainError> {
    let mut met = Vec::new();
    for record in stored::lock_of(work, customer.id, Some(ids)).await? {
        let id = record.id;
        let past = stored::scrub_versions(work, customer.id, id, field.key).await?;
        let held = record.fields.get(field.key).is_some();
        if held {
            take_away(app, work, Hung { record, customer: customer.clone() }, of, field).await?;
        }
        if held || past > 0 {
            met.push(id);
        }
    }
    Ok(met)
}

async fn take_away(app: &App, work: &Work, hung: Hung, of: &RecordType, field: &Field) -> Result<(), DomainError> {
    let organization = work.organization();
    let key = open_record(app, organization, &hung)?;
    let record = &hung.record;
    let spot = Spot::of(organization, record);
    let kept: Option<Vec<SealedValue<'_>>> =
        values(record).filter(|value| value.is_none_or(|value| value.key != field.key)).collect();
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
        changed: vec![field.key.to_owned()],
        previous_owner: record.owner.map(|owner| owner.uuid()),
        previous_fields: SealedFields::default(),
    };
    Ok(stored::store_change(work, &next, &kept_version, &tagged).await?)
}
