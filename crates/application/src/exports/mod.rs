//! Exports: files of customers, asked for, approved, prepared by a job, and taken away once.

mod ask;
mod book;
mod copying;
mod decoy;
mod link;
mod maker;
mod news;
mod pieces;
mod rows;
mod run;
mod sheet;
mod trace;
mod watch;

pub use ask::{ExportView, NewExport, create, find, list};
pub(crate) use decoy::{Invented, beside, dice, invented};
pub use link::{Download, Link, download, link};
pub use run::{KIND, run};
pub use trace::{Traced, trace};
pub(crate) use watch::{approved, dropped, end_all_of, look, without};

use custodian_domain::audit::Action;
use custodian_domain::exports::trace_form;
use custodian_domain::kernel::OrganizationId;
use uuid::Uuid;

use crate::App;
use crate::audit::{Detail, Draft};

/// Members that are looked at in one go. An entry names all of them, and has to stay below the 64 KiB that a bundle of the log allows.
const PIECE: i64 = 1_000;

fn entry(action: Action, export: Uuid) -> Draft {
    Draft::of(action).with("export", Detail::Code(export.to_string()))
}

/// The digest by which a value that stands in one file alone is found again; the value itself is kept nowhere.
fn tag_of(app: &App, organization: OrganizationId, value: &str) -> Vec<u8> {
    app.keys().lookup("export-decoy", &format!("{organization}:{}", trace_form(value))).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
