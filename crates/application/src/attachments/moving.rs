//! Files that go from one customer to another when two rows are made one: their keys are sealed anew, their pieces stay as they are.

use custodian_domain::kernel::DomainError;
use custodian_persistence::Work;
use custodian_persistence::attachments::{self as stored, AttachmentRow};
use custodian_persistence::customers::CustomerRow;
use uuid::Uuid;

use super::sealing::{facts, file_key, key_of, seal};
use crate::App;

/// Moves the files of a locked customer, those named alone if there are any names, to another locked one. Answers their ids.
pub(crate) async fn move_all(
    app: &App,
    work: &Work,
    from: &CustomerRow,
    to: &CustomerRow,
    only: Option<&[Uuid]>,
) -> Result<Vec<Uuid>, DomainError> {
    let organization = work.organization();
    let rows = stored::of_customer(work, from.id, only).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let own = key_of(app, organization, from)?;
    let mut moved = Vec::with_capacity(rows.len());
    for row in rows {
        let known = (file_key(&own, organization, &row)?, facts(&own, organization, &row)?);
        let (sealed_key, sealed_facts) = seal(app, organization, to, row.id, (&known.0, &known.1))?;
        let next = AttachmentRow { sealed_key, sealed_facts, ..row };
        stored::move_to(work, from.id, to.id, &next).await?;
        moved.push(next.id);
    }
    Ok(moved)
}
