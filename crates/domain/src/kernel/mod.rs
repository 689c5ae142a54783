//! Words that every capability shares: ids, faults, the error type, values that must not be printed.

mod codes;
mod countries;
mod error;
mod fault;
mod ids;
mod language;
mod redacted;

pub(crate) use codes::codes;
pub use countries::is_country;
pub use error::{DomainError, RefusedAs};
pub use fault::Fault;
pub use ids::{ApiKeyId, CustomerId, DepartmentId, EntryId, JobId, OrganizationId, SessionId, ThirdPartyId, UserId};
pub use language::Language;
pub use redacted::Redacted;
