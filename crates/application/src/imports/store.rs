//! Storing a batch: rows, tags, versions, faults, place and entry in one transaction.

use std::collections::{HashMap, HashSet, VecDeque};

use custodian_domain::audit::Action;
use custodian_domain::catalog::{Field, RecordType};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_persistence::customers::{self as customers_stored, CustomerRow};
use custodian_persistence::imports::{self as stored, ChangeRow, ImportError, ImportRow};
use custodian_persistence::jobs::{self, Claim};
use custodian_persistence::{DbError, Work};

use super::accept::{Accepted, missing};
use super::owners::Owners;
use super::run::{Batch, LEASE_SECONDS, Prepared};
use super::{Mapping, OnConflict, Target};
use crate::audit::{Detail, Draft, Shown};
use crate::customers::{Attributes, Existing, covers_new, seal_new};
use crate::keys::BucketPlace;
use crate::{App, Call};

/// What an import has done so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub done: i64,
    pub created: i64,
    pub updated: i64,
    pub rejected: i64,
}

impl Counts {
    /// The sum of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            done: self.done + other.done,
            created: self.created + other.created,
            updated: self.updated + other.updated,
            rejected: self.rejected + other.rejected,
        }
    }
}

/// Commits a batch together with the place that the import has reached by it, which is answered.
pub(super) async fn commit(
    app: &App,
    claim: &Claim,
    work: Work,
    counts: Counts,
    faults: &[ImportError],
) -> Result<Counts, DomainError> {
    stored::insert_errors(&work, claim.job, faults).await?;
    let Counts { done, created, updated, rejected } = counts;
    stored::checkpoint(&work, claim.job, done, created, updated, rejected).await?;
    jobs::progress(&work, claim.job, done, None, rejected, app.now()).await?;
    work.commit().await?;
    Ok(counts)
}

pub(super) struct Store<'a> {
    app: &'a App,
    call: &'a Call,
    claim: &'a Claim,
    row: &'a ImportRow,
    counts: Counts,
    owners: Owners,
    /// Unique values that this run has met, where the database does not tell: a dry run stores none.
    met: HashSet<[u8; 16]>,
}

