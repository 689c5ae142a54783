//! Provisioning from outside (SCIM 2.0, RFC 7643 and 7644): the filter language, as far as identity providers use it.

mod filter;

pub use filter::{Filter, FilterError, Operator};
