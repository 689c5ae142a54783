//! The one error type below the HTTP edge.

use super::Fault;

/// Why a use case did not happen. The edge turns it into a problem document; nothing below the edge knows status codes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// It does not exist, or not for this caller: the two are answered alike.
    #[error("not found")]
    NotFound,
    /// A thing the caller may know of, and a permission that it lacks.
    #[error("missing permission {permission}")]
    Forbidden {
        /// The permission's code, such as `customers.write`.
        permission: &'static str,
    },
    /// A rule said no.
    #[error("refused: {code}")]
    Refused {
        /// The family of the refusal.
        status: RefusedAs,
        /// Stable code in `snake_case`.
        code: &'static str,
    },
    /// A rule said no, and to what exactly: every place of the body that it concerns.
    #[error("refused: {code}, {} place(s)", .faults.len())]
    RefusedAt {
        /// The family of the refusal.
        status: RefusedAs,
        /// Stable code in `snake_case`.
        code: &'static str,
        /// The places, each with a code of its own.
        faults: Vec<Fault>,
    },
    /// Too much was tried: 429 with the seconds after which the same will not be refused for this reason.
    #[error("wait {seconds} s: {code}")]
    Wait {
        /// Stable code in `snake_case`.
        code: &'static str,
        /// For `Retry-After`; at least 1.
        seconds: u32,
    },
    /// The body is faulty; holds every fault, not the first.
    #[error("{} fault(s) in the body", .0.len())]
    Invalid(Vec<Fault>),
    /// A value that must be unique is held by another record: `409 duplicate_value`. Names the places, never the holder.
    #[error("{} value(s) taken", .0.len())]
    Taken(Vec<Fault>),
    /// A sealed value did not open: `500 integrity_error` and a critical alert.
    #[error("a sealed value did not open")]
    Integrity,
    /// The audit log cannot be written, so nothing may be shown: `503 audit_unavailable`.
    #[error("the audit log cannot be written")]
    AuditUnavailable,
    /// Something needed is away for now: `503 unavailable`.
    #[error("unavailable: {log_as}")]
    Unavailable {
        /// For the log alone; never personal data.
        log_as: String,
    },
    /// An earlier step of the same transaction failed, which is the cause; alone it is told as a fault of ours.
    #[error("an earlier step failed")]
    Aborted,
    /// A fault of ours: `500`.
    #[error("internal: {log_as}")]
    Internal {
        /// For the log alone; never personal data.
        log_as: String,
    },
}

/// The family of a [`DomainError::Refused`]; each is one HTTP status at the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusedAs {
    /// 403
    Forbidden,
    /// 409
    Conflict,
    /// 410
    Gone,
    /// 422
    Unprocessable,
    /// 400
    BadRequest,
    /// 412
    PreconditionFailed,
    /// 428
    PreconditionRequired,
    /// 401
    Unauthorized,
    /// 429
    TooMany,
    /// 503: another service that is needed
    Upstream,
}

impl DomainError {
    /// A rule's refusal.
    pub const fn refused(status: RefusedAs, code: &'static str) -> Self {
        Self::Refused { status, code }
    }

    /// Too much was tried; another try makes sense after so many seconds.
    pub fn wait(code: &'static str, seconds: i64) -> Self {
        Self::Wait { code, seconds: u32::try_from(seconds).unwrap_or(u32::MAX).max(1) }
    }

    /// Of steps that were taken together, the first failure that is a cause and no consequence.
    ///
    /// ```
    /// use custodian_domain::kernel::DomainError;
    ///
    /// let told = DomainError::first_cause([Ok(()), Err(DomainError::Aborted), Err(DomainError::AuditUnavailable)]);
    /// assert!(matches!(told, Err(DomainError::AuditUnavailable)));
    /// ```
    pub fn first_cause<const N: usize>(steps: [Result<(), Self>; N]) -> Result<(), Self> {
        let mut consequence = Ok(());
        for step in steps {
            match step {
                Ok(()) => {}
                Err(Self::Aborted) => consequence = Err(Self::Aborted),
                cause => return cause,
            }
        }
        consequence
    }

    /// A body with this one fault.
    pub fn invalid(pointer: impl Into<String>, code: &'static str) -> Self {
        Self::Invalid(vec![Fault::new(pointer, code)])
    }

    /// A fault of ours, with text for the log.
    pub fn internal(log_as: impl Into<String>) -> Self {
        Self::Internal { log_as: log_as.into() }
    }

    /// Something needed is away, with text for the log.
    pub fn unavailable(log_as: impl Into<String>) -> Self {
        Self::Unavailable { log_as: log_as.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_many_faults_but_not_which_values() {
        let error = DomainError::invalid("/fields/mobile", "invalid_mobile");
        assert_eq!(error.to_string(), "1 fault(s) in the body");
    }
}
