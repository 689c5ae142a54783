//! Offboarding: one call, one transaction, and the record of what it did.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::users::{self, Offboarding};
use custodian_domain::kernel::UserId;
use custodian_persistence::Work;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::accounts::ReadUsers;
use super::change::ManageUsers;
use crate::http::{Body, ETag, Id, May, Problem, ReadProblems, Reply, Valid, WriteProblems, once, single};

/// Who takes over.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OffboardBody {
    /// The active colleague who takes over customers, records, reports, departments and approvals.
    successor_id: Uuid,
}

impl Body for OffboardBody {}

/// What an offboarding did.
#[derive(Serialize, ToSchema)]
pub struct OffboardingBody {
    /// Who left.
    user_id: Uuid,
    /// `offboarded`: for good; `deactivated`: the directory called the account inactive, and may call it active again.
    kind: &'static str,
    /// Who took over; null where the directory closed the account and neither supervisor nor the maker of its token was active.
    successor_id: Option<Uuid>,
    /// Who did it; null for the directory.
    offboarded_by: Option<Uuid>,
    /// When.
    offboarded_at: DateTime<Utc>,
    /// Every step with how many things it ended or handed over.
    steps: BTreeMap<String, u64>,
}

impl From<Offboarding> for OffboardingBody {
    fn from(done: Offboarding) -> Self {
        let Offboarding { user, by_directory, successor, by, at, steps } = done;
        Self {
            user_id: user.uuid(),
            kind: if by_directory { "deactivated" } else { "offboarded" },
            successor_id: successor.map(UserId::uuid),
            offboarded_by: Some(by).filter(|by| !by.is_nil()),
            offboarded_at: at,
            steps: steps.into_iter().collect(),
        }
    }
}

/// Offboard a colleague.
///
/// In one transaction: sessions, refresh tokens, keys and provisioning tokens that the person made, letters and second factors end; pending requests, grants, delegations and
/// exports of the person end; customers, the records that the person saw to (follow-ups, opportunities, tickets), reports, headed departments, approvals that waited for the person by
/// name, as supervisor or as head, open lines of access reviews and people's requests taken on go to the successor; policies name the successor; the address becomes free. What a role was
/// asked goes on waiting for its other holders. Nothing of the person's succeeds later than a second after this answer. It cannot be undone.
#[utoipa::path(
    tag = "users", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the account")),
    request_body(content = OffboardBody, example = json!({"successor_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a13"})),
    responses((status = 200, description = "Offboarded; what was done.", body = OffboardingBody, example = json!(offboarding_example())), WriteProblems))]
#[post("/users/{id}/offboard")]
pub async fn offboard_user(
    may: May<ManageUsers>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<UserId>,
    body: Valid<OffboardBody>,
) -> Result<Reply, Problem> {
    let successor = UserId::from(body.successor_id);
    once(&app, &may, &req, body.digest(), async |work: &Work| {
        Reply::ok(&OffboardingBody::from(users::offboard(&app, &may, work, id.get(), successor).await?))
    })
    .await
}

/// Read what an offboarding did.
///
/// The newest checklist of a colleague who left, or whom the directory called inactive (SCIM `active:false`): what ended, how much went to whom. Nothing of it comes back
/// by itself when the directory calls the account active again, for the successor may have gone on with it: `POST /v1/customers/hand-over` with `handed_over_from` gives
/// the customers back in one call, with what is due on them; reports and departments are set one by one.
#[utoipa::path(
    tag = "users", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the account")),
    responses((status = 200, description = "What was done.", body = OffboardingBody, example = json!(offboarding_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/users/{id}/offboarding")]
pub async fn show_offboarding(
    may: May<ReadUsers>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<UserId>,
) -> Result<HttpResponse, Problem> {
    let body = OffboardingBody::from(users::find_offboarding(&app, &may, id.get()).await?);
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}

fn offboarding_example() -> Value {
    json!({"user_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "kind": "offboarded", "successor_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a13",
        "offboarded_by": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a14", "offboarded_at": "2026-11-22T08:00:00Z",
        "steps": {"sessions_ended": 2, "api_keys_revoked": 1, "scim_tokens_revoked": 0, "customers_handed_over": 412, "records_handed_over": 1630, "approvals_handed_over": 2, "reports_handed_over": 3}})
}
