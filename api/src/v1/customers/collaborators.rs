//! Who sees a customer beside its owner.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, put};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::customers::{self, Collaborators, NewCollaborator};
use custodian_domain::kernel::UserId;
use custodian_persistence::customers::{CollaboratorRow, CustomerReader};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::may::{ReadCustomers, ShareCustomers};
use crate::http::{Body, ChangeProblems, ETag, Id, IfMatch, May, Problem, ReadProblems, Reply, Valid, single};

/// Who sees a customer beside its owner.
#[derive(Serialize, ToSchema)]
pub struct CollaboratorsBody {
    /// In order of id; those whose time is over are not among them.
    data: Vec<CollaboratorBody>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
pub struct CollaboratorBody {
    /// The colleague.
    user_id: Uuid,
    /// Since when.
    added_at: DateTime<Utc>,
    /// Who named them.
    added_by: Uuid,
    /// Until when; null for good.
    ends_at: Option<DateTime<Utc>>,
}

impl From<Collaborators> for CollaboratorsBody {
    fn from(those: Collaborators) -> Self {
        let body = |row: CollaboratorRow| {
            let CollaboratorRow { user, added_at, added_by, ends_at } = row;
            CollaboratorBody { user_id: user.uuid(), added_at, added_by, ends_at }
        };
        Self { data: those.rows.into_iter().map(body).collect() }
    }
}

/// Who is to see the customer beside its owner: these and no others.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutCollaboratorsBody {
    /// At most 50.
    #[schema(max_items = 50)]
    collaborators: Vec<NewCollaboratorBody>,
}

/// One of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCollaboratorBody {
    /// An active colleague who is not the owner.
    user_id: Uuid,
    /// Until when; for good without.
    ends_at: Option<DateTime<Utc>>,
}

impl Body for PutCollaboratorsBody {}

fn tag_of(body: &CollaboratorsBody, rights: &[u8; 32]) -> ETag {
    ETag::of_body(body, rights)
}

/// Read who sees a customer beside its owner.
///
/// Colleagues whose scope is `own` reach the customer as its owner does, with the field rules of their own roles; see `GET /v1/customers/{id}/access` for what each sees.
#[utoipa::path(
    tag = "customers", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the customer")),
    responses((status = 200, description = "Those who do.", body = CollaboratorsBody, example = json!(collaborators_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/customers/{id}/collaborators")]
pub async fn show_collaborators(
    may: May<ReadCustomers>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let body = CollaboratorsBody::from(customers::show_collaborators(&app, &reader, &may, id.get()).await?);
    single(&req, tag_of(&body, &may.identity.rights), &body)
}

/// Say who sees a customer beside its owner.
///
/// These and no others, each until `ends_at` or for good; `If-Match` takes the tag of the list that was read. Whoever was only named here names nobody further.
/// A colleague who leaves is taken off every list. Whoever has had processing restricted is shown to nobody further and for no longer (`409` `customer_restricted`); colleagues can
/// be taken off.
#[utoipa::path(
    tag = "customers", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the customer")),
    request_body(content = PutCollaboratorsBody, example = json!({"collaborators": [{"user_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "ends_at": "2027-01-31T00:00:00Z"}]})),
    responses((status = 200, description = "As they are now.", body = CollaboratorsBody, example = json!(collaborators_example())), ChangeProblems))]
#[put("/customers/{id}/collaborators")]
pub async fn put_collaborators(
    may: May<ShareCustomers>,
    app: Data<App>,
    id: Id<Uuid>,
    if_match: IfMatch,
    body: Valid<PutCollaboratorsBody>,
) -> Result<Reply, Problem> {
    let one = |body: &NewCollaboratorBody| NewCollaborator { user: UserId::from(body.user_id), ends_at: body.ends_at };
    let wanted: Vec<NewCollaborator> = body.collaborators.iter().map(one).collect();
    let admits = |before: &Collaborators| {
        if_match.check(tag_of(&CollaboratorsBody::from(before.clone()), &may.identity.rights).version)
    };
    let work = app.begin(may.organization()).await?;
    let after = customers::put_collaborators(&app, &may, &work, id.get(), admits, &wanted).await;
    let body = CollaboratorsBody::from(work.settle(after).await?);
    Ok(Reply::ok(&body)?.etag(tag_of(&body, &may.identity.rights)))
}

fn collaborators_example() -> Value {
    json!({"data": [{"user_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "added_at": "2026-11-22T08:00:00Z",
        "added_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12", "ends_at": "2027-01-31T00:00:00Z"}]})
}
