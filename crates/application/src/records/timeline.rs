//! The timeline of a customer: its records of every type and its files, latest first by when they happened, each through its own decision.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use custodian_domain::audit::Action;
use custodian_domain::kernel::DomainError;
use custodian_domain::roles::Permission;
use custodian_persistence::attachments::AttachmentRow;
use custodian_persistence::customers::CustomerReader;
use custodian_persistence::records::{self as stored, Filter, Hung, Order};
use uuid::Uuid;

use super::list::see_all;
use super::seen::SeenRecord;
use crate::access_requests::begin_holding;
use crate::attachments::{self, AttachmentView};
use crate::audit::{Detail, Draft};
use crate::customers::find;
use crate::paging::{cut, one_more};
use crate::{App, Call};

/// When something happened, and its id: the order of the timeline.
type Moment = (DateTime<Utc>, Uuid);

/// Something that happened with a customer.
pub enum Happened {
    /// A record, when it happened.
    Record(SeenRecord),
    /// A file, when it was taken in.
    File(AttachmentView),
}

impl Happened {
    fn moment(&self) -> Moment {
        match self {
            Self::Record(seen) => (seen.at, seen.id),
            Self::File(view) => (view.row.created_at, view.row.id),
        }
    }
}

/// A page of the timeline.
pub struct Timeline {
    /// What happened, latest first.
    pub entries: Vec<Happened>,
    /// Where to go on: the moment and the id of the last row read, if there are more.
    pub next: Option<Moment>,
}

/// A row as it is read.
enum Row {
    Record(Box<Hung>),
    File(AttachmentRow),
}

impl Row {
    fn moment(&self) -> Moment {
        match self {
            Self::Record(hung) => (hung.record.at, hung.record.id),
            Self::File(row) => (row.created_at, row.id),
        }
    }
}

/// Everything that happened with one customer, latest first: its records of every type that the caller may read, and its files where the caller may
/// list them.
///
/// Errors: 404 for a customer that the caller may not know of.
pub async fn timeline(
    app: &App,
    reader: &CustomerReader,
    call: &Call,
    customer: Uuid,
    after: Option<Moment>,
    limit: usize,
) -> Result<Timeline, DomainError> {
    call.needs(Permission::RecordsRead)?;
    let row = find(app, reader, call, customer, Permission::RecordsRead).await?;
    let (work, holding) = begin_holding(app, call).await?;
    let scope = call.scope(Permission::RecordsRead, &holding.grants, holding.now(app.now()));
    let filter = Filter { customer: Some(row.id.uuid()), ..Filter::default() };
    let records = stored::list(&work, &scope, &filter, Order::Happened(after), one_more(limit)).await;
    let files = attachments::in_reach(app, call, &work, &row).await;
    work.abandon().await;
    let mut rows: Vec<Row> = records?.into_iter().map(|hung| Row::Record(Box::new(hung))).collect();
    let files = files?.into_iter().map(Row::File);
    rows.extend(files.filter(|file| after.is_none_or(|after| file.moment() < after)));
    rows.sort_unstable_by_key(|row| Reverse(row.moment()));
    let next = cut(&mut rows, limit, Row::moment);
    let (mut hung, mut files) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Row::Record(one) => hung.push(*one),
            Row::File(one) => files.push(one),
        }
    }
    let draft = Draft::of(Action::RecordsList).with("searched", Detail::Codes(Vec::new()));
    let records = see_all(app, call, &hung, &holding, draft, |_| Ok(true)).await?;
    let files = attachments::told(app, reader, call, &row, files).await?;
    let mut entries: Vec<Happened> = records.into_iter().map(Happened::Record).collect();
    entries.extend(files.into_iter().map(Happened::File));
    entries.sort_by_key(|one| Reverse(one.moment()));
    Ok(Timeline { entries, next })
}
