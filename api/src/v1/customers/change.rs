//! Entering, changing and deleting a customer.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, patch, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::customers::{
    self, Attributes, CustomerWriter, NewCustomer, Patch, Precondition, SeenCustomer, check_attributes, field_faults,
};
use custodian_domain::catalog::Catalog;
use custodian_domain::kernel::{DepartmentId, DomainError, Fault, UserId};
use custodian_persistence::Work;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::bodies::{CustomerBody, customer_example, inputs};
use super::may::{ChangeCustomer, CreateCustomer, DeleteCustomer};
use crate::http::{
    Body, ChangeProblems, ETag, Id, IfMatch, May, Problem, Reply, Valid, ValidPatch, WriteProblems, carries_key, given,
    once_retold,
};

/// A customer to enter.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCustomerBody {
    /// `lead`, `prospect`, `qualified`, `customer`, `dormant` or `lost`.
    stage: Option<String>,
    /// Where the customer came from: `[a-z0-9_]`, at most 40 characters.
    source: Option<String>,
    /// ISO 3166-2 region; by default the one of the field `province`.
    region: Option<String>,
    /// The member of staff who answers for the customer; by default the caller.
    owner_id: Option<Uuid>,
    /// The department that the customer belongs to; by default the owner's.
    department_id: Option<Uuid>,
    /// Codes of tags to put on it, see `GET /v1/tags`.
    #[serde(default)]
    #[schema(max_items = 50)]
    tags: Vec<String>,
    /// Values by field key, see `GET /v1/record-types/customer/fields`. `name` is required.
    fields: BTreeMap<String, Value>,
}

/// Faults that no schema can say: of attributes and of values, all at once.
fn faults(value: &Value, now: DateTime<Utc>, catalog: &Catalog, whole: bool) -> Vec<Fault> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let mut faults = check_attributes(text("stage"), text("source"), text("region"));
    faults.extend(field_faults(catalog.customer(), &inputs(value), now.date_naive(), whole));
    faults
}

impl Body for NewCustomerBody {
    fn check_by(value: &Value, now: DateTime<Utc>, catalog: &Catalog) -> Vec<Fault> {
        faults(value, now, catalog, true)
    }
}

impl NewCustomerBody {
    fn into_new(self) -> NewCustomer {
        let Self { stage, source, region, owner_id, department_id, tags, fields } = self;
        let (owner, department) = (owner_id.map(UserId::from), department_id.map(DepartmentId::from));
        let fields = fields.iter().map(|(key, value)| (key.clone(), super::bodies::input(value))).collect();
        NewCustomer { attributes: Attributes { stage, source, region, owner, department, codes: tags }, fields }
    }
}

/// A change (RFC 7396): what is absent stays, `null` takes away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchCustomerBody {
    /// New stage, or `null` for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    stage: Option<Option<String>>,
    /// New source, or `null` for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    source: Option<Option<String>>,
    /// New region, or `null` for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    region: Option<Option<String>>,
    /// New owner, or `null` for none; the department follows unless given too.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    owner_id: Option<Option<Uuid>>,
    /// New department, or `null` for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    department_id: Option<Option<Uuid>>,
    /// Codes of its tags from now on: these and no others; `null` for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>, max_items = 50)]
    tags: Option<Option<Vec<String>>>,
    /// New values by field key; `null` takes a value away.
    #[serde(default)]
    fields: BTreeMap<String, Value>,
}

impl Body for PatchCustomerBody {
    fn check_by(value: &Value, now: DateTime<Utc>, catalog: &Catalog) -> Vec<Fault> {
        faults(value, now, catalog, false)
    }
}

impl PatchCustomerBody {
    fn into_patch(self) -> Patch {
        let Self { stage, source, region, owner_id, department_id, tags, fields } = self;
        let (owner, department) =
            (owner_id.map(|o| o.map(UserId::from)), department_id.map(|d| d.map(DepartmentId::from)));
        Patch {
            stage,
            source,
            region,
            owner,
            department,
            codes: tags.map(Option::unwrap_or_default),
            fields: fields.iter().map(|(key, value)| (key.clone(), super::bodies::input(value))).collect(),
            rectifies: false,
        }
    }
}

