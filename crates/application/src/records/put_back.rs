//! Undoing what was done to a record: it goes, or gets back what it was before.

use custodian_domain::audit::Action;
use custodian_domain::catalog::RecordType;
use custodian_domain::kernel::{DomainError, UserId};
use custodian_persistence::Work;
use custodian_persistence::records::{self as stored, Hung};

use super::bulk::{Values, change};
use super::hand_over::next_version;
use super::news;
use super::read::entry;
use super::sealing::{Spot, open_record, open_value};
use crate::audit::{Detail, Draft, Shown};
use crate::customers::guard;
use crate::{App, Call};

/// Takes a locked record out of use, with its entry. Whether the caller may is for who asks.
pub(crate) async fn archive(app: &App, call: &Call, work: &Work, hung: &Hung) -> Result<(), DomainError> {
    let fields = match next_version(app, call, hung) {
        Ok((_, fields)) => fields,
        // What was damaged can be taken out of use all the same.
        Err(DomainError::Integrity) => hung.record.fields.clone(),
        Err(error) => return Err(error),
    };
    stored::archive(work, &hung.record, &fields, app.now(), call.identity.actor_id()).await?;
    news::deleted(app, work, &hung.record).await?;
    app.record_change(work, call, entry(Action::RecordsDelete, hung)).await
}

/// Gives a locked record back what its last version replaced, as a new version with its entry. Fields that were retired since stay.
///
/// Errors: 409 `duplicate_value` for a unique value that somebody has by now; 404 for a record that was never changed.
pub(crate) async fn put_back(
    app: &App,
    call: &Call,
    work: &Work,
    of: &RecordType,
    mut hung: Hung,
) -> Result<(), DomainError> {
    let versions = stored::versions(work, hung.customer.id, hung.record.id, 1).await?;
    let last = versions.into_iter().next().filter(|last| last.version == hung.record.version);
    let last = last.ok_or(DomainError::NotFound)?;
    let key = guard(app, call, hung.customer.id, open_record(app, call.organization(), &hung)).await?;
    let mut values: Values<'_> = Vec::new();
    for field in of.fields.iter().filter(|field| last.changed.iter().any(|name| name == field.key)) {
        let before = match last.previous_fields.get(field.key) {
            Some(sealed) => {
                let opened = open_value(&key, Spot::of(call.organization(), &hung.record), &sealed);
                Some(guard(app, call, hung.customer.id, opened).await?)
            }
            None => None,
        };
        values.push((field, before));
    }
    let handed = last.changed.iter().any(|name| name == "owner_id");
    let owner = if handed { last.previous_owner.map(UserId::from) } else { hung.record.owner };
    let changed = change(app, call, work, of, &mut hung, (values, owner)).await?;
    let shown = Shown { written: changed.iter().map(|(field, _)| field.name).collect(), ..Shown::default() };
    let version = Detail::Count(u32::try_from(hung.record.version).unwrap_or_default());
    let draft = Draft { shown, ..entry(Action::RecordsUpdate, &hung) };
    app.record_change(work, call, draft.with("version", version)).await
}
