//! Campaigns and their lines.

mod usage;

use chrono::{DateTime, Utc};
use custodian_domain::kernel::UserId;
use serde_json::{Value, json};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

pub use usage::{SessionSpan, Used, sessions_since, used_since};

use crate::{DbError, Work};

/// One campaign.
#[derive(Clone, Debug)]
pub struct ReviewRow {
    /// Its id, and that of the job which ends it.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Unused for so many days is dormant.
    pub dormant_days: i32,
    /// `open` or `closed`.
    pub state: String,
    /// When it ends by itself.
    pub due_at: DateTime<Utc>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
    /// When it ended.
    pub closed_at: Option<DateTime<Utc>>,
    /// The signed outcome.
    pub result: Option<String>,
}

impl From<&Row> for ReviewRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            name: row.get(1),
            dormant_days: row.get(2),
            state: row.get(3),
            due_at: row.get(4),
            created_at: row.get(5),
            created_by: row.get(6),
            closed_at: row.get(7),
            result: row.get(8),
        }
    }
}

/// One line.
#[derive(Clone, Debug)]
pub struct LineRow {
    /// Its id.
    pub id: Uuid,
    /// `account`, `role`, `key` or `grant`.
    pub kind: String,
    /// The user, the key or the right.
    pub subject: Uuid,
    /// The role that is held, for a line of that kind.
    pub role: Option<String>,
    /// What stands out.
    pub flags: Vec<String>,
    /// Permission codes that were not used.
    pub unused: Vec<String>,
    /// When it was last used, as far as the campaign looks back.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Who is asked; `None` for anybody who manages reviews.
    pub reviewer: Option<Uuid>,
    /// What was said, once something was.
    pub answer: Option<LineAnswer>,
}

/// What was said about a line.
#[derive(Clone, Debug)]
pub struct LineAnswer {
    /// `keep` or `revoke`.
    pub decision: String,
    /// Why.
    pub comment: Option<String>,
    /// By whom; `None` where the campaign ended first.
    pub by: Option<Uuid>,
    /// When.
    pub at: DateTime<Utc>,
    /// What became of it.
    pub outcome: String,
}

impl From<&Row> for LineRow {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            kind: row.get(1),
            subject: row.get(2),
            role: row.get(3),
            flags: row.get(4),
            unused: row.get(5),
            last_used_at: row.get(6),
            reviewer: row.get(7),
            answer: row.get::<_, Option<String>>(8).map(|decision| LineAnswer {
                decision,
                comment: row.get(9),
                by: row.get(10),
                at: row.get(11),
                outcome: row.get(12),
            }),
        }
    }
}

const REVIEW: &str = "id, name, dormant_days, state, due_at, created_at, created_by, closed_at, result";
const LINE: &str = "id, kind, subject_id, role_code, flags, unused_permissions, last_used_at, reviewer_id, decision, comment, decided_by, decided_at, outcome";

/// Which lines are wanted; every part given must match.
#[derive(Clone, Debug, Default)]
pub struct LineFilter {
    /// With this flag.
    pub flag: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Answered, or not.
    pub answered: Option<bool>,
    /// Asked of this reviewer.
    pub reviewer: Option<Uuid>,
    /// After this one.
    pub after: Option<Uuid>,
}

/// Adds a campaign.
pub async fn insert(work: &Work, row: &ReviewRow) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO access_reviews (organization_id, {REVIEW}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    let ReviewRow { id, name, dormant_days, state, due_at, created_at, created_by, closed_at, result } = row;
    let params: [&(dyn ToSql + Sync); 10] =
        [&work.organization().uuid(), id, name, dormant_days, state, due_at, created_at, created_by, closed_at, result];
    work.execute(&sql, &params).await?;
    Ok(())
}

/// Adds the lines of a campaign, in one statement however many they are.
pub async fn insert_lines(work: &Work, review: Uuid, lines: &[LineRow]) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO access_review_lines (organization_id, review_id, id, kind, subject_id, role_code, flags, unused_permissions, \
         last_used_at, reviewer_id) \
         SELECT $1, $2, l.id, l.kind, l.subject, l.role, ARRAY(SELECT jsonb_array_elements_text(l.flags)), \
         ARRAY(SELECT jsonb_array_elements_text(l.unused)), l.used, l.reviewer FROM jsonb_to_recordset($3) \
         AS l(id uuid, kind text, subject uuid, role text, flags jsonb, unused jsonb, used timestamptz, reviewer uuid)";
    let told = |line: &LineRow| {
        let LineRow { id, kind, subject, role, flags, unused, last_used_at, reviewer, .. } = line;
        json!({"id": id, "kind": kind, "subject": subject, "role": role, "flags": flags, "unused": unused, "used": last_used_at, "reviewer": reviewer})
    };
    let lines = Value::Array(lines.iter().map(told).collect());
    work.execute(SQL, &[&work.organization().uuid(), &review, &lines]).await?;
    Ok(())
}

/// One campaign.
pub async fn find(work: &Work, id: Uuid) -> Result<Option<ReviewRow>, DbError> {
    let sql = format!("SELECT {REVIEW} FROM access_reviews WHERE organization_id = $1 AND id = $2");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(ReviewRow::from))
}