pub(crate) fn precondition(if_match: IfMatch) -> Precondition {
    match if_match {
        IfMatch::Any => Precondition::Any,
        IfMatch::Versions(versions) => {
            Precondition::Versions(versions.into_iter().filter_map(|v| i32::try_from(v).ok()).collect())
        }
    }
}

/// Enter a customer.
///
/// Every value is checked and sealed under a key of this customer's own. A mask written back is refused, so that it cannot replace the value it stands for.
#[utoipa::path(
    tag = "customers", security(("bearer" = []), ("api_key" = [])),
    request_body(content = NewCustomerBody, example = json!({"stage": "lead", "fields": {"name": "张三", "mobile": "13812345678"}})),
    responses((status = 201, description = "Entered; `Location` names it.", body = CustomerBody, example = json!(customer_example())), WriteProblems))]
#[post("/customers")]
pub async fn create_customer(
    may: May<CreateCustomer>,
    app: Data<App>,
    req: HttpRequest,
    body: Valid<NewCustomerBody>,
    writer: Data<CustomerWriter>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let new = body.into_inner().into_new();
    let created = |seen: SeenCustomer| {
        let tag = ETag::new(i64::from(seen.version), &may.identity.rights);
        Ok(Reply::created(&format!("/v1/customers/{}", seen.id), &CustomerBody::from(seen))?.etag(tag))
    };
    if !carries_key(&req)? {
        return Ok(created(writer.create(&may, new).await?)?);
    }
    let enter = async |work: &Work| created(customers::create(&app, &may, work, new).await?);
    // The customer is shown once more: the caller must still be allowed to see it, and the log says so once more.
    let again = async |reply: &Reply| {
        let id = reply.location_id().ok_or(DomainError::NotFound)?;
        customers::record_repeated_create(&app, &may, id).await
    };
    once_retold(&app, &may, &req, &digest, enter, again).await
}

/// Change a customer.
///
/// JSON Merge Patch. `If-Match` must name the version that the change was made from. A field that may be edited but not read answers as its mask.
#[utoipa::path(
    tag = "customers", security(("bearer" = []), ("api_key" = [])),
    params(("id" = Uuid, Path, description = "Id of the customer")),
    request_body(content = PatchCustomerBody, content_type = "application/merge-patch+json",
        example = json!({"stage": "customer", "fields": {"mobile": "13912345678", "wechat": null}})),
    responses((status = 200, description = "As it is now.", body = CustomerBody, example = json!(customer_example())), ChangeProblems))]
#[patch("/customers/{id}")]
pub async fn change_customer(
    may: May<ChangeCustomer>,
    app: Data<App>,
    id: Id<Uuid>,
    if_match: IfMatch,
    body: ValidPatch<PatchCustomerBody>,
) -> Result<Reply, Problem> {
    let work = app.begin(may.organization()).await?;
    let seen =
        customers::patch(&app, &may, &work, id.get(), &precondition(if_match), body.into_inner().into_patch()).await;
    let seen = work.settle(seen).await?;
    let tag = ETag::new(i64::from(seen.version), &may.identity.rights);
    Ok(Reply::ok(&CustomerBody::from(seen))?.etag(tag))
}

/// Delete a customer.
///
/// Takes the customer out of every list, search and read at once; the values stay sealed for history until retention or erasure destroys their key.
#[utoipa::path(
    tag = "customers", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the customer")),
    responses((status = 204, description = "Deleted."), ChangeProblems))]
#[delete("/customers/{id}")]
pub async fn delete_customer(
    may: May<DeleteCustomer>,
    app: Data<App>,
    id: Id<Uuid>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let work = app.begin(may.organization()).await?;
    let deleted = customers::delete(&app, &may, &work, id.get(), &precondition(if_match)).await;
    work.settle(deleted).await?;
    Ok(HttpResponse::NoContent().finish())
}