impl<'a> Store<'a> {
    pub(super) fn new(app: &'a App, call: &'a Call, claim: &'a Claim, row: &'a ImportRow) -> Self {
        let counts = Counts { done: row.rows_done, created: row.created, updated: row.updated, rejected: row.rejected };
        Self { app, call, claim, row, counts, owners: Owners::default(), met: HashSet::new() }
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// Stores batches in their order, each in a transaction of its own. Two of new customers are written at the same time: the database
    /// takes longer over a batch than the reader. False when another worker holds the job now: nothing more was written.
    pub(super) async fn store(&mut self, batches: Vec<Batch>) -> Result<bool, DomainError> {
        let together = !self.row.dry_run && self.row.mode == "create" && are_disjoint(&batches);
        let mut waiting = VecDeque::from(batches);
        while !waiting.is_empty() {
            let most = if together { waiting.len() } else { 1 };
            if !self.store_first(&mut waiting, most).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The first batch, and at the same time those after it that find a free connection: who holds one must not wait for another.
    async fn store_first(&mut self, waiting: &mut VecDeque<Batch>, most: usize) -> Result<bool, DomainError> {
        let mut begun: Vec<Begun> = Vec::with_capacity(most);
        while begun.len() < most {
            let Some(batch) = waiting.pop_front() else { break };
            let work = if begun.is_empty() {
                self.app.begin(self.claim.organization).await?
            } else if let Some(work) = self.app.begin_if_free(self.claim.organization).await? {
                work
            } else {
                waiting.push_front(batch);
                break;
            };
            // Whoever comes first holds the job; the next would wait for its end.
            if begun.is_empty() && !jobs::hold(&work, self.claim, LEASE_SECONDS).await? {
                work.abandon().await;
                return Ok(false);
            }
            begun.push(self.begin(work, batch).await?);
        }
        let written = futures_util::future::join_all(begun.iter_mut().map(|one| self.write(one))).await;
        for (place, (one, written)) in begun.into_iter().zip(written).enumerate() {
            written?;
            if place > 0 && !jobs::hold(&one.work, self.claim, LEASE_SECONDS).await? {
                one.work.abandon().await;
                return Ok(false);
            }
            self.end(one).await?;
        }
        Ok(true)
    }

    async fn places(&self, work: &Work, batch: &Batch) -> Result<Vec<BucketPlace>, DomainError> {
        if self.row.dry_run {
            return Ok(Vec::new());
        }
        let app = self.app;
        app.keys().places(app.db(), work, batch.accepted.len(), app.rng(), app.now()).await
    }

    async fn begin(&mut self, work: Work, batch: Batch) -> Result<Begun, DomainError> {
        let places = self.places(&work, &batch).await?;
        let Batch { accepted, mut faults, records } = batch;
        let mut refused = distinct_lines(&faults);
        let before = faults.len();
        let plan = self.plan(&work, accepted, &mut faults).await?;
        refused += distinct_lines(faults.get(before..).unwrap_or_default());
        let counts = Counts {
            done: records,
            created: len(plan.new.len()),
            updated: len(plan.existing.len()),
            rejected: refused,
        };
        Ok(Begun { work, plan, places, faults, counts })
    }

    async fn end(&mut self, begun: Begun) -> Result<(), DomainError> {
        let Begun { work, faults, counts, .. } = begun;
        self.counts = commit(self.app, self.claim, work, self.counts.and(counts), &faults).await?;
        Ok(())
    }

    /// Sorts records into new customers, changes of existing ones, and refusals.
    async fn plan(
        &mut self,
        work: &Work,
        accepted: Vec<Prepared>,
        faults: &mut Vec<ImportError>,
    ) -> Result<Plan, DomainError> {
        self.owners.find(self.app, work, self.row.owner, accepted.iter().map(|prepared| &prepared.record)).await?;
        let unique: Vec<[u8; 16]> = accepted.iter().flat_map(|prepared| prepared.tags.unique()).collect();
        let mut taken: HashMap<[u8; 16], Option<CustomerId>> = customers_stored::by_unique_tags(work, &unique)
            .await?
            .into_iter()
            .map(|(tag, id)| (tag, Some(id)))
            .collect();
        // A line that changed a customer of an earlier line would be refused or not by where the batches happen to end.
        let holders: Vec<_> = taken.values().flatten().map(|id| id.uuid()).collect();
        let upsert = self.row.mode == "upsert";
        let touched = if upsert { stored::touched(work, self.claim.job, &holders).await? } else { Vec::new() };
        let mut named: HashSet<CustomerId> = touched.into_iter().map(CustomerId::from).collect();
        let mut plan = Plan::default();
        for mut prepared in accepted {
            let (record, tags) = (&mut prepared.record, &prepared.tags);
            let line = record.line;
            if let Err(code) = self.owners.give(record) {
                faults.push(ImportError { line, field: "owner_email".into(), code: code.into() });
                continue;
            }
            let holder = tags.unique().find_map(|tag| taken.get(&tag).copied());
            let again = tags.unique().any(|tag| self.met.contains(&tag));
            if self.row.dry_run {
                self.met.extend(tags.unique());
            }
            match holder {
                Some(Some(id)) if upsert && !again && named.insert(id) => plan.existing.push((prepared.record, id)),
                None if !again => {
                    let lacking = missing(self.call.customer(), record);
                    if lacking.is_empty() {
                        taken.extend(tags.unique().map(|tag| (tag, None)));
                        plan.new.push(prepared);
                    } else {
                        faults.extend(lacking);
                    }
                }
                _ => faults.push(ImportError { line, field: "customer_no".into(), code: "duplicate_value".into() }),
            }
        }
        self.keep_within_scope(work, &mut plan, faults).await?;
        Ok(plan)
    }

    /// The importer's rights hold for every record: what it could not enter by hand it cannot import.
    async fn keep_within_scope(
        &self,
        work: &Work,
        plan: &mut Plan,
        faults: &mut Vec<ImportError>,
    ) -> Result<(), DomainError> {
        let refuse = |line: i64, code: &str| ImportError { line, field: String::new(), code: code.to_owned() };
        plan.new.retain(|Prepared { record, .. }| {
            let fields: Vec<_> = record.pairs(self.call.customer()).into_iter().map(|(field, _)| field).collect();
            match covers_new(self.app, self.call, &record.attributes, &fields) {
                Ok(()) => true,
                Err(code) => {
                    faults.push(refuse(record.line, code));
                    false
                }
            }
        });
        let ids: Vec<CustomerId> = plan.existing.iter().map(|(_, id)| *id).collect();
        let mut rows: HashMap<CustomerId, CustomerRow> = if ids.is_empty() {
            HashMap::new()
        } else {
            customers_stored::lock_many(work, &ids).await?.into_iter().map(|row| (row.id, row)).collect()
        };
        let mut kept = Vec::new();
        for (record, id) in plan.existing.drain(..) {
            let fields: Vec<_> = record.pairs(self.call.customer()).into_iter().map(|(field, _)| field).collect();
            match rows.remove(&id).map(|row| Existing::new(self.app, self.call, row, &fields)) {
                Some(Ok(existing)) if self.refuses(&existing, &fields, record.line, faults) => {}
                Some(Ok(existing)) => {
                    plan.rows.insert(id, existing);
                    kept.push((record, id));
                }
                // A customer number that exists outside the importer's scope is answered like any taken one.
                Some(Err(_)) | None => faults.push(ImportError {
                    line: record.line,
                    field: "customer_no".into(),
                    code: "duplicate_value".into(),
                }),
            }
        }
        plan.existing = kept;
        Ok(())
    }

    /// Whether the line would replace a value where none may be replaced; every one is named.
    fn refuses(&self, existing: &Existing, fields: &[&Field], line: i64, faults: &mut Vec<ImportError>) -> bool {
        if self.row.on_conflict != OnConflict::Refuse.as_str() {
            return false;
        }
        let held = fields.iter().filter(|field| field.key != "customer_no" && existing.has(field));
        let before = faults.len();
        faults.extend(held.map(|field| ImportError { line, field: field.key.into(), code: "value_held".into() }));
        faults.len() > before
    }

    async fn write(&self, begun: &mut Begun) -> Result<(), DomainError> {
        if self.row.dry_run {
            return Ok(());
        }
        let Begun { work, plan, places, .. } = begun;
        let Plan { new, existing, mut rows } = std::mem::take(plan);
        self.create(work, new, places).await?;
        let mut changed = Vec::with_capacity(existing.len());
        for (record, id) in existing {
            if let Some(current) = rows.remove(&id) {
                let (attributes, mut values) = self.merged(record, current.attributes());
                if OnConflict::of(&self.row.on_conflict) == OnConflict::Fill {
                    values.retain(|(field, _)| !current.has(field));
                }
                let before = current.version();
                let version = current.change(self.app, self.call, work, attributes, values).await?;
                changed.push((before, ChangeRow { thing: id.uuid(), version, made: false, kept: None }));
            }
        }
        // What changed nothing counts as touched, and has nothing to be undone.
        let rows = changed.into_iter().map(|(before, row)| match row.version == before {
            true => ChangeRow { kept: Some("unchanged".to_owned()), ..row },
            false => row,
        });
        Ok(stored::note_changes(work, self.claim.job, &rows.collect::<Vec<_>>()).await?)
    }

    /// What a record makes of an existing customer: a column that is absent or empty leaves what is there.
    fn merged(&self, record: Accepted, old: Attributes) -> (Attributes, Vec<(&'a Field, Option<String>)>) {
        let Accepted {
            attributes: Attributes { stage, source, region, owner, department, codes: _ },
            values,
            owner_email,
            ..
        } = record;
        let fields = &self.call.customer().fields;
        let values = values.into_iter().filter_map(|(at, value)| Some((fields.get(at)?, Some(value)))).collect();
        let named = owner_email.is_some();
        if OnConflict::of(&self.row.on_conflict) == OnConflict::Fill {
            let attributes = Attributes {
                stage: old.stage.or(stage),
                source: old.source.or(source),
                region: old.region.or(region),
                ..old
            };
            return (attributes, values);
        }
        let attributes = Attributes {
            stage: stage.or(old.stage),
            source: source.or(old.source),
            region: region.or(old.region),
            owner: if named { owner } else { old.owner },
            department: if named { department } else { old.department },
            codes: old.codes,
        };
        (attributes, values)
    }

    async fn create(&self, work: &Work, new: Vec<Prepared>, places: &[BucketPlace]) -> Result<(), DomainError> {
        let (app, now, by) = (self.app, self.app.now(), self.row.owner.uuid());
        let organization = self.claim.organization;
        let mut buckets = places.iter().flat_map(|(bucket, count)| std::iter::repeat_n(bucket, *count));
        let (mut created, mut tags) = (Vec::with_capacity(new.len()), Vec::with_capacity(new.len() * 16));
        for Prepared { record, tags: set, sealed, join: _ } in new {
            let bucket = buckets.next().ok_or_else(|| DomainError::internal("no place for a customer"))?;
            let sealed =
                sealed.unwrap_or_else(|| seal_new(app, organization, &record.pairs(self.call.customer()), &set, now));
            tags.extend(set.0.into_iter().map(|(tag, unique)| (sealed.id(), tag, unique)));
            created.push(sealed.into_row(bucket, record.attributes, by));
        }
        if created.is_empty() {
            return Ok(());
        }
        let taken = |error: DbError| DomainError::unavailable(error.to_string());
        customers_stored::insert_tagged(work, &created.iter().collect::<Vec<_>>(), &tags).await.map_err(taken)?;
        let made = |row: &CustomerRow| ChangeRow { thing: row.id.uuid(), version: 1, made: true, kept: None };
        stored::note_changes(work, self.claim.job, &created.iter().map(made).collect::<Vec<_>>()).await?;
        let customers = created.iter().map(|row| row.id).collect();
        let shown = Shown { written: mapped(self.call.customer(), self.row), ..Shown::default() };
        let draft = Draft { customers, shown, ..Draft::of(Action::CustomersImport) };
        let draft = draft.with("job", Detail::Code(self.claim.job.to_string()));
        app.record_change(work, self.call, draft).await
    }
}

/// The names of the fields that the file's columns go to.
pub(super) fn mapped(of: &RecordType, row: &ImportRow) -> Vec<&'static str> {
    let targets = Mapping::parse(of, &row.mapping).map(|mapping| mapping.0).unwrap_or_default();
    targets
        .into_iter()
        .filter_map(|(_, target)| if let Target::Field(key) = target { Some(of.field(key)?.name) } else { None })
        .collect()
}

/// A batch whose transaction is open.
struct Begun {
    work: Work,
    plan: Plan,
    places: Vec<BucketPlace>,
    faults: Vec<ImportError>,
    /// What this batch adds.
    counts: Counts,
}

/// Whether no unique value stands in two of them: one would wait for the other in the database for ever.
fn are_disjoint(batches: &[Batch]) -> bool {
    let mut met = HashSet::new();
    batches.iter().all(|batch| {
        let own: HashSet<[u8; 16]> = batch.accepted.iter().flat_map(|prepared| prepared.tags.unique()).collect();
        own.into_iter().all(|tag| met.insert(tag))
    })
}

#[derive(Default)]
struct Plan {
    new: Vec<Prepared>,
    existing: Vec<(Accepted, CustomerId)>,
    rows: HashMap<CustomerId, Existing>,
}

pub(super) fn len(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Faults come grouped by line; a record with three faults is one refused record.
pub(super) fn distinct_lines(faults: &[ImportError]) -> i64 {
    let lines: std::collections::BTreeSet<i64> = faults.iter().map(|fault| fault.line).collect();
    len(lines.len())
}
