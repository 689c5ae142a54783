//! Campaigns and lines as they come and go.

use chrono::{DateTime, Utc};
use custodian_application::access_reviews::{NewReview, ReviewView};
use custodian_persistence::access_reviews::{LineAnswer, LineRow, ReviewRow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Body;

/// A campaign to begin.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReviewBody {
    /// What people call it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Unused for so many days is dormant; 90 when absent.
    #[schema(minimum = 1, maximum = 3650)]
    dormant_days: Option<u16>,
    /// When it ends by itself, at most a year ahead.
    due_at: DateTime<Utc>,
}

impl Body for NewReviewBody {}

impl From<NewReviewBody> for NewReview {
    fn from(body: NewReviewBody) -> Self {
        let NewReviewBody { name, dormant_days, due_at } = body;
        Self { name, dormant_days: dormant_days.unwrap_or(90), due_at }
    }
}

/// An answer to a line.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerBody {
    /// Why.
    #[schema(max_length = 500)]
    comment: Option<String>,
}

impl Body for AnswerBody {}

impl AnswerBody {
    /// Why, if it was said.
    pub fn comment(self) -> Option<String> {
        self.comment
    }
}

/// A campaign.
#[derive(Serialize, ToSchema)]
pub struct ReviewBody {
    /// Its id.
    id: Uuid,
    /// What people call it.
    name: String,
    /// Unused for so many days is dormant.
    dormant_days: i32,
    /// `open` or `closed`.
    state: String,
    /// How many lines it has.
    lines: i64,
    /// How many were answered.
    answered: i64,
    /// When it ends by itself.
    due_at: DateTime<Utc>,
    /// When it was begun.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: Uuid,
    /// When it ended.
    closed_at: Option<DateTime<Utc>>,
}

impl From<ReviewView> for ReviewBody {
    fn from(view: ReviewView) -> Self {
        let ReviewView { row, lines, answered } = view;
        let ReviewRow { id, name, dormant_days, state, due_at, created_at, created_by, closed_at, result: _ } = row;
        Self { id, name, dormant_days, state, lines, answered, due_at, created_at, created_by, closed_at }
    }
}

/// A line.
#[derive(Serialize, ToSchema)]
pub struct LineBody {
    /// Its id.
    id: Uuid,
    /// `account`, `role`, `key` or `grant`.
    kind: String,
    /// The user, the key or the right.
    subject_id: Uuid,
    /// Code of the role that is held, for a line of that kind.
    role: Option<String>,
    /// `dormant`, `orphaned`, `over_privileged`, `shared`.
    flags: Vec<String>,
    /// Permissions that were not used in the days that the campaign looks back over.
    unused_permissions: Vec<String>,
    /// When it was last used, as far as the campaign looks back.
    last_used_at: Option<DateTime<Utc>>,
    /// Who is asked; null for anybody who manages reviews.
    reviewer_id: Option<Uuid>,
    /// `keep` or `revoke`.
    decision: Option<String>,
    /// Why.
    comment: Option<String>,
    /// By whom; null where nobody answered.
    decided_by: Option<Uuid>,
    /// When.
    decided_at: Option<DateTime<Utc>>,
    /// `kept`, `revoked`, `revoked_unanswered`, `kept_last_administrator` or `gone`.
    outcome: Option<String>,
}

impl From<LineRow> for LineBody {
    fn from(row: LineRow) -> Self {
        let LineRow { id, kind, subject, role, flags, unused, last_used_at, reviewer, answer } = row;
        let (decision, comment, decided_by, decided_at, outcome) = match answer {
            Some(LineAnswer { decision, comment, by, at, outcome }) => {
                (Some(decision), comment, by, Some(at), Some(outcome))
            }
            None => (None, None, None, None, None),
        };
        Self {
            id,
            kind,
            subject_id: subject,
            role,
            flags,
            unused_permissions: unused,
            last_used_at,
            reviewer_id: reviewer,
            decision,
            comment,
            decided_by,
            decided_at,
            outcome,
        }
    }
}

/// For the document.
pub fn review_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a30", "name": "Fourth quarter", "dormant_days": 90, "state": "open", "lines": 42, "answered": 3,
        "due_at": "2026-12-31T16:00:00Z", "created_at": "2026-11-22T08:00:00Z", "created_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12", "closed_at": null})
}

/// For the document.
pub fn line_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a31", "kind": "role", "subject_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a13", "role": "support",
        "flags": ["over_privileged"], "unused_permissions": ["customers.write"], "last_used_at": "2026-11-20T09:12:00Z",
        "reviewer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12", "decision": null, "comment": null, "decided_by": null, "decided_at": null, "outcome": null})
}
