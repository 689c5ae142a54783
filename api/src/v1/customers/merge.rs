//! Two customers who are one person: found, made one, and parted again.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::customers::{self, Duplicate, MergeView, Moved, NewMerge};
use custodian_domain::kernel::Fault;
use custodian_persistence::Work;
use custodian_persistence::customers::{CustomerReader, MergeRow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::archive::blank_reason;
use super::bodies::{CustomerBody, customer_example};
use super::may::{MergeCustomers, ReadCustomers};
use crate::http::{Body, Id, May, Problem, ReadProblems, Reply, Valid, WriteProblems, once};

/// Others who may be the same person.
#[derive(Serialize, ToSchema)]
pub struct DuplicatesBody {
    /// The likeliest first, at most 50.
    data: Vec<DuplicateBody>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
pub struct DuplicateBody {
    /// As the caller may see it.
    customer: CustomerBody,
    /// Keys of the fields whose whole values are the same, of those that the caller may see on both.
    in_common: Vec<&'static str>,
    /// `strong`: something in common that one person has. `weak`: several things that many have.
    likeness: &'static str,
}

impl From<Duplicate> for DuplicateBody {
    fn from(one: Duplicate) -> Self {
        let Duplicate { customer, in_common, likeness } = one;
        Self { customer: CustomerBody::from(customer), in_common, likeness: likeness.as_str() }
    }
}

/// Another customer to be made this one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeCustomerBody {
    /// The one that goes; it is answered with where it is from then on.
    customer_id: Uuid,
    /// Keys of fields whose values are taken from the one that goes, though this one has its own. What this one lacks is taken in any case.
    #[serde(default)]
    #[schema(max_items = 100)]
    take: Vec<String>,
    /// Why; kept sealed in the audit log.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
}

impl Body for MergeCustomerBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        blank_reason(value)
    }
}

/// A merge to undo.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnmergeCustomerBody {
    /// The merge.
    merge_id: Uuid,
    /// Why; kept sealed in the audit log.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
}

impl Body for UnmergeCustomerBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        blank_reason(value)
    }
}

/// One merge.
#[derive(Serialize, ToSchema)]
pub struct MergeBody {
    /// Its id.
    id: Uuid,
    /// The customer that stays.
    customer_id: Uuid,
    /// The one that is it by now.
    merged_id: Uuid,
    /// Keys of the fields whose values were taken over.
    fields: Vec<String>,
    /// How many records went along.
    records: usize,
    /// How many consents went along; those that a refusal of either person's rows ended are not among them.
    consents: usize,
    /// Codes of the tags that were added.
    tags: Vec<String>,
    /// When.
    at: DateTime<Utc>,
    /// By whom.
    by: Uuid,
    /// It can be undone before this moment.
    undo_until: DateTime<Utc>,
    /// When it was undone.
    undone_at: Option<DateTime<Utc>>,
}

/// The merges of a customer.
#[derive(Serialize, ToSchema)]
pub struct MergesBody {
    /// Newest first.
    data: Vec<MergeBody>,
}

impl From<MergeView> for MergeBody {
    fn from(view: MergeView) -> Self {
        let MergeRow { id, survivor, merged, at, by, undo_until, undone_at, .. } = view.row;
        let Moved { fields, records, consents, tags, .. } = view.moved;
        let (customer_id, merged_id) = (survivor.uuid(), merged.uuid());
        let (records, consents) = (records.len(), consents.len());
        Self { id, customer_id, merged_id, fields, records, consents, tags, at, by, undo_until, undone_at }
    }
}

/// Find who may be the same person.
///
/// By whole values in common, found through blind indexes, within the caller's own reach and by fields that the caller may see on both: it tells nothing that a
/// search would not tell. The archive is looked through as well.
#[utoipa::path(
    tag = "customers", security(("bearer" = []), ("api_key" = [])), params(("id" = Uuid, Path, description = "Id of the customer")),
    responses((status = 200, description = "Those who may be.", body = DuplicatesBody,
        example = json!({"data": [{"customer": customer_example(), "in_common": ["mobile"], "likeness": "strong"}]})), ReadProblems))]
#[get("/customers/{id}/duplicates")]
pub async fn list_duplicates(
    may: May<ReadCustomers>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let found = customers::duplicates(&app, &reader, &may, id.get()).await?;
    Ok(HttpResponse::Ok().json(DuplicatesBody { data: found.into_iter().map(DuplicateBody::from).collect() }))
}

/// Merge another customer into this one.
///
/// In one transaction: what this one lacks is taken from the other, records with all their past, tags, collaborators, open requests of the person and legal holds
/// follow, consents follow where nothing was refused (a refusal or withdrawal of either always wins), and the other's own past stays readable at
/// `GET /v1/customers/{id}/history?merged_id=`. The other's id answers `301` (`308` to what is no reading) with the new place, to those who may see it. Erasing this one
/// erases the other. Nobody whose processing is restricted is merged.
#[utoipa::path(
    tag = "customers", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the customer that stays")),
    request_body(content = MergeCustomerBody, example = json!({"customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a15", "take": ["email"], "reason": "Entered twice at the fair"})),
    responses((status = 200, description = "Merged.", body = MergeBody, example = json!(merge_example())), WriteProblems))]
#[post("/customers/{id}/merge")]
pub async fn merge_customer(
    may: May<MergeCustomers>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<MergeCustomerBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let MergeCustomerBody { customer_id, take, reason } = body.into_inner();
    let new = NewMerge { survivor: id.get(), merged: customer_id, take, reason };
    let act = async |work: &Work| Reply::ok(&MergeBody::from(customers::merge(&app, &may, work, new).await?));
    once(&app, &may, &req, &digest, act).await
}

/// Undo a merge.
///
/// Before `undo_until`: the other is a customer of its own again, with its values, tags, records and requests, answered or not. What was changed since stays where it was changed;
/// values that nobody has changed since go back; consents that were copied end, and those that the merge ended stay ended.
#[utoipa::path(
    tag = "customers", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the customer that stayed")),
    request_body(content = UnmergeCustomerBody, example = json!({"merge_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a16", "reason": "Two brothers with one telephone"})),
    responses((status = 200, description = "Undone.", body = MergeBody, example = json!(merge_example())), WriteProblems))]
#[post("/customers/{id}/unmerge")]
pub async fn unmerge_customer(
    may: May<MergeCustomers>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<UnmergeCustomerBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let UnmergeCustomerBody { merge_id, reason } = body.into_inner();
    let act = async |work: &Work| {
        Reply::ok(&MergeBody::from(customers::unmerge(&app, &may, work, id.get(), merge_id, reason).await?))
    };
    once(&app, &may, &req, &digest, act).await
}

/// List the merges of a customer.
///
/// Newest first, undone ones included.
#[utoipa::path(
    tag = "customers", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the customer that stays")),
    responses((status = 200, description = "Its merges.", body = MergesBody, example = json!({"data": [merge_example()]})), ReadProblems))]
#[get("/customers/{id}/merges")]
pub async fn list_merges(
    may: May<MergeCustomers>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let views = customers::merges(&app, &reader, &may, id.get()).await?;
    Ok(HttpResponse::Ok().json(MergesBody { data: views.into_iter().map(MergeBody::from).collect() }))
}

fn merge_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a16", "customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "merged_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a15",
        "fields": ["email"], "records": 2, "consents": 1, "tags": ["vip"], "at": "2026-11-22T08:00:00Z", "by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11",
        "undo_until": "2026-11-29T08:00:00Z", "undone_at": null})
}
