//! The job that brings the indexes of stored customers and records in line with the catalog: twice over, since callers of other instances may write
//! by the catalog before for a moment.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::catalog::{Building, CUSTOMER, Catalog, FieldContent};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_persistence::Work;
use custodian_persistence::catalog::{self as stored, FieldRow, RebuildRow};
use custodian_persistence::customers::{self as people, CustomerRow};
use custodian_persistence::jobs::{self, Claim};
use custodian_persistence::records as hung;
use serde_json::json;
use uuid::Uuid;

use super::current::{content, load};
use crate::audit::{Detail, Draft, record_all};
use crate::customers::{open_row, open_some, tags_of};
use crate::keys::OrganizationKeys;
use crate::{App, records};

/// The kind of these jobs.
pub const KIND: &str = "catalog_rebuild";

/// Customers or records in one transaction.
const BATCH: i64 = 200;
const LEASE_SECONDS: f64 = 10.0;
/// How long after the first round the second begins: longer than a caller is believed with the catalog before.
const SETTLED: chrono::Duration = chrono::Duration::milliseconds(1_500);
/// What was written so long before the change may still have been written by the catalog before it.
const UNSETTLED: chrono::Duration = chrono::Duration::seconds(30);

/// Runs a rebuild from where it stands. Any worker may call it again after a crash.
pub async fn run(app: &App, claim: &Claim) -> Result<(), DomainError> {
    while step(app, claim).await? {}
    Ok(())
}

/// One batch in a transaction of its own. False when there is nothing more to do now.
async fn step(app: &App, claim: &Claim) -> Result<bool, DomainError> {
    let work = app.begin(claim.organization).await?;
    if !jobs::hold(&work, claim, LEASE_SECONDS).await? {
        work.abandon().await;
        return Ok(false);
    }
    let Some(mut row) = stored::rebuild(&work, claim.job).await? else {
        jobs::finish(&work, claim.job, Err("rebuild_missing"), app.now()).await?;
        work.commit().await?;
        return Ok(false);
    };
    let ids = next(&work, &row).await?;
    let Some(last) = ids.last() else {
        return end_round(app, work, claim, row).await;
    };
    let looked_at = i64::try_from(ids.len()).unwrap_or(BATCH);
    row.after = *last;
    row.done += if row.round == 1 { looked_at } else { 0 };
    row.repeated += retag(app, &work, &row, &ids).await?;
    stored::checkpoint(&work, claim.job, &row).await?;
    let total = match row.record_type.as_str() {
        CUSTOMER => people::total(&work).await?,
        other => hung::total(&work, other).await?,
    };
    let total = total.max(row.done);
    jobs::progress(&work, claim.job, row.done, Some(total), row.repeated, app.now()).await?;
    work.commit().await?;
    Ok(true)
}

/// The customers or records that come next.
async fn next(work: &Work, row: &RebuildRow) -> Result<Vec<Uuid>, DomainError> {
    let since = (row.round > 1).then(|| row.since - UNSETTLED);
    let people = match (row.record_type.as_str(), since) {
        (CUSTOMER, None) => people::next_ids(work, row.after, BATCH).await?,
        (CUSTOMER, Some(since)) => people::changed_since(work, since, row.after, BATCH).await?,
        (other, since) => return Ok(hung::next_ids(work, other, since, row.after, BATCH).await?),
    };
    Ok(people.into_iter().map(CustomerId::uuid).collect())
}

async fn end_round(app: &App, work: Work, claim: &Claim, mut row: RebuildRow) -> Result<bool, DomainError> {
    if row.round > 1 {
        finish(app, &work, claim, &row).await?;
        work.commit().await?;
        super::note_change(app);
        return Ok(false);
    }
    (row.round, row.after) = (2, Uuid::nil());
    stored::checkpoint(&work, claim.job, &row).await?;
    let due = work.database_time().await? + SETTLED;
    jobs::put_off(&work, claim.job, due).await?;
    work.commit().await?;
    Ok(false)
}

/// Gives these customers or records the tags that the catalog asks for; answers how many repeat a value that is to be unique.
async fn retag(app: &App, work: &Work, rebuild: &RebuildRow, ids: &[Uuid]) -> Result<i64, DomainError> {
    let catalog = load(work).await?;
    // What was written before the change was counted in the first round.
    let since = (rebuild.round > 1).then_some(rebuild.since);
    let repeated = match rebuild.record_type.as_str() {
        CUSTOMER => {
            let ids: Vec<CustomerId> = ids.iter().copied().map(CustomerId::from).collect();
            retag_customers(app, work, &catalog, &ids, since).await?
        }
        other => records::retag(app, work, &catalog, (other, ids), since).await?,
    };
    let field = catalog.record_type(&rebuild.record_type).and_then(|one| one.field(&rebuild.key));
    Ok(if field.is_some_and(|field| field.building.unique) { repeated } else { 0 })
}

