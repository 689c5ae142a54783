//! The catalogs in use, in memory: a caller carries its organisation's, and is looked up anew twice a second.
//!
//! Looking a caller up asks for one number beside what it asks already; only a changed number has the catalog read. A single read of a
//! customer asks nothing at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use custodian_domain::catalog::{Catalog, FieldContent, Kept, Labels, RecordType, kept};
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::Work;
use custodian_persistence::catalog::{self as stored, FieldRow, TypeRow};
use moka::sync::Cache;
use serde::Deserialize as _;

/// The catalogs that this instance has read.
pub(crate) struct Catalogs {
    generation: AtomicU64,
    known: Cache<OrganizationId, Arc<Catalog>>,
}

/// A catalog, and how many changes of any this instance had made before it was read.
pub(crate) struct Current {
    pub catalog: Arc<Catalog>,
    pub generation: u64,
}

impl Default for Catalogs {
    fn default() -> Self {
        Self { generation: AtomicU64::new(0), known: Cache::builder().max_capacity(10_000).build() }
    }
}

impl Catalogs {
    /// How many changes this instance has made: a caller that was looked up before the last of them is looked up again.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Notes a committed change.
    pub(crate) fn changed(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// The organisation's catalog as it is committed. Not for a transaction that changes it: what may be rolled back must not be kept.
    pub(crate) async fn current(&self, work: &Work) -> Result<Current, DomainError> {
        let generation = self.generation();
        let version = stored::version(work).await?;
        if version == 0 {
            return Ok(Current { catalog: Arc::clone(Catalog::built_in()), generation });
        }
        let organization = work.organization();
        if let Some(catalog) = self.known.get(&organization).filter(|known| known.version == version) {
            return Ok(Current { catalog, generation });
        }
        let catalog = Arc::new(read(work, version).await?);
        self.known.insert(organization, Arc::clone(&catalog));
        Ok(Current { catalog, generation })
    }
}

/// The organisation's catalog as this transaction sees it.
pub(crate) async fn load(work: &Work) -> Result<Catalog, DomainError> {
    let version = stored::version(work).await?;
    read(work, version).await
}

async fn read(work: &Work, version: i64) -> Result<Catalog, DomainError> {
    let own = stored::types(work).await?.iter().map(record_type).collect();
    let laid = |row: FieldRow| {
        let record_type = kept(&row.record_type);
        let field = content(&row)?.field(record_type, &row.key);
        Ok(Kept { record_type, field, retired: row.state == "retired" })
    };
    let fields: Result<Vec<Kept>, DomainError> = stored::fields(work).await?.into_iter().map(laid).collect();
    Ok(Catalog::of(version, own, fields?))
}

/// A stored record type, without its fields.
fn record_type(row: &TypeRow) -> RecordType {
    RecordType::new(&row.code, Labels::new(row.label_en.as_str(), row.label_zh.as_str()), row.state == "active")
}

/// What a stored field says.
pub(super) fn content(row: &FieldRow) -> Result<FieldContent, DomainError> {
    FieldContent::deserialize(&row.content)
        .map_err(|error| DomainError::internal(format!("a stored field of the catalog: {error}")))
}
