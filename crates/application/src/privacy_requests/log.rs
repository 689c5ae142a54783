//! The log of requests as a file: made piece by piece, however long it is.

use chrono::{DateTime, SecondsFormat, Utc};
use custodian_domain::audit::Action;
use custodian_domain::exports::csv_cell;
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_domain::privacy_requests::{LOG_MEMBERS, LogFormat};
use custodian_domain::roles::Permission;
use custodian_persistence::privacy_requests::{self as stored, LogRow};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// Lines read at once: bounds the memory of an export to less than a megabyte.
const PIECE: i64 = 1_000;

/// An export on its way: [`LogExport::next`] until there is nothing more.
pub struct LogExport {
    app: App,
    organization: OrganizationId,
    format: LogFormat,
    since: Option<DateTime<Utc>>,
    after: Option<Uuid>,
    begun: bool,
    done: bool,
}

/// Begins an export of the log, of what came in since then if given. The entry that tells of it is durable when this returns.
pub async fn export_log(
    app: &App,
    call: &Call,
    format: LogFormat,
    since: Option<DateTime<Utc>>,
) -> Result<LogExport, DomainError> {
    call.needs(Permission::PrivacyRequestsRead)?;
    let draft = Draft::of(Action::PrivacyRequestsExport).with("format", Detail::Code(format.as_str().to_owned()));
    app.record_read(call, draft).await?;
    let (app, organization) = (app.clone(), call.organization());
    Ok(LogExport { app, organization, format, since, after: None, begun: false, done: false })
}

impl LogExport {
    /// The next bytes, none behind the last. An error in between means that what was handed out is not whole.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, DomainError> {
        if self.done {
            return Ok(None);
        }
        let work = self.app.begin(self.organization).await?;
        let rows = stored::log_lines(&work, self.since, self.after, PIECE).await;
        work.abandon().await;
        let rows = rows?;
        let mut text = String::new();
        if !self.begun && self.format == LogFormat::Csv {
            // The mark at the beginning tells spreadsheets the encoding.
            text.push('\u{feff}');
            line_of_cells(LOG_MEMBERS.iter().map(|name| (*name).to_owned()), &mut text);
        }
        self.begun = true;
        for row in &rows {
            match self.format {
                LogFormat::Csv => line_of_cells(values(row).into_iter().map(cell), &mut text),
                LogFormat::Ndjson => {
                    let named = LOG_MEMBERS.iter().map(|name| (*name).to_owned()).zip(values(row));
                    text.push_str(&Value::Object(named.collect()).to_string());
                    text.push('\n');
                }
            }
        }
        self.done = rows.len() < usize::try_from(PIECE).unwrap_or(usize::MAX);
        self.after = rows.last().map(|row| row.id);
        Ok(Some(text.into_bytes()))
    }
}

fn line_of_cells(cells: impl Iterator<Item = String>, text: &mut String) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            text.push(',');
        }
        csv_cell(&cell, text);
    }
    text.push_str("\r\n");
}

fn cell(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// What a line says, in the order of its members.
fn values(row: &LogRow) -> [Value; LOG_MEMBERS.len()] {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
    [
        json!(row.id),
        json!(time(row.received_at)),
        json!(row.right),
        json!(row.jurisdiction),
        json!(row.channel),
        json!(row.requester),
        json!(row.acknowledged_at.map(time)),
        json!(row.due_on),
        json!(row.extended_at.map(time)),
        json!(row.answered_at.map(time)),
        json!(row.state),
        json!(row.ground),
        json!(row.article),
        json!(row.duplicate_of),
    ]
}
