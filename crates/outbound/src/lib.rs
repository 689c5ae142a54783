//! Everything that talks to the world except Postgres: the key store, mail, single sign-on, and the anchor file and the witnesses of the audit log.

mod addresses;
mod anchor;
mod fetch;
mod key_store;
mod key_store_beside;
mod keyring_file;
mod mail;
mod scanner;
mod witness;

pub mod oidc;

pub use addresses::may_call;
pub use anchor::AnchorFile;
pub use fetch::{Fetch, FetchAnswer, FetchError, FetchRequest, Limits, MOST_BYTES};
pub use key_store::{DirectoryKeyStore, KeyStore, KeyStoreError};
pub use key_store_beside::ReadOnlyKeyStore;
pub use keyring_file::{KeyringExport, KeyringFolder, keyring_lines};
pub use mail::{FolderMail, Letter, Mail, MailError, SmtpMail};
pub use scanner::{Scan, ScanError, Scanner, Verdict};
pub use witness::{Cosignature, WitnessClient, WitnessError};
