//! What can go wrong below the use cases, with the driver's details kept out of sight.

use custodian_domain::kernel::DomainError;
use tokio_postgres::error::SqlState;

/// A database failure. Its text is for the log: it names SQL states and constraints, never values.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database cannot be reached, is shutting down, or did not answer in time; a retry may help.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// A unique constraint refused the row; the name is the constraint's.
    #[error("conflict on {0}")]
    Conflict(String),
    /// An earlier statement of the same transaction failed; that one tells why.
    #[error("an earlier statement failed")]
    Aborted,
    /// Anything else: a defect of ours or of the schema.
    #[error("database error: {0}")]
    Internal(String),
}

impl DbError {
    /// A deadline of ours passed; the connection must not be used again.
    pub fn deadline(what: &str) -> Self {
        Self::Unavailable(format!("{what} passed its deadline"))
    }
}

impl From<tokio_postgres::Error> for DbError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            return if error.is_closed() || std::error::Error::source(&error).is_some_and(|s| s.is::<std::io::Error>()) {
                Self::Unavailable("connection lost".into())
            } else {
                // Conversion errors print types and column numbers only.
                Self::Internal(error.to_string())
            };
        };
        let code = db.code();
        if *code == SqlState::UNIQUE_VIOLATION {
            return Self::Conflict(db.constraint().unwrap_or("unknown").to_owned());
        }
        if *code == SqlState::IN_FAILED_SQL_TRANSACTION {
            return Self::Aborted;
        }
        // Classes 08, 53, 57, 58 and lock time-outs: the server, not the statement. XX001 and 25006 follow a crash or fail-over.
        let class = code.code().get(..2).unwrap_or_default();
        let transient =
            matches!(class, "08" | "53" | "57" | "58") || matches!(code.code(), "55P03" | "25006" | "40001" | "40P01");
        let text = format!("SQLSTATE {} on {}", code.code(), db.table().unwrap_or("-"));
        if transient { Self::Unavailable(text) } else { Self::Internal(text) }
    }
}

impl From<deadpool_postgres::PoolError> for DbError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error) => Self::from(error),
            other => Self::Unavailable(format!("pool: {other}")),
        }
    }
}

impl From<DbError> for DomainError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unavailable(log_as) => Self::Unavailable { log_as },
            DbError::Conflict(constraint) => Self::Internal { log_as: format!("unexpected conflict on {constraint}") },
            DbError::Aborted => Self::Aborted,
            DbError::Internal(log_as) => Self::Internal { log_as },
        }
    }
}
