//! Reading one customer.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use custodian_application::customers::{self, SeenCustomer};
use custodian_application::{App, Call};
use custodian_crypto::mac::sha256;
use custodian_persistence::customers::CustomerReader;
use uuid::Uuid;

use super::bodies::{CustomerBody, customer_example};
use super::may::ReadCustomers;
use crate::http::{ETag, Id, May, Problem, ReadProblems, single};

/// Read one customer.
///
/// Fields come as the caller may see them: in full, masked, or not at all; `field_access` says which. The read is in the audit log before the answer leaves.
#[utoipa::path(
    tag = "customers", security(("bearer" = []), ("api_key" = [])), params(("id" = Uuid, Path, description = "Id of the customer")),
    responses((status = 200, description = "The customer.", body = CustomerBody, example = json!(customer_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/customers/{id}")]
pub async fn show_customer(
    may: May<ReadCustomers>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let seen = customers::read(&app, &reader, &may, id.get()).await?;
    let tag = ETag::new(i64::from(seen.version), &rights(&may, &seen));
    single(&req, tag, &CustomerBody::from(seen))
}

/// What decides how the customer is seen: a right that was given or has ended, and a restriction, show other bytes.
fn rights(call: &Call, seen: &SeenCustomer) -> [u8; 32] {
    if seen.under.is_empty() && !seen.restricted {
        return call.identity.rights;
    }
    let grants = seen.under.iter().flat_map(|id| id.as_bytes().iter().copied());
    let facts = grants.chain([u8::from(seen.restricted)]);
    sha256(&call.identity.rights.iter().copied().chain(facts).collect::<Vec<_>>())
}
