//! What changed between two versions of a purpose, and whether people must be asked again.

use super::Purpose;

/// One member that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The member's name.
    pub member: &'static str,
    /// Consents given before must be renewed: purpose, method or kinds of data are others (PIPL art. 14), or more is done than was agreed to.
    pub material: bool,
}

/// What changed, in the order of the members.
pub fn changes(before: &Purpose, after: &Purpose) -> Vec<Changed> {
    let mut changed = Vec::new();
    let mut note = |member, differs: bool, material: bool| {
        if differs {
            changed.push(Changed { member, material });
        }
    };
    // A better name is no other purpose; another description is.
    note("labels", before.labels != after.labels, false);
    note("description", before.description != after.description, true);
    note("legal_basis", before.legal_basis != after.legal_basis, after.needs_consent());
    note("consent_kind", before.consent_kind != after.consent_kind, after.consent_kind > before.consent_kind);
    note("necessary", before.necessary != after.necessary, after.necessary);
    let more_fields = match (&before.fields, &after.fields) {
        (Some(before), Some(after)) => goes_beyond(before, after),
        (Some(_), None) => true,
        (None, _) => false,
    };
    note("fields", before.fields != after.fields, more_fields);
    note("methods", before.methods != after.methods, goes_beyond(&before.methods, &after.methods));
    note("recipients", before.recipients != after.recipients, goes_beyond(&before.recipients, &after.recipients));
    note("channels", before.channels != after.channels, goes_beyond(&before.channels, &after.channels));
    let longer = match (before.retention_days, after.retention_days) {
        (Some(before), Some(after)) => after > before,
        (Some(_), None) => true,
        (None, _) => false,
    };
    note("retention_days", before.retention_days != after.retention_days, longer);
    note("jurisdictions", before.jurisdictions != after.jurisdictions, false);
    note("dpv", before.dpv != after.dpv, false);
    note("cool_down_days", before.cool_down_days != after.cool_down_days, false);
    changed
}

/// Whether something is in `after` that was not in `before`.
fn goes_beyond<T: PartialEq>(before: &[T], after: &[T]) -> bool {
    after.iter().any(|one| !before.contains(one))
}
