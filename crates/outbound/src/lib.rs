//! Everything that talks to the world except Postgres. Today: the key store.

mod key_store;

pub use key_store::{DirectoryKeyStore, KeyStore, KeyStoreError};
