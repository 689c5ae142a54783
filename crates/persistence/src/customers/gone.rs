//! Customers whatever became of them: in use, out of use, erased.

use custodian_domain::kernel::{CustomerId, DepartmentId, UserId};
use uuid::Uuid;

use super::{COLUMNS, CustomerRow, WIDTH};
use crate::{DbError, Work};

/// The customer and whether it was erased, also where it is out of use; held until the transaction ends.
pub async fn lock_any(work: &Work, id: CustomerId) -> Result<Option<(CustomerRow, bool)>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS}, c.erased_at IS NOT NULL FROM customers c WHERE c.organization_id = $1 AND c.id = $2 FOR UPDATE OF c"
    );
    let row = work.query_opt(&sql, &[&work.organization().uuid(), &id.uuid()]).await?;
    Ok(row.map(|row| (CustomerRow::from(&row), row.get(WIDTH))))
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
