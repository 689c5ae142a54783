//! Backups: taken, and put back in such a way that nothing comes to life again that ended after them.

mod beside;
mod drill;
mod manifest;
mod people;
mod put_back;
mod read;
mod replay;
mod take;

pub use beside::{Beside, read as read_beside};
pub use custodian_persistence::backups::BackupRow;
pub use drill::{Drilled, drill, note_drilled};
pub use manifest::{AtCheckpoint, AtLedger, DumpFile, MANIFEST_TYP, Manifest};
pub use people::Opened;
pub use put_back::{PutBack, first_anchor_line, put_back};
pub use read::{BETWEEN_DRILLS, Backups, LONGEST, list, watch};
pub use replay::Replayed;
pub use take::{Begun, begin, finish, note_taken};
