//! Customers whatever became of them: in use, out of use, erased.

use custodian_domain::kernel::{CustomerId, DepartmentId, UserId};
use uuid::Uuid;

use super::{COLUMNS, CustomerRow, WIDTH, merged_into};
use crate::{DbError, Work};

/// The customer and whether it was erased, also where it is out of use; held until the transaction ends.
pub async fn lock_any(work: &Work, id: CustomerId) -> Result<Option<(CustomerRow, bool)>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS}, c.erased_at IS NOT NULL FROM customers c WHERE c.organization_id = $1 AND c.id = $2 FOR UPDATE OF c"
    );
    let row = work.query_opt(&sql, &[&work.organization().uuid(), &id.uuid()]).await?;
    Ok(row.map(|row| (CustomerRow::from(&row), row.get(WIDTH))))
}

/// Of whom data is held under their own id: in use or deleted, neither erased nor another customer by now.
const ON_FILE: &str = "c.organization_id = $1 AND c.id = $2 AND c.erased_at IS NULL AND c.merged_into IS NULL";

/// The customer as long as data is held about them, also where they were deleted: for their own rights, and for nothing else.
pub async fn find_on_file(work: &Work, id: CustomerId) -> Result<Option<CustomerRow>, DbError> {
    on_file(work, id, "").await
}

/// The same, locked until the transaction ends.
pub async fn lock_on_file(work: &Work, id: CustomerId) -> Result<Option<CustomerRow>, DbError> {
    on_file(work, id, "FOR UPDATE OF c").await
}

/// Who this customer is by now, as long as data is held about them, locked until the transaction ends. The organisation's requests must be held, so that
/// nobody is merged meanwhile; a merge takes along whoever was merged before, so one step is all there is.
pub async fn lock_by_now(work: &Work, id: CustomerId) -> Result<Option<CustomerRow>, DbError> {
    let now = merged_into(work, id).await?.unwrap_or(id);
    lock_on_file(work, now).await
}

async fn on_file(work: &Work, id: CustomerId, mode: &str) -> Result<Option<CustomerRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM customers c WHERE {ON_FILE} {mode}");
    let row = work.query_opt(&sql, &[&work.organization().uuid(), &id.uuid()]).await?;
    Ok(row.as_ref().map(CustomerRow::from))
}

/// Keeps the tags of a deleted customer's contact points, by which nobody but the person's own rights finds them.
pub async fn keep_contacts(work: &Work, id: CustomerId, tags: &[[u8; 16]]) -> Result<(), DbError> {
    if tags.is_empty() {
        return Ok(());
    }
    const SQL: &str = "INSERT INTO deleted_contacts (organization_id, customer_id, tag) SELECT $1, $2, unnest($3::bytea[]) ON CONFLICT DO NOTHING";
    let tags: Vec<&[u8]> = tags.iter().map(<[u8; 16]>::as_slice).collect();
    work.execute(SQL, &[&work.organization().uuid(), &id.uuid(), &tags]).await?;
    Ok(())
}

/// The deleted customers, of whom data is still held, that had this contact point; two at most, for more than one is nobody.
pub async fn deleted_with_contact(work: &Work, tag: &[u8; 16]) -> Result<Vec<CustomerId>, DbError> {
    const SQL: &str = "SELECT c.id FROM deleted_contacts d JOIN customers c ON c.organization_id = $1 AND c.id = d.customer_id \
         AND c.archived_at IS NOT NULL AND c.erased_at IS NULL AND c.merged_into IS NULL \
         WHERE d.organization_id = $1 AND d.tag = $2 ORDER BY c.id LIMIT 2";
    let rows = work.query(SQL, &[&work.organization().uuid(), &tag.as_slice()]).await?;
    Ok(rows.iter().map(|row| CustomerId::from(row.get::<_, Uuid>(0))).collect())
}

/// What is left of somebody who was erased: enough to tell who may know of it.
#[derive(Clone, Copy, Debug)]
pub struct Tombstone {
    /// Who answered for the customer.
    pub owner: Option<UserId>,
    /// Whose department's it was.
    pub department: Option<DepartmentId>,
}

/// The tombstone of a customer, where there is one.
pub async fn tombstone(work: &Work, id: CustomerId) -> Result<Option<Tombstone>, DbError> {
    let sql = "SELECT owner_id, department_id FROM customers WHERE organization_id = $1 AND id = $2 AND erased_at IS NOT NULL";
    let row = work.query_opt(sql, &[&work.organization().uuid(), &id.uuid()]).await?;
    Ok(row.map(|row| Tombstone {
        owner: row.get::<_, Option<Uuid>>(0).map(UserId::from),
        department: row.get::<_, Option<Uuid>>(1).map(DepartmentId::from),
    }))
}
