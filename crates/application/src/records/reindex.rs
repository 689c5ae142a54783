//! Bringing the indexes of stored records in line with the catalog.

use custodian_domain::catalog::{Catalog, Field};
use custodian_domain::kernel::DomainError;
use custodian_persistence::Work;
use custodian_persistence::records as stored;
use uuid::Uuid;

use super::sealing::{Spot, open_record, open_value, tags};
use super::write::state_facts;
use crate::App;

/// Gives these records of a type the tags and the open facts that the catalog asks for; answers how many of them repeat a value of the field `counted` that
/// is to be unique. What is out of use gets the open facts alone.
pub(crate) async fn retag(
    app: &App,
    work: &Work,
    catalog: &Catalog,
    (code, ids): (&str, &[Uuid]),
    counted: &str,
) -> Result<i64, DomainError> {
    let Some(of) = catalog.record_type(code) else { return Ok(0) };
    let keys = app.keys().open_organization(work).await?;
    let mut repeated = 0;
    for id in ids {
        let Some((mut hung, used)) = stored::lock_whatever(work, of.code, *id).await? else { continue };
        let Ok(key) = open_record(app, work.organization(), &hung) else {
            tracing::error!(alert = "critical", record = %id, "a sealed value does not open: it was changed outside the service");
            metrics::counter!("custodian_integrity_failures_total").increment(1);
            continue;
        };
        let mut values = Vec::new();
        for field in &of.fields {
            if let Some(sealed) = hung.record.fields.get(field.key) {
                values.push((field, open_value(&key, Spot::of(work.organization(), &hung.record), &sealed)?));
            }
        }
        let pairs: Vec<(&Field, &str)> = values.iter().map(|(field, value)| (*field, value.as_str())).collect();
        state_facts(of, &pairs, &mut hung.record);
        if !used {
            // Found by nothing, and not to be: but a guarded value stands open in what was deleted no more than elsewhere.
            stored::retag(work, &hung.record, None).await?;
            continue;
        }
        let mut tagged = tags(&keys, of, pairs.iter().copied());
        let unique: Vec<[u8; 16]> = tagged.iter().filter(|(_, unique)| *unique).map(|(tag, _)| *tag).collect();
        let held = stored::held_by_others(work, &unique, *id).await?;
        let of_counted = tags(&keys, of, pairs.iter().copied().filter(|(field, _)| field.key == counted));
        for (tag, unique) in tagged.iter_mut().filter(|(tag, unique)| *unique && held.contains(tag)) {
            *unique = false;
            repeated += i64::from(of_counted.contains(&(*tag, true)));
        }
        stored::retag(work, &hung.record, Some(&tagged)).await?;
    }
    Ok(repeated)
}
