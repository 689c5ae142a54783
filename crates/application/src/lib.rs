//! The use cases: one function per sentence of the requirements. Each opens the transaction, asks the rules, stores, and records the audit entry.

mod app;
mod call;
mod clock;

pub mod access;
pub mod access_requests;
pub mod access_reviews;
pub mod api_keys;
pub mod audit;
pub mod auth;
pub mod catalog;
pub mod consents;
pub mod customers;
pub mod datasets;
pub mod departments;
pub mod detections;
pub mod disclosures;
pub mod erasures;
pub mod events;
pub mod exports;
pub mod forms;
pub mod idempotency;
pub mod imports;
pub mod inbox;
pub mod jobs;
pub mod keys;
pub mod mail;
pub mod notices;
pub mod organizations;
mod paging;
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
pub mod startup;
pub mod users;
pub mod webhooks;

pub use app::{App, AppParts, Custody, Tuning};
pub use call::{Call, Identity};
pub use clock::{Clock, SystemClock};
