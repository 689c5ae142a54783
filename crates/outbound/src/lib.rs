//! Everything that talks to the world except Postgres. Today: the key store, and witnesses of the audit log.

mod key_store;
mod witness;

pub use key_store::{DirectoryKeyStore, KeyStore, KeyStoreError};
pub use witness::{Cosignature, WitnessClient, WitnessError};
