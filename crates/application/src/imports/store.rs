//! Storing a batch: rows, tags, versions, faults, place and entry in one transaction.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use custodian_domain::audit::Action;
use custodian_domain::catalog::{Field, RecordType};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_persistence::customers::{self as customers_stored, CustomerRow};
use custodian_persistence::imports::{self as stored, ChangeRow, ImportError, ImportRow};
use custodian_persistence::jobs::{self, Claim};
use custodian_persistence::{DbError, Work};

use super::accept::{Accepted, missing};
use super::owners::Owners;
use super::reached::{Counts, commit, distinct_lines, len};
use super::run::{Batch, LEASE_SECONDS, Prepared};
use super::{Mapping, OnConflict, Target};
use crate::audit::{Detail, Draft, Shown};
use crate::customers::{Attributes, Existing, covers_new, seal_new};
use crate::keys::BucketPlace;
use crate::{App, Call};

pub(super) struct Store<'a> {
    app: &'a App,
    call: &'a Call,
    claim: &'a Claim,
    row: &'a ImportRow,
    owners: tokio::sync::Mutex<Owners>,
    /// Unique values that this run has met, where the database does not tell: a dry run stores none.
    met: Mutex<HashSet<[u8; 16]>>,
}

impl<'a> Store<'a> {
    pub(super) fn new(app: &'a App, call: &'a Call, claim: &'a Claim, row: &'a ImportRow) -> Self {
        let (owners, met) = (tokio::sync::Mutex::new(Owners::default()), Mutex::new(HashSet::new()));
        Self { app, call, claim, row, owners, met }
    }

    /// What was done before.
    pub(super) fn begun(&self) -> Counts {
        let ImportRow { rows_done, created, updated, rejected, .. } = *self.row;
        Counts { done: rows_done, created, updated, rejected }
    }

    /// Whether batches without a unique value in common may be written at the same time.
    pub(super) fn takes_several(&self) -> bool {
        !self.row.dry_run && self.row.mode == "create"
    }

    /// A transaction for a batch; with `at_once` only if a connection is free: who holds one must not wait for another.
    pub(super) async fn open(&self, at_once: bool) -> Result<Option<Work>, DomainError> {
        match at_once {
            true => self.app.begin_if_free(self.claim.organization).await,
            false => self.app.begin(self.claim.organization).await.map(Some),
        }
    }

    /// Whether the job is still this worker's; it stays so until the transaction ends.
    pub(super) async fn holds(&self, work: &Work) -> Result<bool, DomainError> {
        Ok(jobs::hold(work, self.claim, LEASE_SECONDS).await?)
    }

    /// Writes all of a batch but the place that the import has reached.
    pub(super) async fn write(&self, work: Work, batch: Batch) -> Result<Written, DomainError> {
        let mut begun = self.begin(work, batch).await?;
        self.put(&mut begun).await?;
        let Begun { work, faults, counts, .. } = begun;
        Ok(Written { work, faults, counts })
    }

    /// Commits a batch after everything before it; what was done then.
    pub(super) async fn end(&self, written: Written, before: Counts) -> Result<Option<Counts>, DomainError> {
        let Written { work, faults, counts } = written;
        commit(self.app, self.claim, work, before.and(counts), &faults).await
    }

    async fn places(&self, work: &Work, batch: &Batch) -> Result<Vec<BucketPlace>, DomainError> {
        if self.row.dry_run {
            return Ok(Vec::new());
        }
        let app = self.app;
        app.keys().places(app.db(), work, batch.accepted.len(), app.rng(), app.now()).await
    }

