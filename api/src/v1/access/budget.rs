//! The caller's own curiosity budget.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, NaiveDate, Utc};
use custodian_application::App;
use custodian_application::access::{Budget, own_budget};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{Authenticated, ETag, Problem, ReadProblems, single};

/// What the caller may still look at closely today.
#[derive(Serialize, ToSchema)]
pub struct BudgetBody {
    /// The day that it counts for, in UTC.
    #[schema(value_type = String, format = Date)]
    day: NaiveDate,
    /// When the next one begins.
    resets_at: DateTime<Utc>,
    /// Different people whose sensitive fields are revealed or read in full; each counts once a day.
    reveals: PurseBody,
    /// Searches by the last four characters of a value.
    last4_searches: PurseBody,
    /// Where to ask for more.
    more: MoreBody,
}

/// One kind of budget.
#[derive(Serialize, ToSchema)]
pub struct PurseBody {
    /// Allowed in a day.
    limit: u32,
    /// Spent today.
    used: u32,
    /// Left for today.
    left: u32,
}

/// Where to ask for more.
#[derive(Serialize, ToSchema)]
pub struct MoreBody {
    /// The method.
    method: &'static str,
    /// The path.
    href: &'static str,
}

impl From<Budget> for BudgetBody {
    fn from(budget: Budget) -> Self {
        let Budget { day, resets_at, allowance, spent } = budget;
        let purse = |limit: u32, used: u32| PurseBody { limit, used, left: limit.saturating_sub(used) };
        Self {
            day,
            resets_at,
            reveals: purse(allowance.reveals, spent.reveals),
            last4_searches: purse(allowance.last4_searches, spent.last4_searches),
            more: MoreBody { method: "POST", href: "/v1/access-requests" },
        }
    }
}

/// Read one's own budget.
///
/// How many different people's sensitive fields the caller may still reveal or read in full today, and how many searches by last digits are left. The roles set it, the
/// most generous counts; it is counted by the database, whatever the session or the instance. Past it, calls answer `403 reveal_budget_exhausted`.
#[utoipa::path(
    tag = "access", security(("bearer" = [])),
    responses((status = 200, description = "The budget.", body = BudgetBody, example = json!({"day": "2026-11-22", "resets_at": "2026-11-23T00:00:00Z",
        "reveals": {"limit": 500, "used": 12, "left": 488}, "last4_searches": {"limit": 100, "used": 0, "left": 100},
        "more": {"method": "POST", "href": "/v1/access-requests"}})), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/me/budget")]
pub async fn show_my_budget(caller: Authenticated, app: Data<App>, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let body = BudgetBody::from(own_budget(&app, &caller).await?);
    single(&req, ETag::of_body(&body, &caller.identity.rights), &body)
}
