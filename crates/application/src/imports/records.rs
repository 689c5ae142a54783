//! Storing a batch of what hangs on customers: each record is joined to its customer by the customer's number and sealed under its key.

use std::collections::{HashMap, HashSet};

use custodian_domain::audit::Action;
use custodian_domain::catalog::{Field, RecordType};
use custodian_domain::kernel::{CustomerId, DomainError};
use custodian_persistence::customers::{self as people, CustomerRow};
use custodian_persistence::imports::{self as stored, ChangeRow, ImportError, ImportRow};
use custodian_persistence::jobs::{self, Claim};
use custodian_persistence::records::{self as hung, RecordRow};
use custodian_persistence::{DbError, Work};
use uuid::Uuid;

use super::OnConflict;
use super::accept::missing;
use super::owners::Owners;
use super::reached::{Counts, commit, distinct_lines, len};
use super::run::{Batch, LEASE_SECONDS, Prepared};
use super::store::mapped;
use crate::audit::{Detail, Draft, Shown};
use crate::records;
use crate::{App, Call};

pub(super) struct RecordStore<'a> {
    app: &'a App,
    call: &'a Call,
    claim: &'a Claim,
    row: &'a ImportRow,
    of: &'a RecordType,
    counts: Counts,
    owners: Owners,
    /// Unique values that a dry run has met: it stores none.
    met: HashSet<[u8; 16]>,
}

/// What becomes of the records of a batch.
#[derive(Default)]
struct Plan {
    new: Vec<(Prepared, CustomerId)>,
    existing: Vec<(Prepared, Uuid, CustomerId)>,
}

type Tags = Vec<Vec<([u8; 16], bool)>>;

