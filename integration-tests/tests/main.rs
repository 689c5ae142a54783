//! The service tried from outside: over HTTP, against a Postgres of its own. One folder per capability, as in `api/src/v1`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod support;

mod access;
mod access_requests;
mod access_reviews;
mod api_keys;
mod attachments;
mod audit;
mod auth;
mod backups;
mod catalog;
mod consents;
mod customers;
mod datasets;
mod departments;
mod detections;
mod dev;
mod disclosures;
mod erasures;
mod events;
mod exports;
mod faults;
mod forms;
mod house;
mod http;
mod imports;
mod inbox;
mod jobs;
mod keys;
mod notices;
mod privacy_requests;
mod purposes;
mod records;
mod retention;
mod rights_protocols;
mod roles;
mod scim;
mod segments;
mod self_service;
mod sso_providers;
mod users;
mod webhooks;
