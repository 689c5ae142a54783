//! What people typed to give their reasons, or in a request, sealed under the organisation's own key: read to be looked through, and blanked where it names somebody erased.

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
    /// Why many were handed over.
    HandOvers,
    /// What people who exercise their rights, or ask for others, said.
    RequestDetails,
    /// What they were answered.
    RequestAnswers,
}

impl TypedIn {
    /// Every place.
    pub const ALL: [Self; 7] = [
        Self::AccessRequests,
        Self::Decisions,
        Self::LegalHolds,
        Self::Batches,
        Self::HandOvers,
        Self::RequestDetails,
        Self::RequestAnswers,
    ];

    /// The table, as findings name it.
    pub const fn table(self) -> &'static str {
        match self {
            Self::AccessRequests => "access_requests",
            Self::Decisions => "access_request_decisions",
            Self::LegalHolds => "legal_holds",
            Self::Batches => "erasure_batches",
            Self::HandOvers => "hand_overs",
            Self::RequestDetails | Self::RequestAnswers => "privacy_requests",
        }
    }

    const fn columns(self) -> &'static str {
        match self {
            Self::AccessRequests | Self::LegalHolds | Self::Batches | Self::HandOvers => {
                "t.id, 0, t.sealed_reason, false"
            }
            Self::Decisions => "t.request_id, t.step, t.sealed_comment, false",
            Self::RequestDetails => "t.id, 0, t.sealed_details, t.closed_at IS NULL",
            Self::RequestAnswers => "t.id, 0, t.sealed_answer, t.closed_at IS NULL",
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
            Self::HandOvers => {
                "UPDATE hand_overs SET sealed_reason = $4 WHERE organization_id = $1 AND id = $2 AND $3::int = 0"
            }
            // What goes with a person in the meantime does not come back.
            Self::RequestDetails => {
                "UPDATE privacy_requests SET sealed_details = $4 \
                 WHERE organization_id = $1 AND id = $2 AND $3::int = 0 AND sealed_details IS NOT NULL"
            }
            Self::RequestAnswers => {
                "UPDATE privacy_requests SET sealed_answer = $4 \
                 WHERE organization_id = $1 AND id = $2 AND $3::int = 0 AND sealed_answer IS NOT NULL"
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
    /// Whether somebody is still to act on it.
    pub in_use: bool,
}

/// The next of them, by a walk through their table.
pub async fn typed(work: &Work, place: TypedIn, pages: &mut Pages) -> Result<Vec<Typed>, DbError> {
    let rows = pages.read(work, place.columns()).await?;
    let text = |row: &Row| {
        let sealed: Option<Vec<u8>> = row.get(2);
        sealed.map(|sealed| Typed { id: row.get(0), step: row.get(1), sealed, in_use: row.get(3) })
    };
    Ok(rows.iter().filter_map(text).collect())
}

/// Puts another text in the place of one.
pub async fn blank(work: &Work, place: TypedIn, one: &Typed) -> Result<(), DbError> {
    work.execute(place.blank(), &[&work.organization().uuid(), &one.id, &one.step, &one.sealed]).await?;
    Ok(())
}
