//! Taking one field away from somebody for good: its value, what it is found by, and what it was before.

use custodian_domain::audit::Action;
use custodian_domain::catalog::Field;
use custodian_domain::kernel::DomainError;
use custodian_persistence::Work;
use custodian_persistence::customers::{self as stored, CustomerRow, SealedFields, VersionRow};
use uuid::Uuid;

use super::change::{attributes_json, attributes_of};
use super::rules::{digest_of, version_of};
use super::sealing::{open_row, open_some, reseal, tags_of, unpack_tags};
use crate::App;
use crate::audit::{Detail, Draft};

/// Takes a field away from a locked customer; the version afterwards with the entry that still has to be written in this transaction, or `None` where there was
/// nothing of it, now or before.
///
/// When the customer last changed stays as it was: what the service does by itself prolongs no time. That there was a value, and until when, stays in the history.
pub(crate) async fn forget_field(
    app: &App,
    work: &Work,
    row: &CustomerRow,
    field: &Field,
) -> Result<Option<(i32, Draft)>, DomainError> {
    let past = stored::scrub_versions(work, row.id, field.key, None).await?;
    let draft =
        Draft::about(Action::CustomersUpdate, row.id).with("changed", Detail::Codes(vec![field.key.to_owned()]));
    if row.fields.get(field.key).is_none() {
        // Without a digest: the row is as it was, and the entry of its newest change vouches for it.
        return Ok((past > 0).then_some((row.version, draft)));
    }
    let organization = work.organization();
    let key = open_row(app, organization, row)?;
    let opened = open_some(&key, organization, row, std::iter::once(field))?;
    let version = row.version.checked_add(1).ok_or_else(|| DomainError::internal("version overflow"))?;
    let (fields, _) = reseal(app, &key, organization, row, version, &[(field, None)])?;
    let keys = app.keys().open_organization(work).await?;
    let old = tags_of(&keys, opened.iter().map(|(field, value)| (*field, value.as_str())));
    let goes = |tag: &[u8; 16]| old.0.iter().any(|(known, _)| known == tag);
    let (gone, kept): (Vec<_>, Vec<_>) = unpack_tags(&row.tags).into_iter().partition(goes);
    let gone: Vec<_> = gone.into_iter().map(|tag| (row.id, tag)).collect();
    let next = CustomerRow { version, fields, tags: kept.into_iter().flatten().collect(), ..row.clone() };
    let kept_version = VersionRow {
        customer: row.id,
        version,
        changed_at: work.database_time().await?,
        changed_by: Uuid::nil(),
        actor_kind: "system".to_owned(),
        changed: vec![field.key.to_owned()],
        previous: attributes_json(&attributes_of(row)),
        previous_fields: SealedFields::default(),
    };
    stored::store_change(work, &next, &kept_version, &gone, &[]).await?;
    let draft = draft.with("digest", digest_of(&next)).with("version", version_of(&next));
    Ok(Some((version, draft)))
}
