//! Everything that talks to the world except Postgres. Today: the key store, and the anchor file and the witnesses of the audit log.

mod anchor;
mod key_store;
mod witness;

pub use anchor::AnchorFile;
pub use key_store::{DirectoryKeyStore, KeyStore, KeyStoreError};
pub use witness::{Cosignature, WitnessClient, WitnessError};
