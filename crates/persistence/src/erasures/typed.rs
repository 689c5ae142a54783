//! What people typed to give their reasons, sealed under the organisation's own key: read to be looked through, and blanked where it names somebody erased.

use tokio_postgres::Row;
use uuid::Uuid;

use super::pages::Pages;
use crate::{DbError, Work};

/// Where such texts stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedIn {
    /// Why access was asked for.
    AccessRequests,
    /// What whoever decided said of it.
    Decisions,
    /// Why a duty to keep was laid.
    LegalHolds,
    /// Why many were to be erased.
    Batches,
}

impl TypedIn {
    /// Every place.
    pub const ALL: [Self; 4] = [Self::AccessRequests, Self::Decisions, Self::LegalHolds, Self::Batches];

    /// The table, as findings name it.
    pub const fn table(self) -> &'static str {
        match self {
            Self::AccessRequests => "access_requests",
            Self::Decisions => "access_request_decisions",
            Self::LegalHolds => "legal_holds",
            Self::Batches => "erasure_batches",
        }
    }

    const fn columns(self) -> &'static str {
        match self {
            Self::AccessRequests | Self::LegalHolds | Self::Batches => "t.id, 0, t.sealed_reason",
            Self::Decisions => "t.request_id, t.step, t.sealed_comment",
        }
    }

    const fn blank(self) -> &'static str {
        match self {
            Self::AccessRequests => {
                "UPDATE access_requests SET sealed_reason = $4 WHERE organization_id = $1 AND id = $2 AND $3::int = 0"
            }
            Self::LegalHolds => {
                "UPDATE legal_holds SET sealed_reason = $4 WHERE organization_id = $1 AND id = $2 AND $3::int = 0"
            }
            Self::Batches => {
                "UPDATE erasure_batches SET sealed_reason = $4 WHERE organization_id = $1 AND id = $2 AND $3::int = 0"
            }
            Self::Decisions => {
                "UPDATE access_request_decisions SET sealed_comment = $4 WHERE organization_id = $1 AND request_id = $2 AND step = $3"
            }
        }
    }
}

/// One text.
#[derive(Clone, Debug)]
pub struct Typed {
    /// The request or the hold.
    pub id: Uuid,
    /// The step, of what a decider said.
    pub step: i32,
    /// The text, sealed.
    pub sealed: Vec<u8>,
}

/// The next of them, by a walk through their table.
pub async fn typed(work: &Work, place: TypedIn, pages: &mut Pages) -> Result<Vec<Typed>, DbError> {
    let rows = pages.read(work, place.columns()).await?;
    let text = |row: &Row| {
        let sealed: Option<Vec<u8>> = row.get(2);
        sealed.map(|sealed| Typed { id: row.get(0), step: row.get(1), sealed })
    };
    Ok(rows.iter().filter_map(text).collect())
}

/// Puts another text in the place of one.
pub async fn blank(work: &Work, place: TypedIn, one: &Typed) -> Result<(), DbError> {
    work.execute(place.blank(), &[&work.organization().uuid(), &one.id, &one.step, &one.sealed]).await?;
    Ok(())
}
