//! Customers: sealed when stored, seen only through the decision.

mod change;
mod commands;
mod create;
mod hand_over;
mod history;
mod list;
mod own;
mod read;
mod reveal;
mod rules;
mod sealing;
mod seen;
mod together;

pub use change::{Precondition, delete, patch};
pub use commands::{Attributes, FieldInput, NewCustomer, Patch, check_attributes, field_faults};
pub use create::{create, record_repeated_create};
pub use history::{Change, Version, history};
pub use list::{Found, Query, SearchTerm, list};
pub use read::{access_log, read};
pub use reveal::{record_repeated_reveal, reveal};
pub use seen::{SeenCustomer, SeenField, SeenValue};
pub use together::CustomerWriter;

pub(crate) use change::Existing;
pub(crate) use commands::accept_field;
pub(crate) use create::covers_new;
pub(crate) use hand_over::hand_over;
pub(crate) use own::own_values;
pub(crate) use read::{find, guard};
pub(crate) use rules::{accept_fields, department_of, editable, taken};
pub(crate) use sealing::{
    SealedNew, TagSet, born, open_one, open_row, open_some, seal_new, tags_of, unpack_tags, value_of, values,
};
pub(crate) use seen::{Judged, decide_agreed, decide_row, decide_thing, facts, is_close, judge_fields, refuse, thing};
