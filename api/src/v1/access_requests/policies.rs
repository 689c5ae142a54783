//! Approval policies: who approves which requests.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use custodian_application::App;
use custodian_application::access_requests::{self, PolicyView};
use uuid::Uuid;

use super::policy_bodies::{
    ApprovalPolicyBody, NewPolicyBody, PatchPolicyBody, PolicySimulationBody, SimulateBody, policy_example,
};
use super::{ManagePolicies, ReadPolicies};
use crate::http::{
    ChangeProblems, ETag, Id, IfMatch, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid,
    ValidPatch, WriteProblems, once, page_of, single,
};

const PATH: &str = "/v1/approval-policies";

fn tag(view: &PolicyView, rights: &[u8; 32]) -> ETag {
    ETag::new(i64::from(view.row.version), rights)
}

/// List approval policies.
///
/// In the order in which they are asked. Where none of them speaks of a request, the supervisor decides, then the head of the department and the data protection officer; for
/// a day at most.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of policies.", body = Listing<ApprovalPolicyBody>,
        example = json!({"data": [policy_example()], "next_cursor": null})), ListProblems))]
#[get("/approval-policies")]
pub async fn list_approval_policies(
    may: May<ReadPolicies>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), PATH, &query);
    let data = access_requests::list_policies(&app, &may).await?.into_iter().map(ApprovalPolicyBody::from).collect();
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// Make an approval policy.
///
/// It counts for requests that are made from now on. A core field needs two people whatever it says: where it has one step, the data protection officer is the second.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])),
    request_body(content = NewPolicyBody, example = json!({"name": "Many people at once", "priority": 10, "conditions": {"kinds": ["fields"], "min_customers": 100},
        "steps": [{"approver": "supervisor", "timeout_minutes": 480, "escalate_to": ["department_head"]}, {"approver": "role:dpo"}], "max_duration_minutes": 480})),
    responses((status = 201, description = "Made; `Location` names it.", body = ApprovalPolicyBody, example = json!(policy_example())), WriteProblems))]
#[post("/approval-policies")]
pub async fn create_approval_policy(
    may: May<ManagePolicies>,
    app: Data<App>,
    req: HttpRequest,
    new: Valid<NewPolicyBody>,
) -> Result<Reply, Problem> {
    let digest = *new.digest();
    let draft = new.into_inner().into();
    once(&app, &may, &req, &digest, async |work| {
        let made = access_requests::create_policy(&app, &may, work, draft).await?;
        let (location, tag) = (format!("{PATH}/{}", made.row.id), tag(&made, &may.identity.rights));
        Ok(Reply::created(&location, &ApprovalPolicyBody::from(made))?.etag(tag))
    })
    .await
}

/// Simulate an approval policy.
///
/// Saves nothing: whether the policy would be the one that counts for a request beside those that exist, whom it would ask first and after the time-out, and whether every step
/// would find somebody. Worked out by the rules that decide real requests.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])),
    request_body(content = SimulateBody, example = json!({"policy": {"steps": [{"approver": "department_head"}]},
        "case": {"requester_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a13", "kind": "fields", "fields": ["mobile"], "customers": 12}})),
    responses((status = 200, description = "What would happen.", body = PolicySimulationBody, example = json!({"applies": true, "policy_id": null, "can_be_decided": true,
        "steps": [{"step": {"approver": "department_head", "timeout_minutes": 1440, "escalate_to": []}, "approver_ids": ["0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12"], "escalation_ids": []}]})), WriteProblems))]
#[post("/approval-policies/simulate")]
pub async fn simulate_approval_policy(
    may: May<ManagePolicies>,
    app: Data<App>,
    body: Valid<SimulateBody>,
) -> Result<Reply, Problem> {
    let (id, draft, case) = body.into_inner().into_parts().ok_or_else(|| Problem::of("invalid_body"))?;
    let simulation = access_requests::simulate(&app, &may, id, draft, case).await?;
    Ok(Reply::ok(&PolicySimulationBody::from(simulation))?)
}

/// Read one approval policy.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the policy")),
    description = "One policy.",
    responses((status = 200, description = "The policy.", body = ApprovalPolicyBody, example = json!(policy_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/approval-policies/{id}")]
pub async fn show_approval_policy(
    may: May<ReadPolicies>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let view = access_requests::find_policy(&app, &may, id.get()).await?;
    single(&req, tag(&view, &may.identity.rights), &ApprovalPolicyBody::from(view))
}

/// Change an approval policy.
///
/// JSON Merge Patch; conditions and steps are replaced whole. Requests that were made before keep the steps that they were made under.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the policy")),
    request_body(content = PatchPolicyBody, content_type = "application/merge-patch+json", example = json!({"max_duration_minutes": 240})),
    responses((status = 200, description = "As it is now.", body = ApprovalPolicyBody, example = json!(policy_example())), ChangeProblems))]
#[patch("/approval-policies/{id}")]
pub async fn change_approval_policy(
    may: May<ManagePolicies>,
    app: Data<App>,
    id: Id<Uuid>,
    if_match: IfMatch,
    body: ValidPatch<PatchPolicyBody>,
) -> Result<Reply, Problem> {
    let work = app.begin(may.organization()).await?;
    let admits = |version: i32| if_match.check(i64::from(version));
    let draft = body.into_inner().into();
    let changed = access_requests::patch_policy(&app, &may, &work, id.get(), admits, draft).await;
    let changed = work.settle(changed).await?;
    let tag = tag(&changed, &may.identity.rights);
    Ok(Reply::ok(&ApprovalPolicyBody::from(changed))?.etag(tag))
}

/// Delete an approval policy.
///
/// Requests that were made under it keep its steps.
#[utoipa::path(
    tag = "access-requests", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the policy")),
    responses((status = 204, description = "Deleted."), ChangeProblems))]
#[delete("/approval-policies/{id}")]
pub async fn delete_approval_policy(
    may: May<ManagePolicies>,
    app: Data<App>,
    id: Id<Uuid>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let work = app.begin(may.organization()).await?;
    let admits = |version: i32| if_match.check(i64::from(version));
    let deleted = access_requests::delete_policy(&app, &may, &work, id.get(), admits).await;
    work.settle(deleted).await?;
    Ok(HttpResponse::NoContent().finish())
}