async fn retag_customers(
    app: &App,
    work: &Work,
    catalog: &Catalog,
    ids: &[CustomerId],
    since: Option<DateTime<Utc>>,
) -> Result<i64, DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let rows = people::lock_many(work, ids).await?;
    let (mut packed, mut gone, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        let Some(tags) = tags(app, work, catalog, &keys, row) else { continue };
        let old = row.tags.as_chunks::<16>().0;
        gone.extend(old.iter().filter(|tag| !tags.iter().any(|(t, _)| t == *tag)).map(|tag| (row.id, *tag)));
        packed.push((row.id, tags.iter().flat_map(|(tag, _)| *tag).collect::<Vec<u8>>()));
        wanted.extend(tags.into_iter().map(|(tag, unique)| (row.id, tag, unique)));
    }
    let repeated = give_way(work, &mut wanted).await?;
    people::retag(work, &packed, &gone, &wanted).await?;
    let counts = |row: &&CustomerRow| since.is_none_or(|since| row.updated_at >= since) && repeated.contains(&row.id);
    Ok(i64::try_from(rows.iter().filter(counts).count()).unwrap_or(i64::MAX))
}

/// The tags of one customer. One whose values do not open is left as it is, and the log of alerts says so.
fn tags(
    app: &App,
    work: &Work,
    catalog: &Catalog,
    keys: &OrganizationKeys,
    row: &CustomerRow,
) -> Option<Vec<([u8; 16], bool)>> {
    let organization = work.organization();
    let opened = open_row(app, organization, row)
        .and_then(|key| open_some(&key, organization, row, catalog.customer().fields.iter()));
    match opened {
        Ok(values) => Some(tags_of(keys, values.iter().map(|(field, value)| (*field, value.as_str()))).0),
        Err(_) => {
            tracing::error!(alert = "critical", customer = %row.id, "a sealed value does not open: it was changed outside the service");
            metrics::counter!("custodian_integrity_failures_total").increment(1);
            None
        }
    }
}

/// Of values that are to be unique, the first to have one keeps it so; those after it are told and stay as they are.
async fn give_way(
    work: &Work,
    wanted: &mut [(CustomerId, [u8; 16], bool)],
) -> Result<HashSet<CustomerId>, DomainError> {
    let unique: Vec<[u8; 16]> = wanted.iter().filter(|(.., unique)| *unique).map(|(_, tag, _)| *tag).collect();
    let holders: HashMap<[u8; 16], CustomerId> = people::by_unique_tags(work, &unique).await?.into_iter().collect();
    let mut met = HashSet::new();
    let mut repeated = HashSet::new();
    for (customer, tag, unique) in wanted.iter_mut().filter(|(.., unique)| *unique) {
        let held = holders.get(tag).is_some_and(|holder| holder != customer);
        if held || !met.insert(*tag) {
            *unique = false;
            repeated.insert(*customer);
        }
    }
    Ok(repeated)
}

/// What was being built is there now; a uniqueness that stored values break is given up.
async fn finish(app: &App, work: &Work, claim: &Claim, rebuild: &RebuildRow) -> Result<(), DomainError> {
    stored::begin_change(work).await?;
    let kept = stored::field(work, &rebuild.record_type, &rebuild.key).await?.filter(|row| row.state == "active");
    let refused = match kept {
        Some(row) => settle(app, work, claim, rebuild, row).await?,
        None => false,
    };
    let outcome = if refused {
        Err("values_repeat")
    } else {
        Ok(json!({ "field": format!("{}.{}", rebuild.record_type, rebuild.key), "looked_at": rebuild.done }))
    };
    Ok(jobs::finish(work, claim.job, outcome, app.now()).await?)
}

async fn settle(
    app: &App,
    work: &Work,
    claim: &Claim,
    rebuild: &RebuildRow,
    row: FieldRow,
) -> Result<bool, DomainError> {
    let mut field = content(&row)?.field(&row.record_type, &row.key);
    if field.building.is_done() {
        return Ok(false);
    }
    let Building { searchable, unique } = std::mem::take(&mut field.building);
    let refused = unique && rebuild.repeated > 0;
    field.searchable.extend(searchable);
    field.searchable.sort_unstable();
    field.searchable.dedup();
    field.unique |= unique && !refused;
    let content = serde_json::to_value(FieldContent::from(&field));
    let row = FieldRow {
        version: row.version.checked_add(1).ok_or_else(|| DomainError::internal("version overflow"))?,
        content: content.map_err(|_| DomainError::internal("a field does not serialise"))?,
        updated_at: work.database_time().await?,
        updated_by: Uuid::nil(),
        ..row
    };
    stored::store(work, &row, &["searchable", "unique"]).await?;
    let told = Draft::of(Action::CatalogUpdate)
        .with("field", Detail::Code(format!("{}.{}", row.record_type, row.key)))
        .with("version", Detail::Count(u32::try_from(row.version).unwrap_or_default()))
        .with("job", Detail::Code(claim.job.to_string()))
        .with("repeated", Detail::Count(u32::try_from(rebuild.repeated).unwrap_or(u32::MAX)));
    let entry = app.own_entry(claim.organization, told).await?;
    record_all(work, &[&entry]).await?;
    Ok(refused)
}
