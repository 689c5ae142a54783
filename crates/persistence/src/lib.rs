//! The only crate that knows SQL: connections, transactions under one organisation, queries and migrations. It decides nothing.

mod connect;
mod error;
mod work;

pub mod access;
pub mod access_requests;
pub mod access_reviews;
pub mod admin;
pub mod api_keys;
pub mod audit;
pub mod auth;
pub mod catalog;
pub mod checks;
pub mod consents;
pub mod customers;
pub mod departments;
pub mod detections;
pub mod disclosures;
pub mod erasures;
pub mod events;
pub mod exports;
pub mod forms;
pub mod idempotency;
pub mod imports;
pub mod jobs;
pub mod keys;
pub mod mail;
pub mod migrations;
pub mod notices;
pub mod organizations;
pub mod privacy_requests;
pub mod purposes;
pub mod records;
pub mod retention;
pub mod rights_protocols;
pub mod roles;
pub mod scim;
pub mod segments;
pub mod self_service;
pub mod sso_providers;
pub mod users;
pub mod webhooks;

pub use connect::{Database, DatabaseSettings};
pub use error::DbError;
pub use work::Work;
