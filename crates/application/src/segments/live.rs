//! A segment or a view laid over a list.

use custodian_domain::kernel::{DomainError, Fault};
use custodian_domain::roles::Permission;
use custodian_persistence::{Work, segments as stored};
use uuid::Uuid;

use super::saved::Saved;
use super::user;
use crate::customers::Query;
use crate::{App, Call};

/// Narrows a list to a segment, a view of one's own, or both; the view's order, in case the list names none.
///
/// Errors: 422 with the faults of the query: an unknown segment or view, and a member that is set by it and otherwise by the query; 409
/// `segment_unusable`; 403 `field_hidden` for a filter by what the caller may not read.
pub async fn narrow(
    app: &App,
    call: &Call,
    query: &mut Query,
    segment: Option<Uuid>,
    view: Option<Uuid>,
) -> Result<Option<String>, DomainError> {
    if segment.is_none() && view.is_none() {
        return Ok(None);
    }
    call.needs(Permission::SegmentsRead)?;
    let owner = user(call)?;
    let ask = async |work: &Work| {
        let segment = match segment {
            None => None,
            Some(id) => Some(stored::find(work, owner, id).await?.ok_or_else(|| unknown("/segment"))?),
        };
        let view = match view {
            None => None,
            Some(id) => Some(stored::lock_view(work, owner, id).await?.ok_or_else(|| unknown("/view"))?),
        };
        Ok::<_, DomainError>((segment, view))
    };
    let (segment, view) = app.reading(call.organization(), ask).await?;
    if let Some(row) = segment {
        lay(call, query, Saved::read(&row.filter, &row.terms)?)?;
    }
    let Some(row) = view else { return Ok(None) };
    lay(call, query, Saved::read(&row.filter, &row.terms)?)?;
    query.columns = Some(row.columns).filter(|columns| !columns.is_empty());
    Ok(Some(row.sort))
}

fn unknown(pointer: &str) -> DomainError {
    DomainError::invalid(pointer, "unknown_saved_filter")
}

fn lay(call: &Call, query: &mut Query, saved: Saved) -> Result<(), DomainError> {
    saved.usable(call)?;
    let mut faults = Vec::new();
    let mut fault = |name: &str| faults.push(Fault::new(format!("/{name}"), "set_by_saved_filter"));
    let filter = custodian_persistence::customers::Filter::from(saved.filter.clone());
    let own = &mut query.filter;
    merge(&mut own.stage, filter.stage, "stage", &mut fault);
    merge(&mut own.source, filter.source, "source", &mut fault);
    merge(&mut own.owner, filter.owner, "owner_id", &mut fault);
    merge(&mut own.department, filter.department, "department_id", &mut fault);
    merge(&mut own.region, filter.region, "region", &mut fault);
    own.updated_since = own.updated_since.max(filter.updated_since);
    query.terms.extend(saved.search());
    if faults.is_empty() { Ok(()) } else { Err(DomainError::Invalid(faults)) }
}

fn merge<T: PartialEq>(own: &mut Option<T>, saved: Option<T>, name: &str, fault: &mut impl FnMut(&str)) {
    match (own.as_ref(), saved) {
        (Some(own), Some(saved)) if *own != saved => fault(name),
        (None, Some(saved)) => *own = Some(saved),
        (_, _) => {}
    }
}
