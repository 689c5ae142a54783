//! Customers: sealed when stored, seen only through the decision.

mod archive;
mod change;
mod collaborators;
mod commands;
mod create;
mod decoy;
mod duplicates;
mod forget;
mod hand_many;
mod hand_over;
mod history;
mod list;
mod merge;
mod own;
mod page;
mod put_back;
mod read;
mod reveal;
mod rules;
mod sealing;
mod seen;
mod tags;
mod together;
mod unmerge;

pub use archive::{archive, restore};
pub use change::{Precondition, delete, patch};
pub use collaborators::{Collaborators, NewCollaborator, put_collaborators, show_collaborators};
pub use commands::{Attributes, FieldInput, NewCustomer, Patch, check_attributes, field_faults};
pub use create::{create, record_repeated_create, record_repeated_show};
pub use duplicates::{Duplicate, duplicates};
pub use hand_many::{HAND_OVER, HandedOver, MOST_HANDED, NewHandOver, Outcomes, Whom, hand_over_many, run_hand_over};
pub use history::{Change, Version, history};
pub use list::{Found, Query, SearchTerm, list};
pub use merge::{MergeView, Moved, NewMerge, merge};
pub use read::{access_log, read};
pub use reveal::{record_repeated_reveal, reveal};
pub use seen::{SeenCustomer, SeenField, SeenValue};
pub use tags::{NewTag, TagPatch, create_tag, find_tag, list_tags, patch_tag};
pub use together::CustomerWriter;
pub use unmerge::{merged_place, merges, unmerge};

pub(crate) use change::Existing;
pub(crate) use commands::accept_field;
pub(crate) use create::covers_new;
pub(crate) use forget::forget_field;
pub(crate) use hand_over::hand_over;
pub(crate) use own::{FormerValue, former_values, own_values};
pub(crate) use put_back::{keep_contacts, out_of_use, put_back, take_out};
pub(crate) use read::{find, guard};
pub(crate) use rules::{accept_fields, department_of, editable, taken, unrestricted};
pub(crate) use sealing::{
    SealedNew, TagSet, born, open_one, open_row, open_some, seal_new, tags_of, unpack_tags, value_of, values,
};
pub(crate) use seen::{
    Judged, decide_agreed, decide_fields, decide_row, decide_thing, facts, is_close, judge_fields, refuse, thing,
};