/// One campaign, held until the transaction ends: it cannot close while a line is answered.
pub async fn lock(work: &Work, id: Uuid) -> Result<Option<ReviewRow>, DbError> {
    let sql = format!("SELECT {REVIEW} FROM access_reviews WHERE organization_id = $1 AND id = $2 FOR UPDATE");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id]).await?.as_ref().map(ReviewRow::from))
}

/// A page of campaigns, newest first.
pub async fn list(work: &Work, before: Option<Uuid>, limit: i64) -> Result<Vec<ReviewRow>, DbError> {
    let sql = format!(
        "SELECT {REVIEW} FROM access_reviews WHERE organization_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"
    );
    Ok(work.query(&sql, &[&work.organization().uuid(), &before, &limit]).await?.iter().map(ReviewRow::from).collect())
}

/// A page of lines in order of id.
pub async fn lines(work: &Work, review: Uuid, filter: &LineFilter, limit: i64) -> Result<Vec<LineRow>, DbError> {
    let sql = format!(
        "SELECT {LINE} FROM access_review_lines WHERE organization_id = $1 AND review_id = $2 AND ($3::text IS NULL OR $3 = ANY(flags)) \
         AND ($4::text IS NULL OR kind = $4) AND ($5::bool IS NULL OR (decision IS NOT NULL) = $5) AND ($6::uuid IS NULL OR reviewer_id = $6) \
         AND ($7::uuid IS NULL OR id > $7) ORDER BY id LIMIT $8"
    );
    let LineFilter { flag, kind, answered, reviewer, after } = filter;
    let params: [&(dyn ToSql + Sync); 8] =
        [&work.organization().uuid(), &review, flag, kind, answered, reviewer, after, &limit];
    Ok(work.query(&sql, &params).await?.iter().map(LineRow::from).collect())
}

/// One line.
pub async fn find_line(work: &Work, review: Uuid, id: Uuid) -> Result<Option<LineRow>, DbError> {
    let sql =
        format!("SELECT {LINE} FROM access_review_lines WHERE organization_id = $1 AND review_id = $2 AND id = $3");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &review, &id]).await?.as_ref().map(LineRow::from))
}

/// Stores the answer to a line, and what became of it.
pub async fn settle_line(work: &Work, review: Uuid, line: Uuid, answer: &LineAnswer) -> Result<(), DbError> {
    const SQL: &str = "UPDATE access_review_lines SET decision = $4, comment = $5, decided_by = $6, decided_at = $7, outcome = $8 \
         WHERE organization_id = $1 AND review_id = $2 AND id = $3";
    let LineAnswer { decision, comment, by, at, outcome } = answer;
    let params: [&(dyn ToSql + Sync); 8] =
        [&work.organization().uuid(), &review, &line, decision, comment, by, at, outcome];
    work.execute(SQL, &params).await?;
    Ok(())
}

/// Lines that one was asked about and has not answered are asked of the other; those about the other, of whoever manages reviews.
pub async fn hand_over(work: &Work, from: UserId, to: UserId) -> Result<u64, DbError> {
    const SQL: &str = "UPDATE access_review_lines l SET reviewer_id = CASE WHEN l.subject_id = $3 OR EXISTS (SELECT FROM api_keys k \
             WHERE k.organization_id = $1 AND k.id = l.subject_id AND k.created_by = $3) THEN NULL ELSE $3 END \
         FROM access_reviews r WHERE l.organization_id = $1 AND r.organization_id = $1 AND r.id = l.review_id AND r.state = 'open' \
         AND l.reviewer_id = $2 AND l.decision IS NULL";
    work.execute(SQL, &[&work.organization().uuid(), &from.uuid(), &to.uuid()]).await
}

/// Closes a campaign with its signed outcome.
pub async fn close(work: &Work, id: Uuid, at: DateTime<Utc>, result: &str) -> Result<(), DbError> {
    let sql = "UPDATE access_reviews SET state = 'closed', closed_at = $3, result = $4 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id, &at, &result]).await?;
    Ok(())
}

/// How many lines there are, and how many are answered.
pub async fn counts(work: &Work, review: Uuid) -> Result<(i64, i64), DbError> {
    let sql = "SELECT count(*), count(decision) FROM access_review_lines WHERE organization_id = $1 AND review_id = $2";
    let row = work.query_one(sql, &[&work.organization().uuid(), &review]).await?;
    Ok((row.get(0), row.get(1)))
}

/// The open campaigns that have lines for this person to answer: id, begin, end, and how many.
pub async fn waiting_for(
    work: &Work,
    reviewer: UserId,
) -> Result<Vec<(Uuid, DateTime<Utc>, DateTime<Utc>, i64)>, DbError> {
    const SQL: &str = "SELECT r.id, r.created_at, r.due_at, count(*) FROM access_reviews r JOIN access_review_lines l \
             ON l.organization_id = r.organization_id AND l.review_id = r.id \
         WHERE r.organization_id = $1 AND r.state = 'open' AND l.reviewer_id = $2 AND l.decision IS NULL GROUP BY r.id, r.created_at, r.due_at";
    let rows = work.query(SQL, &[&work.organization().uuid(), &reviewer.uuid()]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect())
}
