//! Records of one person for another, many at a time.

use custodian_domain::kernel::{CustomerId, UserId};
use uuid::Uuid;

use super::{COLUMNS, Hung, record};
use crate::customers::{HandOver, SealedFields, lock_many};
use crate::{DbError, Work};

/// The next records that a person sees to, at most so many, held with their customers until the transaction ends; the customers first, as everywhere.
/// `None` when there are no more.
pub async fn lock_owned(work: &Work, owner: UserId, limit: i64) -> Result<Option<Vec<Hung>>, DbError> {
    const SQL: &str = "SELECT r.id, r.customer_id FROM records r JOIN customers c ON c.organization_id = r.organization_id AND c.id = r.customer_id \
         WHERE r.organization_id = $1 AND r.owner_id = $2 AND r.archived_at IS NULL AND c.archived_at IS NULL ORDER BY r.customer_id, r.id LIMIT $3";
    let (organization, owner) = (work.organization().uuid(), owner.uuid());
    let found = work.query(SQL, &[&organization, &owner, &limit]).await?;
    if found.is_empty() {
        return Ok(None);
    }
    let ids: Vec<Uuid> = found.iter().map(|row| row.get(0)).collect();
    let mut customers: Vec<CustomerId> = found.iter().map(|row| CustomerId::from(row.get::<_, Uuid>(1))).collect();
    customers.dedup();
    let customers = lock_many(work, &customers).await?;
    let sql = format!(
        "SELECT {COLUMNS} FROM records r WHERE r.organization_id = $1 AND r.id = ANY($2) AND r.owner_id = $3 AND r.archived_at IS NULL ORDER BY r.id FOR UPDATE"
    );
    let rows = work.query(&sql, &[&organization, &ids, &owner]).await?;
    let hung = rows.iter().filter_map(|row| {
        let record = record(row, 0);
        let customer = customers.iter().find(|customer| customer.id == record.customer)?.clone();
        Some(Hung { record, customer })
    });
    Ok(Some(hung.collect()))
}

/// Hands held records over, each with its values packed for its next version, and keeps what that version replaces.
pub async fn hand_over(work: &Work, packs: &[(Uuid, SealedFields)], hand: &HandOver) -> Result<(), DbError> {
    const SQL: &str = "WITH given AS (SELECT * FROM unnest($2::uuid[], $3::bytea[]) AS g(id, fields)), \
         kept AS (INSERT INTO record_versions (organization_id, customer_id, record_id, version, changed_at, changed_by, actor_kind, changed_fields, previous_owner, previous_fields) \
         SELECT r.organization_id, r.customer_id, r.id, r.version + 1, $5::timestamptz, $6::uuid, 'staff', ARRAY['owner_id'], r.owner_id, ''::bytea \
         FROM records r JOIN given g ON g.id = r.id WHERE r.organization_id = $1) \
         UPDATE records r SET owner_id = $4::uuid, version = r.version + 1, updated_at = $5::timestamptz, updated_by = $6::uuid, fields = g.fields \
         FROM given g WHERE r.organization_id = $1 AND r.id = g.id";
    let ids: Vec<Uuid> = packs.iter().map(|(id, _)| *id).collect();
    let fields: Vec<&[u8]> = packs.iter().map(|(_, fields)| fields.packed()).collect();
    let HandOver { to, by, at, .. } = hand;
    let to = to.map(|to| to.uuid());
    work.execute(SQL, &[&work.organization().uuid(), &ids, &fields, &to, at, by]).await?;
    Ok(())
}
