//! Storing a batch: rows, tags, versions, faults, place and entry in one transaction.

use std::collections::{HashMap, HashSet};

use custodian_domain::audit::Action;
use custodian_domain::catalog::Field;
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_persistence::customers::{self as customers_stored, CustomerRow};
use custodian_persistence::imports::{self as stored, ImportError, ImportRow};
use custodian_persistence::jobs::{self, Claim};
use custodian_persistence::{DbError, Work};

use super::accept::{Accepted, missing};
use super::owners::Owners;
use super::run::{Batch, LEASE_SECONDS, Prepared};
use super::{Mapping, Target};
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

pub(super) struct Store<'a> {
    app: &'a App,
    call: &'a Call,
    claim: &'a Claim,
    row: &'a ImportRow,
    counts: Counts,
    owners: Owners,
    /// Unique values that this run has met, where the database does not tell: a dry run stores none, and a line that
    /// changes a customer of an earlier line would be refused or not by where the batches happen to end.
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

    /// False when another worker holds the job now: nothing was written.
    pub(super) async fn store(&mut self, batch: Batch) -> Result<bool, DomainError> {
        let Batch { accepted, mut faults, records } = batch;
        let mut refused = distinct_lines(&faults);
        let places = match self.row.dry_run {
            true => Vec::new(),
            false => {
                self.app
                    .keys()
                    .places(self.app.db(), self.claim.organization, accepted.len(), self.app.rng(), self.app.now())
                    .await?
            }
        };
        let work = self.app.begin(self.claim.organization).await?;
        if !jobs::hold(&work, self.claim, LEASE_SECONDS).await? {
            work.abandon().await;
            return Ok(false);
        }
        let before = faults.len();
        let plan = self.plan(&work, accepted, &mut faults).await?;
        refused += distinct_lines(faults.get(before..).unwrap_or_default());
        let counts = Counts {
            done: self.counts.done + records,
            created: self.counts.created + len(plan.new.len()),
            updated: self.counts.updated + len(plan.existing.len()),
            rejected: self.counts.rejected + refused,
        };
        if !self.row.dry_run {
            self.write(&work, plan, places).await?;
        }
        stored::insert_errors(&work, self.claim.job, &faults).await?;
        let Counts { done, created, updated, rejected } = counts;
        stored::checkpoint(&work, self.claim.job, done, created, updated, rejected).await?;
        jobs::progress(&work, self.claim.job, done, None, rejected, self.app.now()).await?;
        work.commit().await?;
        self.counts = counts;
        Ok(true)
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
            if self.row.dry_run || self.row.mode == "upsert" {
                self.met.extend(tags.unique());
            }
            match holder {
                Some(Some(id)) if self.row.mode == "upsert" && !again => plan.existing.push((prepared.record, id)),
                None if !again => {
                    let lacking = missing(record);
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
            let fields: Vec<_> = record.values.iter().map(|(field, _)| *field).collect();
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
            let fields: Vec<_> = record.values.iter().map(|(field, _)| *field).collect();
            match rows.remove(&id).map(|row| Existing::new(self.app, self.call, row, &fields)) {
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

    async fn write(&self, work: &Work, plan: Plan, places: Vec<BucketPlace>) -> Result<(), DomainError> {
        let Plan { new, existing, mut rows } = plan;
        self.create(work, new, &places).await?;
        for (record, id) in existing {
            if let Some(current) = rows.remove(&id) {
                let (attributes, values) = merged(record, current.attributes());
                current.change(self.app, self.call, work, attributes, values).await?;
            }
        }
        Ok(())
    }

    async fn create(&self, work: &Work, new: Vec<Prepared>, places: &[BucketPlace]) -> Result<(), DomainError> {
        let (app, now, by) = (self.app, self.app.now(), self.row.owner.uuid());
        let organization = self.claim.organization;
        let mut buckets = places.iter().flat_map(|(bucket, count)| std::iter::repeat_n(bucket, *count));
        let (mut created, mut tags) = (Vec::with_capacity(new.len()), Vec::with_capacity(new.len() * 16));
        for Prepared { record: Accepted { attributes, values, .. }, tags: set, sealed } in new {
            let bucket = buckets.next().ok_or_else(|| DomainError::internal("no place for a customer"))?;
            let sealed = sealed.unwrap_or_else(|| seal_new(app, organization, &values, &set, now));
            tags.extend(set.0.into_iter().map(|(tag, unique)| (sealed.id(), tag, unique)));
            created.push(sealed.into_row(bucket, attributes, by));
        }
        if created.is_empty() {
            return Ok(());
        }
        let taken = |error: DbError| DomainError::unavailable(error.to_string());
        customers_stored::insert_tagged(work, &created.iter().collect::<Vec<_>>(), &tags).await.map_err(taken)?;
        let customers = created.iter().map(|row| row.id).collect();
        let shown = Shown { written: mapped(self.row), ..Shown::default() };
        let draft = Draft { customers, shown, ..Draft::of(Action::CustomersImport) };
        let draft = draft.with("job", Detail::Code(self.claim.job.to_string()));
        app.record_change(work, self.call, draft).await
    }
}

/// What a record makes of an existing customer: a column that is absent or empty leaves what is there.
fn merged(record: Accepted, old: Attributes) -> (Attributes, Vec<(&'static Field, Option<String>)>) {
    let Accepted { attributes: Attributes { stage, source, region, owner, department }, values, owner_email, .. } =
        record;
    let named = owner_email.is_some();
    let attributes = Attributes {
        stage: stage.or(old.stage),
        source: source.or(old.source),
        region: region.or(old.region),
        owner: if named { owner } else { old.owner },
        department: if named { department } else { old.department },
    };
    (attributes, values.into_iter().map(|(field, value)| (field, Some(value))).collect())
}

/// The fields that the file's columns go to.
fn mapped(row: &ImportRow) -> Vec<&'static str> {
    let targets = Mapping::parse(&row.mapping).map(|mapping| mapping.0).unwrap_or_default();
    targets
        .into_iter()
        .filter_map(|(_, target)| if let Target::Field(key) = target { Some(key) } else { None })
        .collect()
}

#[derive(Default)]
struct Plan {
    new: Vec<Prepared>,
    existing: Vec<(Accepted, CustomerId)>,
    rows: HashMap<CustomerId, Existing>,
}

fn len(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Faults come grouped by line; a record with three faults is one refused record.
fn distinct_lines(faults: &[ImportError]) -> i64 {
    let lines: std::collections::BTreeSet<i64> = faults.iter().map(|fault| fault.line).collect();
    len(lines.len())
}
