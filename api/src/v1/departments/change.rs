//! Making, changing and deleting departments.

use actix_web::web::Data;
use actix_web::{HttpRequest, delete, patch, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::departments::{self, DepartmentPatch};
use custodian_domain::kernel::{DepartmentId, Fault, UserId};
use custodian_persistence::Work;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{DepartmentBody, ManageDepartments, department_example};
use crate::http::{
    Body, ChangeProblems, ETag, Id, IfMatch, May, Problem, Reply, Valid, ValidPatch, WriteProblems, given, once,
};

/// A department to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDepartmentBody {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The department above; a root without.
    parent_id: Option<Uuid>,
    /// The active colleague who heads it.
    head_id: Option<Uuid>,
}

impl Body for NewDepartmentBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        blank_name(value)
    }
}

/// A change (RFC 7396): what is absent stays, `null` takes away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchDepartmentBody {
    /// New name.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The department above from now on, or `null` to make it a root.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    parent_id: Option<Option<Uuid>>,
    /// The active colleague who heads it, or `null` for nobody.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    head_id: Option<Option<Uuid>>,
}

impl Body for PatchDepartmentBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let mut faults = blank_name(value);
        if value.get("name").is_some_and(Value::is_null) {
            faults.push(Fault::new("/name", "required"));
        }
        faults
    }
}

fn blank_name(value: &Value) -> Vec<Fault> {
    let blank = |name: &str| !name.is_empty() && name.trim().is_empty();
    match value.get("name").and_then(Value::as_str) {
        Some(name) if blank(name) => vec![Fault::new("/name", "empty")],
        _ => Vec::new(),
    }
}

/// Make a department.
///
/// It stands beneath `parent_id` from now on; at most 32 levels.
#[utoipa::path(
    tag = "departments", security(("bearer" = [])),
    request_body(content = NewDepartmentBody, example = json!({"name": "Sales North"})),
    responses((status = 201, description = "Made.", body = DepartmentBody, example = json!(department_example())), WriteProblems))]
#[post("/departments")]
pub async fn create_department(
    may: May<ManageDepartments>,
    app: Data<App>,
    req: HttpRequest,
    body: Valid<NewDepartmentBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let NewDepartmentBody { name, parent_id, head_id } = body.into_inner();
    let (parent, head) = (parent_id.map(DepartmentId::from), head_id.map(UserId::from));
    once(&app, &may, &req, &digest, async |work: &Work| {
        let row = departments::create(&app, &may, work, name, parent, head).await?;
        let tag = ETag::new(i64::from(row.version), &may.identity.rights);
        Ok(Reply::created(&format!("/v1/departments/{}", row.id), &DepartmentBody::from(row))?.etag(tag))
    })
    .await
}

/// Change a department.
///
/// Renames it, moves it with everything beneath it, or gives it another head. A department cannot come to stand beneath itself, whatever is moved at the same time.
#[utoipa::path(
    tag = "departments", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the department")),
    request_body(content = PatchDepartmentBody, content_type = "application/merge-patch+json", example = json!({"name": "Sales South"})),
    responses((status = 200, description = "As it is now.", body = DepartmentBody, example = json!(department_example())), ChangeProblems))]
#[patch("/departments/{id}")]
pub async fn change_department(
    may: May<ManageDepartments>,
    app: Data<App>,
    id: Id<DepartmentId>,
    if_match: IfMatch,
    body: ValidPatch<PatchDepartmentBody>,
) -> Result<Reply, Problem> {
    let PatchDepartmentBody { name, parent_id, head_id } = body.into_inner();
    let patch = DepartmentPatch {
        name,
        parent: parent_id.map(|parent| parent.map(DepartmentId::from)),
        head: head_id.map(|head| head.map(UserId::from)),
    };
    let work = app.begin(may.organization()).await?;
    let row = departments::patch(&app, &may, &work, id.get(), |version| if_match.check(version), patch).await;
    let row = work.settle(row).await?;
    let tag = ETag::new(i64::from(row.version), &may.identity.rights);
    Ok(Reply::ok(&DepartmentBody::from(row))?.etag(tag))
}

/// Delete a department.
///
/// Only when no department is beneath it, nobody belongs to it and no customer stands in it.
#[utoipa::path(
    tag = "departments", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the department")),
    responses((status = 204, description = "Deleted."), ChangeProblems))]
#[delete("/departments/{id}")]
pub async fn delete_department(
    may: May<ManageDepartments>,
    app: Data<App>,
    id: Id<DepartmentId>,
    if_match: IfMatch,
) -> Result<Reply, Problem> {
    let work = app.begin(may.organization()).await?;
    let gone = departments::delete(&app, &may, &work, id.get(), |version| if_match.check(version)).await;
    work.settle(gone).await?;
    Ok(Reply::no_content())
}
