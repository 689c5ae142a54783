//! Transport tools that know no capability: problems, bodies, queries, callers, limits.

mod answer;
mod caller;
mod connections;
mod context;
mod edge;
mod etag;
mod fallback;
mod fault_table;
mod headers;
mod idempotency;
mod limits;
mod locale;
mod may;
mod merge;
mod page;
mod problem;
mod problem_table;
mod query;
mod rate;
mod refusals;
mod reply;
mod schema;
mod trace;
mod transport;
mod valid;

pub mod json;
pub mod openapi;
pub mod openapi_check;
pub mod path;

pub use answer::{page_of, read_json, settle, single};
pub use caller::{Authenticated, Enrolling, client_address};
pub use connections::{Connections, IDLE, STALLED};
pub use context::Context;
pub use edge::Edge;
pub use etag::{ETag, IfMatch};
pub use fallback::{AllowTable, fallback};
pub use fault_table::{FAULTS, fault_text};
pub use idempotency::{carries_key, once, once_retold};
pub use locale::{Lang, Text};
pub use may::{May, Needs};
pub use merge::given;
pub use openapi::{ChangeProblems, ListProblems, LoginProblems, ProofProblems, ReadProblems, WriteProblems};
pub use page::{Listing, Pages};
pub use path::Id;
pub use problem::{PROBLEM_JSON, Problem};
pub use problem_table::{KINDS, Kind, kind, problem_codes};
pub use query::{DEFAULT_LIMIT, MAX_LIMIT, Query};
pub use rate::RateLimiter;
pub use reply::Reply;
pub use trace::{IN_FLIGHT, REQUEST_SECONDS};
pub use transport::transport;
#[cfg(test)]
pub use valid::assert_closed;
pub use valid::{Body, Digest, Empty, Valid, ValidPatch, open_places, validate};
