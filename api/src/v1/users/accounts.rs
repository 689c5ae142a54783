//! Accounts of staff.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::users::{self, UserView};
use custodian_domain::kernel::{DepartmentId, Language, UserId};
use custodian_persistence::users::{UserFilter, UserRow};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{ETag, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, single};
use crate::needs;

needs! {
    /// Reads accounts.
    ReadUsers = UsersRead;
}

/// One account.
#[derive(Serialize, ToSchema)]
pub struct UserBody {
    /// Its id.
    id: Uuid,
    /// The address that it logs in with.
    email: String,
    /// What people call this person.
    name: String,
    /// `invited`, `active`, `suspended` or `offboarded`.
    state: String,
    /// The department.
    department_id: Option<Uuid>,
    /// Who approves this person's requests.
    supervisor_id: Option<Uuid>,
    /// ISO 3166-2 regions that region-scoped roles cover.
    regions: Vec<String>,
    /// Ids of the roles.
    role_ids: Vec<String>,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// `en` or `zh-CN`: what letters to the person are in; null until the person has chosen, and letters are in both.
    language: Option<&'static str>,
    /// Whether the person is written to about what is due.
    follow_up_letters: bool,
}

impl From<UserView> for UserBody {
    fn from(view: UserView) -> Self {
        let UserView { row, email, name } = view;
        // The password's hash leaves the database for log-in only.
        let UserRow {
            id,
            state,
            department,
            supervisor,
            regions,
            sealed_email: _,
            sealed_name: _,
            password_hash: _,
            created_at,
            roles,
            version: _,
            language,
            follow_up_letters,
        } = row;
        let language = language.map(Language::tag);
        let (department_id, supervisor_id) = (department.map(|d| d.uuid()), supervisor.map(|s| s.uuid()));
        Self {
            id: id.uuid(),
            email,
            name,
            state,
            department_id,
            supervisor_id,
            regions,
            role_ids: roles,
            created_at,
            language,
            follow_up_letters,
        }
    }
}

/// List accounts.
///
/// Every account of the organisation in the order of its making; each filter narrows the list.
#[utoipa::path(
    tag = "users", security(("bearer" = [])), params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ("state" = Option<String>, Query, description = "`invited`, `active`, `suspended` or `offboarded`"),
    ("department_id" = Option<Uuid>, Query, description = "Of exactly this department"),
    ("supervisor_id" = Option<Uuid>, Query, description = "Who report to this colleague"),
    ("role_id" = Option<String>, Query, description = "Who have this role"),
    ("email" = Option<String>, Query, description = "Who logs in with this address")),
    responses((status = 200, description = "A page of accounts.", body = Listing<UserBody>,
        example = json!({"data": [user_example()], "next_cursor": null})), ListProblems))]
#[get("/users")]
pub async fn list_users(may: May<ReadUsers>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/users", &query);
    let (limit, after) = (query.limit(), pages.id_position(&mut query)?);
    let filter = UserFilter {
        state: query.choice("state", &["invited", "active", "suspended", "offboarded"]).map(str::to_owned),
        department: query.uuid("department_id").map(DepartmentId::from),
        supervisor: query.uuid("supervisor_id").map(UserId::from),
        role: query.text("role_id"),
        email_lookup: query.text("email").map(|email| users::email_lookup(&app, &email)),
    };
    query.done()?;
    let (views, next) = users::list(&app, &may, &filter, after, limit).await?;
    let data = views.into_iter().map(UserBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Read one account.
#[utoipa::path(
    tag = "users", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the account")),
    description = "One account of the organisation with its department, supervisor and roles.",
    responses((status = 200, description = "The account.", body = UserBody, example = json!(user_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/users/{id}")]
pub async fn show_user(
    may: May<ReadUsers>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<UserId>,
) -> Result<HttpResponse, Problem> {
    let view = users::find(&app, &may, id.get()).await?;
    let tag = ETag::new(i64::from(view.row.version), &may.identity.rights);
    single(&req, tag, &UserBody::from(view))
}

pub(super) fn user_example() -> serde_json::Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "email": "sales.a@demo.example", "name": "Sales A", "state": "active",
        "department_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11", "supervisor_id": null, "regions": [], "role_ids": ["sales"],
        "created_at": "2026-11-22T08:00:00Z", "language": "zh-CN", "follow_up_letters": true})
}
