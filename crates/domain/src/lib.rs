//! The rules of Custodian: types, checks and decisions. No I/O, no clock, no randomness: time and ids come in as arguments.

pub mod access;
pub mod access_requests;
pub mod access_reviews;
pub mod audit;
pub mod auth;
pub mod catalog;
pub mod consents;
pub mod customers;
pub mod datasets;
pub mod detections;
pub mod erasures;
pub mod events;
pub mod exports;
pub mod forms;
pub mod inbox;
pub mod kernel;
pub mod notices;
pub mod privacy_requests;
pub mod purposes;
pub mod records;
pub mod retention;
pub mod roles;
pub mod scim;
pub mod segments;
pub mod users;
pub mod webhooks;
