//! The job that brings the indexes of stored customers and records in line with the catalog: twice over, since callers of other instances may write
//! by the catalog before for a moment.

use std::collections::{HashMap, HashSet};

use custodian_domain::audit::Action;
use custodian_domain::catalog::{CUSTOMER, Catalog, Field, FieldContent};
use custodian_domain::kernel::{CustomerId, DomainError, JobId};
use custodian_persistence::Work;
use custodian_persistence::catalog::{self as stored, FieldRow, RebuildRow};
use custodian_persistence::customers::{self as people, CustomerRow};
use custodian_persistence::jobs::{self, Claim};
use custodian_persistence::records as hung;
use serde_json::json;
use uuid::Uuid;

use super::current::{content, load};
use crate::audit::{Detail, Draft, record_all};
use crate::customers::{TagSet, open_row, open_some, tags_of};
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

/// Queues a rebuild for a change of this field. One that `builds` decides, when it ends, whether what the field is building comes into force.
pub(super) async fn queue(
    app: &App,
    work: &Work,
    by: Uuid,
    (record_type, key): (&str, &str),
    builds: bool,
) -> Result<Uuid, DomainError> {
    let (id, now) = (app.new_id(), work.database_time().await?);
    jobs::insert(work, JobId::from(id), KIND, by, app.now()).await?;
    stored::insert_rebuild(work, JobId::from(id), record_type, key, builds, now).await?;
    Ok(id)
}

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
    // One value that repeats decides; a second look would not make it fewer.
    if row.round > 1 || is_refused(&row) {
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

/// Whether stored values refuse what the field is building. What a job counted before another took over from it refuses nothing.
fn is_refused(rebuild: &RebuildRow) -> bool {
    rebuild.builds && rebuild.repeated > 0
}

/// Gives these customers or records the tags that the catalog asks for; answers how many repeat a value that this job is to make unique.
async fn retag(app: &App, work: &Work, rebuild: &RebuildRow, ids: &[Uuid]) -> Result<i64, DomainError> {
    // A job of a change before must not put back what the job of a later one has written.
    stored::hold_still(work).await?;
    let catalog = load(work).await?;
    let repeated = match rebuild.record_type.as_str() {
        CUSTOMER => {
            let ids: Vec<CustomerId> = ids.iter().copied().map(CustomerId::from).collect();
            retag_customers(app, work, &catalog, &ids, &rebuild.key).await?
        }
        other => records::retag(app, work, &catalog, (other, ids), &rebuild.key).await?,
    };
    let field = catalog.record_type(&rebuild.record_type).and_then(|one| one.field(&rebuild.key));
    Ok(if rebuild.builds && field.is_some_and(|field| field.building.unique) { repeated } else { 0 })
}

async fn retag_customers(
    app: &App,
    work: &Work,
    catalog: &Catalog,
    ids: &[CustomerId],
    counted: &str,
) -> Result<i64, DomainError> {
    let keys = app.keys().open_organization(work).await?;
    let rows = people::lock_many(work, ids).await?;
    let (mut packed, mut gone, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
    let mut counts: HashSet<[u8; 16]> = HashSet::new();
    for row in &rows {
        let Some((TagSet(tags), of_counted)) = tags(app, work, catalog, &keys, (row, counted)) else { continue };
        counts.extend(of_counted);
        let old = row.tags.as_chunks::<16>().0;
        gone.extend(old.iter().filter(|tag| !tags.iter().any(|(t, _)| t == *tag)).map(|tag| (row.id, *tag)));
        packed.push((row.id, tags.iter().flat_map(|(tag, _)| *tag).collect::<Vec<u8>>()));
        wanted.extend(tags.into_iter().map(|(tag, unique)| (row.id, tag, unique)));
    }
    let repeated = give_way(work, &mut wanted).await?;
    people::retag(work, &packed, &gone, &wanted).await?;
    Ok(i64::try_from(repeated.iter().filter(|tag| counts.contains(*tag)).count()).unwrap_or(i64::MAX))
}

/// The tags of one customer, and the one that is to be unique of this field. One whose values do not open is left as it is, and the log of alerts says so.
fn tags(
    app: &App,
    work: &Work,
    catalog: &Catalog,
    keys: &OrganizationKeys,
    (row, key): (&CustomerRow, &str),
) -> Option<(TagSet, Option<[u8; 16]>)> {
    let organization = work.organization();
    let opened = open_row(app, organization, row)
        .and_then(|opening| open_some(&opening, organization, row, catalog.customer().fields.iter()));
    match opened {
        Ok(values) => {
            let pairs = || values.iter().map(|(field, value)| (*field, value.as_str()));
            let unique = tags_of(keys, pairs().filter(|(field, _)| field.key == key)).unique().next();
            Some((tags_of(keys, pairs()), unique))
        }
        Err(_) => {
            tracing::error!(alert = "critical", customer = %row.id, "a sealed value does not open: it was changed outside the service");
            metrics::counter!("custodian_integrity_failures_total").increment(1);
            None
        }
    }
}

/// Of values that are to be unique, the first to have one keeps it so; the tags of those after it are told, once for each, and stay as they are.
async fn give_way(work: &Work, wanted: &mut [(CustomerId, [u8; 16], bool)]) -> Result<Vec<[u8; 16]>, DomainError> {
    let unique: Vec<[u8; 16]> = wanted.iter().filter(|(.., unique)| *unique).map(|(_, tag, _)| *tag).collect();
    let holders: HashMap<[u8; 16], CustomerId> = people::by_unique_tags(work, &unique).await?.into_iter().collect();
    let mut met = HashSet::new();
    let mut repeated = Vec::new();
    for (customer, tag, unique) in wanted.iter_mut().filter(|(.., unique)| *unique) {
        let held = holders.get(tag).is_some_and(|holder| holder != customer);
        if held || !met.insert(*tag) {
            *unique = false;
            repeated.push(*tag);
        }
    }
    Ok(repeated)
}

/// Ends the job. What the field was building is there now, all of it; where stored values repeat, nothing of it comes.
async fn finish(app: &App, work: &Work, claim: &Claim, rebuild: &RebuildRow) -> Result<(), DomainError> {
    let refused = is_refused(rebuild);
    if rebuild.builds {
        settle(app, work, claim, rebuild, !refused).await?;
    }
    let outcome = if refused {
        Err("values_repeat")
    } else {
        Ok(json!({ "field": format!("{}.{}", rebuild.record_type, rebuild.key), "looked_at": rebuild.done }))
    };
    Ok(jobs::finish(work, claim.job, outcome, app.now()).await?)
}

/// Gives up what the field of this job was building, so that it can be asked for again: for the transaction that ends a job which cannot go on.
pub async fn give_up(app: &App, work: &Work, claim: &Claim) -> Result<(), DomainError> {
    match stored::rebuild(work, claim.job).await? {
        Some(rebuild) if rebuild.builds => settle(app, work, claim, &rebuild, false).await,
        _ => Ok(()),
    }
}

/// Has all that the field was building come into force, or nothing. Tags that nobody asks for any more go by a job of their own.
async fn settle(app: &App, work: &Work, claim: &Claim, rebuild: &RebuildRow, comes: bool) -> Result<(), DomainError> {
    stored::begin_change(work).await?;
    // Asked once nothing else changes the catalog: a change that came in between has a job of its own, which decides instead.
    if !stored::rebuild(work, claim.job).await?.is_some_and(|now| now.builds) {
        return Ok(());
    }
    let kept = stored::field(work, &rebuild.record_type, &rebuild.key).await?;
    let Some(row) = kept.filter(|row| row.state == "active") else { return Ok(()) };
    let field = content(&row)?.field(&row.record_type, &row.key);
    if field.building.is_done() {
        return Ok(());
    }
    let leaves_tags = !comes || !field.building.ending.is_empty();
    let row = next_version(work, row, &if comes { field.built() } else { field.given_up() }).await?;
    stored::store(work, &row, &["searchable", "unique"]).await?;
    let told = Draft::of(Action::CatalogUpdate)
        .with("field", Detail::Code(format!("{}.{}", row.record_type, row.key)))
        .with("version", Detail::Count(u32::try_from(row.version).unwrap_or_default()))
        .with("job", Detail::Code(claim.job.to_string()))
        .with("repeated", Detail::Count(u32::try_from(rebuild.repeated).unwrap_or(u32::MAX)));
    let entry = app.own_entry(claim.organization, told).await?;
    record_all(work, &[&entry]).await?;
    if leaves_tags {
        queue(app, work, Uuid::nil(), (&row.record_type, &row.key), false).await?;
    }
    Ok(())
}

async fn next_version(work: &Work, row: FieldRow, field: &Field) -> Result<FieldRow, DomainError> {
    let content = serde_json::to_value(FieldContent::from(field));
    Ok(FieldRow {
        version: row.version.checked_add(1).ok_or_else(|| DomainError::internal("version overflow"))?,
        content: content.map_err(|_| DomainError::internal("a field does not serialise"))?,
        updated_at: work.database_time().await?,
        updated_by: Uuid::nil(),
        ..row
    })
}
