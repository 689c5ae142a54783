//! The tree of departments.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use custodian_application::{App, departments};
use custodian_persistence::departments::DepartmentRow;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::{ListProblems, Listing, May, Pages, Problem, Query, page_of};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_departments);
}

needs! {
    /// Reads the tree.
    ReadDepartments = DepartmentsRead;
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
    /// Ids from the root to itself.
    path: Vec<Uuid>,
    /// When it was created.
    created_at: DateTime<Utc>,
}

impl From<DepartmentRow> for DepartmentBody {
    fn from(row: DepartmentRow) -> Self {
        let DepartmentRow { id, parent, name, path, created_at } = row;
        Self {
            id: id.uuid(),
            parent_id: parent.map(|p| p.uuid()),
            name,
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
        example = json!({"data": [{"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "parent_id": null, "name": "Headquarters",
            "path": ["0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11"], "created_at": "2026-11-22T08:00:00Z"}], "next_cursor": null})), ListProblems))]
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
