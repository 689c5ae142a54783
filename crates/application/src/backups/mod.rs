//! Backups: taken, and put back in such a way that nothing comes to life again that ended after them.

mod beside;
mod manifest;
mod people;
mod put_back;
mod replay;
mod take;

pub use beside::{Beside, read as read_beside};
pub use manifest::{AtCheckpoint, AtLedger, DumpFile, MANIFEST_TYP, Manifest};
pub use people::Opened;
pub use put_back::{PutBack, first_anchor_line, put_back};
pub use replay::Replayed;
pub use take::{Begun, begin, finish};
