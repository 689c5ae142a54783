//! The conventions that hold for every endpoint.

mod bodies;
mod connections;
mod credentials;
mod cursors;
mod discovery;
mod etags;
mod faults;
mod framing;
mod headers;
mod ids;
mod languages;
mod problems;
mod queries;
mod rate_limits;
mod retries;
mod retries_after_a_crash;
mod routes;
