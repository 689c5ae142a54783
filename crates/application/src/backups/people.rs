//! Everybody who stays, opened once: nothing is served before.

use custodian_crypto::DataKey;
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_persistence::erasures::{RecordPack, Survivor, record_packs, survivors};
use uuid::Uuid;

use crate::App;
use crate::customers::open_one;
use crate::erasures::{open_of_record, pack};

/// People opened in one transaction.
const PAGE: i64 = 200;

/// What was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// People who stay.
    pub people: u64,
    /// Their values: present and past, and those of their records.
    pub values: u64,
    /// People of whom something does not open.
    pub broken: Vec<Uuid>,
}

/// Opens every value of everybody who stays in an organisation.
pub(super) async fn open_everybody(app: &App, organization: OrganizationId) -> Result<Opened, DomainError> {
    let mut opened = Opened::default();
    let mut after = Uuid::nil();
    loop {
        let work = app.begin(organization).await?;
        let page = survivors(&work, after, PAGE).await?;
        let ids: Vec<Uuid> = page.iter().map(|one| one.id.uuid()).collect();
        let records = record_packs(&work, &ids).await?;
        work.abandon().await;
        let Some(last) = page.last() else { return Ok(opened) };
        after = last.id.uuid();
        for one in &page {
            let theirs = records.iter().filter(|record| record.customer == one.id.uuid());
            opened.people += 1;
            match open(app, organization, one, theirs) {
                Some(values) => opened.values += values,
                None => opened.broken.push(one.id.uuid()),
            }
        }
    }
}

/// How many values one person has, if every one opens.
fn open<'r>(
    app: &App,
    organization: OrganizationId,
    one: &Survivor,
    records: impl Iterator<Item = &'r RecordPack>,
) -> Option<u64> {
    let key: DataKey = app.keys().data_key(organization, one.id, one.key_version, &one.wrapped_key).ok()?;
    let mut values = 0;
    for bytes in &one.packs {
        for value in pack(bytes).iter() {
            let value = value?;
            if !value.key.is_empty() {
                open_one(&key, organization, one.id, &value).ok()?;
                values += 1;
            }
        }
    }
    for record in records {
        for value in pack(&record.fields).iter() {
            let value = value?;
            if !value.key.is_empty() {
                open_of_record(&key, organization, record, &value)?;
                values += 1;
            }
        }
    }
    Some(values)
}
