//! What somebody sent by a form and nobody has decided about, as it is handed over to them.

use chrono::{DateTime, Utc};
use custodian_domain::catalog::Field;
use custodian_domain::kernel::DomainError;
use custodian_persistence::Work;
use custodian_persistence::customers::CustomerRow;
use custodian_persistence::forms as stored;
use uuid::Uuid;

use super::people::opened;
use crate::{App, Call};

/// A submission that waits.
pub(crate) struct OwnSubmission<'a> {
    /// Its id.
    pub id: Uuid,
    /// By which form.
    pub form: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// What was sent, in catalog order.
    pub values: Vec<(&'a Field, String)>,
}

/// The submissions about somebody that wait for a decision, oldest first.
pub(crate) async fn own_submissions<'a>(
    app: &App,
    call: &'a Call,
    work: &Work,
    row: &CustomerRow,
) -> Result<Vec<OwnSubmission<'a>>, DomainError> {
    let mut all = Vec::new();
    for sent in stored::waiting_of(work, row.id).await? {
        let mut content = opened(app, call.organization(), row, &sent)?;
        let fields = call.customer().ever();
        let values = fields.filter_map(|field| Some((field, content.fields.remove(field.key)?))).collect();
        all.push(OwnSubmission { id: sent.id, form: sent.form, at: sent.at, values });
    }
    Ok(all)
}
