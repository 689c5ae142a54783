//! Everything that talks to the world except Postgres: the key store, mail, and the anchor file and the witnesses of the audit log.

mod anchor;
mod key_store;
mod mail;
mod witness;

pub use anchor::AnchorFile;
pub use key_store::{DirectoryKeyStore, KeyStore, KeyStoreError};
pub use mail::{FolderMail, Letter, Mail, MailError, SmtpMail};
pub use witness::{Cosignature, WitnessClient, WitnessError};
