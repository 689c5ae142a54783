//! The tree of departments.

mod change;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, Utc};
use custodian_application::{App, departments};
use custodian_domain::kernel::DepartmentId;
use custodian_persistence::departments::DepartmentRow;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::{ETag, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, page_of, single};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_departments)
        .service(change::create_department)
        .service(show_department)
        .service(change::change_department)
        .service(change::delete_department);
}

needs! {
    /// Reads the tree.
    ReadDepartments = DepartmentsRead;
    /// Changes the tree.
    ManageDepartments = DepartmentsManage;
}

/// One department.
#[derive(Serialize, ToSchema)]
pub struct DepartmentBody {
    /// Its id.
    id: Uuid,
    /// The department above; null for a root.
    parent_id: Option<Uuid>,
    /// Its name.
    name: String,
    /// The colleague who heads it.
    head_id: Option<Uuid>,
    /// Ids from the root to itself.
    path: Vec<Uuid>,
    /// When it was created.
    created_at: DateTime<Utc>,
}

impl From<DepartmentRow> for DepartmentBody {
    fn from(row: DepartmentRow) -> Self {
        let DepartmentRow { id, parent, name, path, created_at, head, version: _ } = row;
        Self {
            id: id.uuid(),
            parent_id: parent.map(|p| p.uuid()),
            name,
            head_id: head.map(|h| h.uuid()),
            path: path.into_iter().map(|d| d.uuid()).collect(),
            created_at,
        }
    }
}

/// List departments.
///
/// The whole tree, parents before children.
#[utoipa::path(
    tag = "departments", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "Every department.", body = Listing<DepartmentBody>,
        example = json!({"data": [department_example()], "next_cursor": null})), ListProblems))]
#[get("/departments")]
pub async fn list_departments(
    may: May<ReadDepartments>,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let rows = departments::list(&app, &may).await?;
    let data = rows.into_iter().map(DepartmentBody::from).collect();
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/departments", &query);
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// Read one department.
#[utoipa::path(
    tag = "departments", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the department")),
    description = "One department with its path and its head.",
    responses((status = 200, description = "The department.", body = DepartmentBody, example = json!(department_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/departments/{id}")]
pub async fn show_department(
    may: May<ReadDepartments>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<DepartmentId>,
) -> Result<HttpResponse, Problem> {
    let row = departments::find(&app, &may, id.get()).await?;
    let tag = ETag::new(i64::from(row.version), &may.identity.rights);
    single(&req, tag, &DepartmentBody::from(row))
}

pub(super) fn department_example() -> serde_json::Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "parent_id": null, "name": "Headquarters", "head_id": null,
        "path": ["0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11"], "created_at": "2026-11-22T08:00:00Z"})
}
