//! Showing values in full.

use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use chrono::{DateTime, Utc};
use custodian_application::{App, customers};
use custodian_domain::kernel::Fault;
use custodian_persistence::Work;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::bodies::Shown;
use super::may::RevealFields;
use crate::http::{Body, Id, May, Problem, Reply, Valid, WriteProblems, once_retold};

/// Which values, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevealBody {
    /// Keys of the fields.
    #[schema(min_items = 1, max_items = 50)]
    fields: Vec<String>,
    /// Why they are needed; kept sealed in the audit log.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
}

impl Body for RevealBody {
    /// The schema counts characters; spaces give no reason.
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let reason = value.get("reason").and_then(Value::as_str).unwrap_or_default();
        let blank = reason.chars().count() >= 3 && reason.trim().chars().count() < 3;
        let fault = || Fault::new("/reason", "too_short").with_arg("3");
        blank.then(fault).into_iter().collect()
    }
}

/// The values asked for.
#[derive(Serialize, ToSchema)]
pub struct RevealedBody {
    /// The customer, by the id that the caller knows.
    id: Uuid,
    /// Values by field key; null where none is stored.
    #[schema(value_type = BTreeMap<String, Value>)]
    fields: Revealed,
}

pub(crate) struct Revealed(pub(crate) Vec<(&'static str, Option<customers::SeenValue>)>);

impl Serialize for Revealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value.as_ref().map(Shown))))
    }
}

/// Reveal fields.
///
/// Answers values in full that are otherwise masked. Needs a reason; each call is one entry in the audit log, written before the answer leaves.
#[utoipa::path(
    tag = "customers", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the customer")),
    request_body(content = RevealBody, example = json!({"fields": ["mobile"], "reason": "Customer asked to be called back"})),
    responses((status = 200, description = "The values.", body = RevealedBody,
        example = json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "fields": {"mobile": "+8613812345678"}})), WriteProblems))]
#[post("/customers/{id}/reveal")]
pub async fn reveal_fields(
    may: May<RevealFields>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<RevealBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let show = async |work: &Work| {
        let values = customers::reveal(&app, &may, work, id.get(), &body.fields, &body.reason).await?;
        Reply::ok(&RevealedBody { id: id.get(), fields: Revealed(values) })
    };
    // The values leave once more, so the caller must still be allowed them and the log says so once more.
    let again =
        async |_: &Reply| customers::record_repeated_reveal(&app, &may, id.get(), &body.fields, &body.reason).await;
    once_retold(&app, &may, &req, &digest, show, again).await
}
