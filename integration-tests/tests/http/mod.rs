//! The conventions that hold for every endpoint.

mod unknown;
