//! What a changed role would open, before it is saved.

use std::collections::BTreeMap;

use actix_web::post;
use actix_web::web::{Data, Path};
use custodian_application::roles::{FieldShift, Shift, Simulation};
use custodian_application::{App, roles};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ManageRoles;
use super::bodies::PatchRoleBody;
use crate::http::{May, Problem, Reply, Valid, WriteProblems};

/// What would change for those who hold the role now.
#[derive(Serialize, ToSchema)]
pub struct RoleSimulationBody {
    /// Active people who hold the role.
    holders: usize,
    /// Who would see more of which field, on how many customers.
    gains: Vec<ShiftBody>,
    /// Who would see less.
    losses: Vec<ShiftBody>,
    /// The same by field, over everybody.
    fields: BTreeMap<&'static str, FieldShiftBody>,
}

/// One holder's change of view of one field.
#[derive(Serialize, ToSchema)]
pub struct ShiftBody {
    /// The member of staff.
    user_id: Uuid,
    /// The field's key.
    field: &'static str,
    /// `hidden`, `masked`, `reveal` or `read`.
    from: &'static str,
    /// `hidden`, `masked`, `reveal` or `read`.
    to: &'static str,
    /// On how many customers.
    customers: i64,
}

/// One field's change over all holders.
#[derive(Serialize, ToSchema)]
pub struct FieldShiftBody {
    /// `sensitive` or `core`.
    classification: &'static str,
    /// Holders who would see more of it.
    users_gaining: usize,
    /// Customers of whom somebody would see more.
    customers_opened: i64,
    /// Holders who would see less of it.
    users_losing: usize,
    /// Customers of whom somebody would see less.
    customers_closed: i64,
}

impl From<Shift> for ShiftBody {
    fn from(shift: Shift) -> Self {
        let Shift { user, field, from, to, customers } = shift;
        Self { user_id: user, field, from: from.as_str(), to: to.as_str(), customers }
    }
}

impl From<Simulation> for RoleSimulationBody {
    fn from(simulation: Simulation) -> Self {
        let Simulation { holders, gains, losses, fields } = simulation;
        let body = |shift: FieldShift| {
            let FieldShift { field, classification, gaining, opened, losing, closed } = shift;
            let body = FieldShiftBody {
                classification: classification.as_str(),
                users_gaining: gaining,
                customers_opened: opened,
                users_losing: losing,
                customers_closed: closed,
            };
            (field, body)
        };
        Self {
            holders,
            gains: gains.into_iter().map(ShiftBody::from).collect(),
            losses: losses.into_iter().map(ShiftBody::from).collect(),
            fields: fields.into_iter().map(body).collect(),
        }
    }
}

/// Simulate a change of a role.
///
/// Takes what `PATCH` would take and saves nothing: who would see more, or less, of which sensitive and core fields, over how many customers. It is worked out
/// by the function that decides every real answer, for each active holder and every customer. Access by grant is left out, as it stays the same.
#[utoipa::path(
    tag = "roles", security(("bearer" = [])), params(("id" = String, Path, description = "Id or code of the role")),
    request_body(content = PatchRoleBody, example = json!({"data_scope": "organization"})),
    responses((status = 200, description = "What would change.", body = RoleSimulationBody, example = json!({"holders": 2,
        "gains": [{"user_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12", "field": "mobile", "from": "hidden", "to": "reveal", "customers": 1240}], "losses": [],
        "fields": {"mobile": {"classification": "sensitive", "users_gaining": 1, "customers_opened": 1240, "users_losing": 0, "customers_closed": 0}}})), WriteProblems))]
#[post("/roles/{id}/simulate")]
pub async fn simulate_role(
    may: May<ManageRoles>,
    app: Data<App>,
    id: Path<String>,
    body: Valid<PatchRoleBody>,
) -> Result<Reply, Problem> {
    let simulation = roles::simulate(&app, &may, &id, body.into_inner().into()).await?;
    Ok(Reply::ok(&RoleSimulationBody::from(simulation))?)
}
