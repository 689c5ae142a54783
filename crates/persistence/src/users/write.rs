//! Changes of accounts. Each counts the version up; callers hold the row or the fence of the tree.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{Language, SessionId, UserId};
use uuid::Uuid;

use super::{COLUMNS, UserRow};
use crate::{DbError, Work};

/// The account, held until the transaction ends.
pub async fn lock(work: &Work, id: UserId) -> Result<Option<UserRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM users u WHERE u.organization_id = $1 AND u.id = $2 FOR UPDATE OF u");
    Ok(work.query_opt(&sql, &[&work.organization().uuid(), &id.uuid()]).await?.as_ref().map(UserRow::from))
}

/// Stores name, department, supervisor, regions, language and whether letters about what is due are wanted.
pub async fn update(work: &Work, user: &UserRow) -> Result<(), DbError> {
    const SQL: &str = "UPDATE users SET sealed_name = $3, department_id = $4, supervisor_id = $5, regions = $6, language = $7, follow_up_letters = $8, version = version + 1 \
         WHERE organization_id = $1 AND id = $2";
    let UserRow { id, department, supervisor, regions, sealed_name, language, follow_up_letters, .. } = user;
    let language = language.map(Language::tag);
    let (department, supervisor) = (department.map(|d| d.uuid()), supervisor.map(|s| s.uuid()));
    work.execute(
        SQL,
        &[
            &work.organization().uuid(),
            &id.uuid(),
            sealed_name,
            &department,
            &supervisor,
            regions,
            &language,
            follow_up_letters,
        ],
    )
    .await?;
    Ok(())
}

/// Gives the account these roles and no others.
pub async fn set_roles(work: &Work, id: UserId, roles: &[String]) -> Result<(), DbError> {
    let organization = work.organization().uuid();
    let sql = "DELETE FROM user_roles WHERE organization_id = $1 AND user_id = $2 AND role_code <> ALL($3)";
    work.execute(sql, &[&organization, &id.uuid(), &roles]).await?;
    let sql = "INSERT INTO user_roles (organization_id, user_id, role_code) SELECT $1, $2, * FROM unnest($3::text[]) ON CONFLICT DO NOTHING";
    work.execute(sql, &[&organization, &id.uuid(), &roles]).await?;
    Ok(())
}

/// Puts the account into a state, by the word of somebody in the product.
pub async fn set_state(work: &Work, id: UserId, state: &str) -> Result<(), DbError> {
    let sql = "UPDATE users SET state = $3, closed_by_directory = false, version = version + 1 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id.uuid(), &state]).await?;
    Ok(())
}

/// Suspends the account by the word of the directory.
pub async fn close_by_directory(work: &Work, id: UserId) -> Result<(), DbError> {
    let sql = "UPDATE users SET state = 'suspended', closed_by_directory = true, version = version + 1 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id.uuid()]).await?;
    Ok(())
}

/// Whether it was the directory that suspended the account.
pub async fn is_closed_by_directory(work: &Work, id: UserId) -> Result<bool, DbError> {
    let sql = "SELECT EXISTS (SELECT FROM users WHERE organization_id = $1 AND id = $2 AND state = 'suspended' AND closed_by_directory)";
    Ok(work.query_one(sql, &[&work.organization().uuid(), &id.uuid()]).await?.get(0))
}

/// Stores the hash of a new password.
pub async fn set_password(work: &Work, id: UserId, hash: &str) -> Result<(), DbError> {
    let sql = "UPDATE users SET password_hash = $3 WHERE organization_id = $1 AND id = $2";
    work.execute(sql, &[&work.organization().uuid(), &id.uuid(), &hash]).await?;
    Ok(())
}

/// An invited account with its first password becomes an active one.
pub async fn activate(work: &Work, id: UserId, hash: &str) -> Result<(), DbError> {
    set_password(work, id, hash).await?;
    set_state(work, id, "active").await
}

/// Whether `user` stands above `supervisor` or is the same, so that the one cannot report to the other.
pub async fn reports_to(work: &Work, supervisor: UserId, user: UserId) -> Result<bool, DbError> {
    const SQL: &str = "WITH RECURSIVE above AS (SELECT id, supervisor_id FROM users WHERE organization_id = $1 AND id = $2 \
         UNION SELECT u.id, u.supervisor_id FROM users u JOIN above a ON u.id = a.supervisor_id WHERE u.organization_id = $1) \
         SELECT EXISTS (SELECT FROM above WHERE id = $3)";
    Ok(work.query_one(SQL, &[&work.organization().uuid(), &supervisor.uuid(), &user.uuid()]).await?.get(0))
}

/// Whether somebody else who is active has one of these roles.
pub async fn other_administrators(work: &Work, besides: UserId, roles: &[String]) -> Result<bool, DbError> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM users u JOIN user_roles r ON r.organization_id = u.organization_id AND r.user_id = u.id \
         WHERE u.organization_id = $1 AND u.id <> $2 AND u.state = 'active' AND r.role_code = ANY($3))";
    Ok(work.query_one(SQL, &[&work.organization().uuid(), &besides.uuid(), &roles]).await?.get(0))
}

/// Ends every session of an account but one, if given; the ids of those that were still going on.
pub async fn end_sessions(
    work: &Work,
    user: UserId,
    but: Option<SessionId>,
    at: DateTime<Utc>,
    reason: &str,
) -> Result<Vec<SessionId>, DbError> {
    const SQL: &str = "UPDATE sessions SET ended_at = $4, end_reason = $5 WHERE organization_id = $1 AND user_id = $2 AND ended_at IS NULL \
         AND ($3::uuid IS NULL OR id <> $3) RETURNING id";
    let but = but.map(|id| id.uuid());
    let rows = work.query(SQL, &[&work.organization().uuid(), &user.uuid(), &but, &at, &reason]).await?;
    Ok(rows.iter().map(|row| SessionId::from(row.get::<_, Uuid>(0))).collect())
}

/// Frees the address of an account, so that nobody logs in with it and somebody new may have it.
pub async fn remove_lookup(work: &Work, subject: Uuid) -> Result<(), DbError> {
    let sql = "DELETE FROM credential_lookups WHERE organization_id = $1 AND subject_id = $2";
    work.execute(sql, &[&work.organization().uuid(), &subject]).await?;
    Ok(())
}
