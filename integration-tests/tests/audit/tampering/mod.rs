//! Somebody with every right in the database, and none of the keys: each change is found, and said.

mod entries;
mod outside;
mod rights;
mod trees;

use std::sync::OnceLock;

use crate::support::{Service, own_instance};

/// A service whose logs are tampered with, each organisation's by one test. It checks nothing by itself.
fn service() -> &'static Service {
    static SERVICE: OnceLock<Service> = OnceLock::new();
    SERVICE.get_or_init(|| own_instance(&[]))
}
