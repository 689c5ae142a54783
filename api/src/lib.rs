//! The transport crate: HTTP in front of the use cases, the worker behind them, and the set-up of a private instance.

pub mod audit_cli;
pub mod backups_cli;
pub mod bench;
pub mod config;
pub mod dev;
pub mod erasures_cli;
pub mod follow;
pub mod http;
pub mod memory;
pub mod org_cli;
pub mod platform;
pub mod post;
pub mod receipts_cli;
pub mod rounds;
pub mod server;
pub mod state;
pub mod v1;
pub mod worker;
