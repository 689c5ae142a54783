//! The archive: customers put into it, and taken out again.

use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::customers::{self, SeenCustomer};
use custodian_domain::kernel::{DomainError, Fault};
use custodian_persistence::Work;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::bodies::{CustomerBody, customer_example};
use super::may::ArchiveCustomers;
use crate::http::{Body, ETag, Id, May, Problem, Reply, Valid, WriteProblems, once_retold};

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchiveBody {
    /// Why; kept sealed in the audit log.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
}

impl Body for ArchiveBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        blank_reason(value)
    }
}

/// The schema counts characters; spaces give no reason.
pub(super) fn blank_reason(value: &Value) -> Vec<Fault> {
    let reason = value.get("reason").and_then(Value::as_str).unwrap_or_default();
    let blank = reason.chars().count() >= 3 && reason.trim().chars().count() < 3;
    blank.then(|| Fault::new("/reason", "too_short").with_arg("3")).into_iter().collect()
}

/// A customer as it is now, with its tag.
fn told(may: &May<ArchiveCustomers>, seen: SeenCustomer) -> Result<Reply, DomainError> {
    let tag = ETag::new(i64::from(seen.version), &may.identity.rights);
    Ok(Reply::ok(&CustomerBody::from(seen))?.etag(tag))
}

/// Put a customer into the archive.
///
/// It leaves lists, searches and follow-ups unless `archived` asks for it, and is read, changed and found in its history as ever. Its unique values stay taken.
/// Retention policies count `archived_at` from here. Whoever has had processing restricted stays where they are (`409` `customer_restricted`).
#[utoipa::path(
    tag = "customers", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the customer")),
    request_body(content = ArchiveBody, example = json!({"reason": "Moved abroad, no business for now"})),
    responses((status = 200, description = "As it is now.", body = CustomerBody, example = json!(customer_example())), WriteProblems))]
#[post("/customers/{id}/archive")]
pub async fn archive_customer(
    may: May<ArchiveCustomers>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<ArchiveBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let act =
        async |work: &Work| told(&may, customers::archive(&app, &may, work, id.get(), body.into_inner().reason).await?);
    let again = async |_: &Reply| customers::record_repeated_show(&app, &may, id.get()).await;
    once_retold(&app, &may, &req, &digest, act, again).await
}

/// Take a customer out of the archive.
///
/// It is back in lists and searches from then on. Whoever has had processing restricted stays where they are (`409` `customer_restricted`).
#[utoipa::path(
    tag = "customers", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the customer")),
    request_body(content = ArchiveBody, example = json!({"reason": "Asked for an offer again"})),
    responses((status = 200, description = "As it is now.", body = CustomerBody, example = json!(customer_example())), WriteProblems))]
#[post("/customers/{id}/restore")]
pub async fn restore_customer(
    may: May<ArchiveCustomers>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<ArchiveBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let act =
        async |work: &Work| told(&may, customers::restore(&app, &may, work, id.get(), body.into_inner().reason).await?);
    let again = async |_: &Reply| customers::record_repeated_show(&app, &may, id.get()).await;
    once_retold(&app, &may, &req, &digest, act, again).await
}