impl<'a> RecordStore<'a> {
    pub(super) fn new(app: &'a App, call: &'a Call, claim: &'a Claim, row: &'a ImportRow) -> Result<Self, DomainError> {
        let of = call.catalog().record_type(&row.record_type).ok_or(DomainError::NotFound)?;
        let counts = Counts { done: row.rows_done, created: row.created, updated: row.updated, rejected: row.rejected };
        Ok(Self { app, call, claim, row, of, counts, owners: Owners::default(), met: HashSet::new() })
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// Stores a batch in a transaction of its own. False when another worker holds the job now: nothing more was written.
    pub(super) async fn store(&mut self, batch: Batch) -> Result<bool, DomainError> {
        let work = self.app.begin(self.claim.organization).await?;
        if !jobs::hold(&work, self.claim, LEASE_SECONDS).await? {
            work.abandon().await;
            return Ok(false);
        }
        let Batch { mut accepted, mut faults, records } = batch;
        self.owners.find(self.app, &work, self.row.owner, accepted.iter().map(|prepared| &prepared.record)).await?;
        accepted.retain_mut(|prepared| match self.owners.give(&mut prepared.record) {
            Ok(()) => true,
            Err(code) => {
                faults.push(fault(prepared, "owner_email", code));
                false
            }
        });
        let customers = customers(&work, &accepted).await?;
        let joined = self.join(accepted, &customers, &mut faults);
        let plan = self.plan(&work, joined, &mut faults).await?;
        let (mut created, mut updated) = (len(plan.new.len()), len(plan.existing.len()));
        if self.row.dry_run {
            let refused = self.clashes(&plan, &mut faults);
            created -= refused;
        } else {
            self.create(&work, plan.new, &customers).await?;
            updated = self.change(&work, plan.existing, &mut faults).await?;
        }
        let counts = Counts { done: records, created, updated, rejected: distinct_lines(&faults) };
        let reached = commit(self.app, self.claim, work, self.counts.and(counts), &faults).await?;
        self.counts = reached.unwrap_or(self.counts);
        Ok(reached.is_some())
    }

    /// Finds each record's customer, as far as the importer may enter such records for it.
    fn join(
        &self,
        accepted: Vec<Prepared>,
        customers: &Customers,
        faults: &mut Vec<ImportError>,
    ) -> Vec<(Prepared, CustomerId)> {
        let mut joined = Vec::with_capacity(accepted.len());
        for prepared in accepted {
            let found =
                prepared.join.and_then(|tag| customers.by_number.get(&tag)).and_then(|id| customers.rows.get(id));
            let fields: Vec<&Field> = prepared.record.pairs(self.of).into_iter().map(|(field, _)| field).collect();
            let refused = match found {
                None => Some("unknown_customer"),
                Some(row) => records::may_enter(self.app, self.call, row, self.of, &fields).err(),
            };
            match (refused, found) {
                (None, Some(row)) => joined.push((prepared, row.id)),
                (Some(code @ ("field_not_editable" | "customer_restricted")), _) => {
                    faults.push(fault(&prepared, "", code))
                }
                _ => faults.push(fault(&prepared, "customer_no", "unknown_customer")),
            }
        }
        joined
    }

    /// Sorts records into new ones, changes of existing ones, and refusals.
    async fn plan(
        &self,
        work: &Work,
        joined: Vec<(Prepared, CustomerId)>,
        faults: &mut Vec<ImportError>,
    ) -> Result<Plan, DomainError> {
        let unique: Vec<[u8; 16]> = joined.iter().flat_map(|(prepared, _)| prepared.tags.unique()).collect();
        let known = if unique.is_empty() { Vec::new() } else { hung::by_unique_tags(work, &unique).await? };
        let holders: Vec<Uuid> = known.iter().map(|(_, id)| *id).collect();
        let mut named: HashSet<Uuid> = stored::touched(work, self.claim.job, &holders).await?.into_iter().collect();
        let mut taken: HashMap<[u8; 16], Option<Uuid>> = known.into_iter().map(|(tag, id)| (tag, Some(id))).collect();
        let mut plan = Plan::default();
        for (prepared, customer) in joined {
            let holder = prepared.tags.unique().find_map(|tag| taken.get(&tag).copied());
            match holder {
                Some(Some(id)) if self.row.mode == "upsert" && named.insert(id) => {
                    plan.existing.push((prepared, id, customer));
                }
                None => {
                    let lacking = missing(self.of, &prepared.record);
                    if lacking.is_empty() {
                        taken.extend(prepared.tags.unique().map(|tag| (tag, None)));
                        plan.new.push((prepared, customer));
                    }
                    faults.extend(lacking);
                }
                Some(_) => faults.push(fault(&prepared, self.unique_field(), "duplicate_value")),
            }
        }
        Ok(plan)
    }

    /// The index does not say which unique field met: the first is named.
    fn unique_field(&self) -> &'static str {
        self.of.fields.iter().find(|field| field.keeps_unique()).map_or("", |field| field.key)
    }

    /// What a dry run would refuse because an earlier batch had made it.
    fn clashes(&mut self, plan: &Plan, faults: &mut Vec<ImportError>) -> i64 {
        let mut refused = 0;
        for (prepared, _) in &plan.new {
            let tags: Vec<_> = prepared.tags.unique().collect();
            if tags.iter().any(|tag| !self.met.insert(*tag)) {
                faults.push(fault(prepared, self.unique_field(), "duplicate_value"));
                refused += 1;
            }
        }
        refused
    }

    async fn create(
        &self,
        work: &Work,
        new: Vec<(Prepared, CustomerId)>,
        customers: &Customers,
    ) -> Result<(), DomainError> {
        let (mut rows, mut tags): (Vec<RecordRow>, Tags) = (Vec::with_capacity(new.len()), Vec::new());
        for (Prepared { record, tags: set, .. }, customer) in new {
            let Some(customer) = customers.rows.get(&customer) else { continue };
            let pairs = record.pairs(self.of);
            let owner = record.attributes.owner;
            rows.push(records::made(self.app, self.call, self.of, customer, owner, (&pairs, &set.0)).await?);
            tags.push(set.0);
        }
        if rows.is_empty() {
            return Ok(());
        }
        let taken = |error: DbError| DomainError::unavailable(error.to_string());
        hung::insert_many(work, &rows, &tags).await.map_err(taken)?;
        let made = |row: &RecordRow| ChangeRow { thing: row.id, version: 1, made: true, kept: None };
        stored::note_changes(work, self.claim.job, &rows.iter().map(made).collect::<Vec<_>>()).await?;
        let mut concerned: Vec<CustomerId> = rows.iter().map(|row| row.customer).collect();
        concerned.sort_unstable();
        concerned.dedup();
        let shown = Shown { written: mapped(self.of, self.row), ..Shown::default() };
        let draft = Draft { customers: concerned, shown, ..Draft::of(Action::RecordsImport) }
            .with("job", Detail::Code(self.claim.job.to_string()))
            .with("record_type", Detail::Code(self.of.code.to_owned()))
            .with("count", Detail::Count(u32::try_from(rows.len()).unwrap_or(u32::MAX)));
        self.app.record_change(work, self.call, draft).await
    }

