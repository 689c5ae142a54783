//! What the operator asks: which keys there are, whether they open, how full the buckets are.

use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::{Work, keys as stored, organizations};

use crate::App;

/// One organisation's keys.
#[derive(Debug)]
pub struct KeyStatus {
    /// The organisation.
    pub organization: OrganizationId,
    /// Its name.
    pub name: String,
    /// Every bucket.
    pub buckets: Vec<BucketStatus>,
    /// Keys in the key store that no bucket of the database uses.
    pub unused: Vec<(u16, u32)>,
    /// The organisation's own keys open.
    pub own_keys_open: bool,
}

/// One bucket.
#[derive(Debug)]
pub struct BucketStatus {
    /// Number.
    pub bucket: u16,
    /// Epoch in force.
    pub epoch: u32,
    /// Places handed out, of 256.
    pub reserved: i32,
    /// The key is in the store and opens under the root key.
    pub opens: bool,
}

/// The keys of every organisation.
pub async fn status(app: &App) -> Result<Vec<KeyStatus>, DomainError> {
    let mut all = Vec::new();
    for (organization, name) in organizations::list(app.db()).await? {
        let work = Work::begin(app.db(), organization).await?;
        let rows = stored::buckets(&work).await?;
        let own_keys_open = app.keys().open_organization(&work).await.is_ok();
        work.abandon().await;
        let kept = app.keys().store.list(organization).map_err(|error| DomainError::internal(error.to_string()))?;
        let buckets: Vec<_> = rows
            .iter()
            .map(|row| BucketStatus {
                bucket: row.bucket,
                epoch: row.epoch,
                reserved: row.reserved,
                opens: app.keys().store.load(organization, row.bucket, row.epoch).is_ok(),
            })
            .collect();
        let unused =
            kept.into_iter().filter(|(b, e)| !rows.iter().any(|row| row.bucket == *b && row.epoch == *e)).collect();
        all.push(KeyStatus { organization, name, buckets, unused, own_keys_open });
    }
    Ok(all)
}