    async fn begin(&self, work: Work, batch: Batch) -> Result<Begun, DomainError> {
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

    /// Sorts records into new customers, changes of existing ones, and refusals.
    async fn plan(
        &self,
        work: &Work,
        accepted: Vec<Prepared>,
        faults: &mut Vec<ImportError>,
    ) -> Result<Plan, DomainError> {
        let unique: Vec<[u8; 16]> = accepted.iter().flat_map(|prepared| prepared.tags.unique()).collect();
        let taken: HashMap<[u8; 16], Option<CustomerId>> = customers_stored::by_unique_tags(work, &unique)
            .await?
            .into_iter()
            .map(|(tag, id)| (tag, Some(id)))
            .collect();
        // A line that changed a customer of an earlier line would be refused or not by where the batches happen to end.
        let holders: Vec<_> = taken.values().flatten().map(|id| id.uuid()).collect();
        let upsert = self.row.mode == "upsert";
        let touched = if upsert { stored::touched(work, self.claim.job, &holders).await? } else { Vec::new() };
        let named = touched.into_iter().map(CustomerId::from).collect();
        let mut owners = self.owners.lock().await;
        owners.find(self.app, work, self.row.owner, accepted.iter().map(|prepared| &prepared.record)).await?;
        let mut plan = self.sorted(accepted, &owners, taken, named, faults);
        drop(owners);
        self.keep_within_scope(work, &mut plan, faults).await?;
        Ok(plan)
    }

    /// The same with all that the database knows of it: whose the unique values are, and which customers this import has changed already.
    fn sorted(
        &self,
        accepted: Vec<Prepared>,
        owners: &Owners,
        mut taken: HashMap<[u8; 16], Option<CustomerId>>,
        mut named: HashSet<CustomerId>,
        faults: &mut Vec<ImportError>,
    ) -> Plan {
        let (upsert, mut plan) = (self.row.mode == "upsert", Plan::default());
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        for mut prepared in accepted {
            let (record, tags) = (&mut prepared.record, &prepared.tags);
            let line = record.line;
            if let Err(code) = owners.give(record) {
                faults.push(ImportError { line, field: "owner_email".into(), code: code.into() });
                continue;
            }
            let holder = tags.unique().find_map(|tag| taken.get(&tag).copied());
            let again = tags.unique().any(|tag| met.contains(&tag));
            if self.row.dry_run {
                met.extend(tags.unique());
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
        plan
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
            match rows.remove(&id).map(|row| self.existing(row, &record, &fields)) {
                Some(Ok(existing)) if self.refuses(&existing, &fields, record.line, faults) => {}
                Some(Ok(existing)) => {
                    plan.rows.insert(id, existing);
                    kept.push((record, id));
                }
                Some(Err(DomainError::Refused { code: code @ "customer_restricted", .. })) => {
                    faults.push(refuse(record.line, code));
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

    /// The customer that a line changes, as far as the importer may; under a restriction, too, where it only says whose they are to be.
    fn existing(&self, row: CustomerRow, record: &Accepted, fields: &[&Field]) -> Result<Existing, DomainError> {
        match record.only_moves() {
            true => Existing::handed_over(self.app, self.call, row, fields),
            false => Existing::new(self.app, self.call, row, fields),
        }
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

    async fn put(&self, begun: &mut Begun) -> Result<(), DomainError> {
        if self.row.dry_run {
            return Ok(());
        }
        let Begun { work, plan, places, .. } = begun;
        let Plan { new, existing, mut rows } = std::mem::take(plan);
        self.create(work, new, places).await?;
        let mut changed = Vec::with_capacity(existing.len());
        for (record, id) in existing {
            if let Some(current) = rows.remove(&id) {
                // What a customer was found by may be written otherwise there, and stays so where the line says nothing else.
                let keeps = record.only_moves() || OnConflict::of(&self.row.on_conflict) == OnConflict::Fill;
                let (attributes, mut values) = self.merged(record, current.attributes());
                if keeps {
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
        let made = |row: &CustomerRow| ChangeRow { thing: row.id.uuid(), version: 1, made: true, kept: None };
        let made: Vec<ChangeRow> = created.iter().map(made).collect();
        let shown = Shown { written: mapped(self.call.customer(), self.row), ..Shown::default() };
        let customers = created.iter().map(|row| row.id).collect();
        let draft = Draft { customers, shown, ..Draft::of(Action::CustomersImport) }
            .with("job", Detail::Code(self.claim.job.to_string()));
        let rows: Vec<&CustomerRow> = created.iter().collect();
        let (recorded, inserted, noted) = tokio::join!(
            biased;
            app.record_change(work, self.call, draft),
            customers_stored::insert_tagged(work, &rows, &tags),
            stored::note_changes(work, self.claim.job, &made),
        );
        let inserted = inserted.map_err(|error| match error {
            DbError::Aborted => DomainError::Aborted,
            error => DomainError::unavailable(error.to_string()),
        });
        DomainError::first_cause([recorded, inserted, noted.map_err(DomainError::from)])
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

/// A batch that waits for its turn to be committed.
pub(super) struct Written {
    work: Work,
    faults: Vec<ImportError>,
    /// What this batch adds.
    counts: Counts,
}

#[derive(Default)]
struct Plan {
    new: Vec<Prepared>,
    existing: Vec<(Accepted, CustomerId)>,
    rows: HashMap<CustomerId, Existing>,
}