    /// Changes records that exist; how many were.
    async fn change(
        &self,
        work: &Work,
        existing: Vec<(Prepared, Uuid, CustomerId)>,
        faults: &mut Vec<ImportError>,
    ) -> Result<i64, DomainError> {
        let mut noted = Vec::with_capacity(existing.len());
        for (prepared, id, customer) in existing {
            let Some(mut found) = records::held(work, self.of, id).await?.filter(|one| one.customer.id == customer)
            else {
                // A number of somebody else's record is answered like any taken one.
                faults.push(fault(&prepared, self.unique_field(), "duplicate_value"));
                continue;
            };
            let has = |field: &Field| found.record.fields.get(field.key).is_some();
            let held: Vec<&Field> = prepared.record.pairs(self.of).into_iter().map(|(field, _)| field).collect();
            let held: Vec<&Field> = held.into_iter().filter(|field| !field.keeps_unique() && has(field)).collect();
            let rule = OnConflict::of(&self.row.on_conflict);
            if rule == OnConflict::Refuse && !held.is_empty() {
                faults.extend(held.iter().map(|field| fault(&prepared, field.key, "value_held")));
                continue;
            }
            let stays = |field: &Field| rule == OnConflict::Fill && held.iter().any(|one| one.key == field.key);
            let pairs = prepared.record.pairs(self.of).into_iter().filter(|(field, _)| !stays(field));
            let values = pairs.map(|(field, value)| (field, Some(value.to_owned()))).collect();
            let handed = prepared.record.owner_email.is_some() && rule == OnConflict::Overwrite;
            let owner = if handed { prepared.record.attributes.owner } else { found.record.owner };
            let before = found.record.version;
            records::change(self.app, self.call, work, self.of, &mut found, (values, owner)).await?;
            let version = found.record.version;
            let kept = (version == before).then(|| "unchanged".to_owned());
            if kept.is_none() {
                records::note_import(self.app, self.call, work, &found, self.claim.job.uuid()).await?;
            }
            noted.push(ChangeRow { thing: id, version, made: false, kept });
        }
        stored::note_changes(work, self.claim.job, &noted).await?;
        Ok(len(noted.len()))
    }
}

/// The customers that a batch names, held until its transaction ends.
struct Customers {
    by_number: HashMap<[u8; 16], CustomerId>,
    rows: HashMap<CustomerId, CustomerRow>,
}

async fn customers(work: &Work, accepted: &[Prepared]) -> Result<Customers, DomainError> {
    let tags: Vec<[u8; 16]> = accepted.iter().filter_map(|prepared| prepared.join).collect();
    let by_number: HashMap<[u8; 16], CustomerId> = people::by_unique_tags(work, &tags).await?.into_iter().collect();
    let mut ids: Vec<CustomerId> = by_number.values().copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = if ids.is_empty() { Vec::new() } else { people::lock_many(work, &ids).await? };
    Ok(Customers { by_number, rows: rows.into_iter().map(|row| (row.id, row)).collect() })
}

fn fault(prepared: &Prepared, field: &str, code: &str) -> ImportError {
    ImportError { line: prepared.record.line, field: field.to_owned(), code: code.to_owned() }
}
