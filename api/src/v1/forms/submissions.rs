//! What people sent, and deciding about it.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::forms::{self, Change, SubmissionView};
use custodian_domain::forms::{GuardianPart, Standing};
use custodian_persistence::customers::CustomerReader;
use custodian_persistence::forms::SubmissionRow;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::DecideForms;
use crate::http::{
    Body, ETag, Empty, Id, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems, once, path,
    single,
};
use crate::v1::customers::Shown;

/// A submission, without what was sent.
#[derive(Serialize, ToSchema)]
pub struct SubmissionBody {
    /// Its id.
    id: Uuid,
    /// The form.
    form_id: Uuid,
    /// The form's version that the page showed.
    form_version: i32,
    /// Whom it is about.
    customer_id: Uuid,
    /// `entered` for somebody new; `proposed`, `accepted` or `dismissed` about somebody who was known.
    state: String,
    /// The language of the page.
    language: String,
    /// When it came.
    at: DateTime<Utc>,
    /// When somebody decided about it.
    decided_at: Option<DateTime<Utc>>,
    /// Who did.
    decided_by: Option<Uuid>,
}

impl From<SubmissionRow> for SubmissionBody {
    fn from(row: SubmissionRow) -> Self {
        Self {
            id: row.id,
            form_id: row.form,
            form_version: row.version,
            customer_id: row.customer.uuid(),
            state: row.state,
            language: row.language,
            at: row.at,
            decided_at: row.decided_at,
            decided_by: row.decided_by,
        }
    }
}

/// A value that was sent, beside the one on file.
#[derive(Serialize, ToSchema)]
pub struct SentValueBody {
    /// What was sent, as far as the reader may see the field.
    #[schema(value_type = Value)]
    sent: Value,
    /// What is on file.
    #[schema(value_type = Option<Value>)]
    current: Option<Value>,
    /// `masked`, `reveal` or `read`.
    view: &'static str,
}

/// Who agreed for a child, masked as a name and a mobile of the customer would be.
#[derive(Serialize, ToSchema)]
pub struct SentGuardianBody {
    /// `mother`, `father` or `guardian`.
    relation: String,
    /// Their name.
    name: String,
    /// Where they are reached.
    mobile: String,
}

/// A submission with what was sent.
#[derive(Serialize, ToSchema)]
pub struct SubmissionDetailBody {
    /// The submission.
    #[serde(flatten)]
    submission: SubmissionBody,
    /// What was sent and waits for a decision, by field key.
    changes: BTreeMap<String, SentValueBody>,
    /// Purposes that would be agreed to.
    consents: Vec<String>,
    /// Who agreed for a child.
    guardian: Option<SentGuardianBody>,
}

impl From<SubmissionView> for SubmissionDetailBody {
    fn from(view: SubmissionView) -> Self {
        let SubmissionView { row, changes, consents, guardian } = view;
        let json = |value| serde_json::to_value(Shown(&value)).unwrap_or(Value::Null);
        let change = |Change { key, sent, current, view }| {
            (key, SentValueBody { sent: json(sent), current: current.map(json), view: view.as_str() })
        };
        let told = |GuardianPart { relation, name, mobile }| SentGuardianBody { relation, name, mobile };
        Self {
            submission: row.into(),
            changes: changes.into_iter().map(change).collect(),
            consents,
            guardian: guardian.map(told),
        }
    }
}

/// What is taken over.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptSubmissionBody {
    /// Keys of the fields; all that were sent when absent, none when empty. What was agreed to is taken over in any case.
    #[schema(max_items = 50)]
    fields: Option<Vec<String>>,
}

impl Body for AcceptSubmissionBody {}

fn submission_example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2ab1", "form_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2ab0", "form_version": 1,
        "customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "state": "proposed", "language": "en", "at": "2026-11-22T08:10:00Z", "decided_at": null, "decided_by": null})
}

fn detail_example() -> Value {
    let mut whole = submission_example();
    if let Some(members) = whole.as_object_mut() {
        members.insert("changes".into(), json!({"name": {"sent": "张*", "current": "李*", "view": "masked"}}));
        members.insert("consents".into(), json!(["newsletter"]));
        members.insert("guardian".into(), Value::Null);
    }
    whole
}

/// List a form's submissions.
///
/// About customers in one's own reach, newest first. `state=proposed` are those that wait.
#[utoipa::path(
    tag = "forms", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the form"), ("state" = Option<String>, Query, description = "`entered`, `proposed`, `accepted` or `dismissed`"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of submissions.", body = Listing<SubmissionBody>,
        example = json!({"data": [submission_example()], "next_cursor": null})), ReadProblems))]
#[get("/forms/{id}/submissions")]
pub async fn list_form_submissions(
    may: May<DecideForms>,
    app: Data<App>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("/v1/forms/{}/submissions", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let states: Vec<&'static str> = Standing::ALL.iter().map(|state| state.as_str()).collect();
    let state = query.choice("state", &states);
    let (limit, before) = (query.limit(), pages.id_position(&mut query)?);
    query.done()?;
    let (rows, next) = forms::list_submissions(&app, &may, id.get(), state, before, limit).await?;
    let data: Vec<SubmissionBody> = rows.into_iter().map(SubmissionBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Read one submission.
///
/// With what was sent beside what is on file, each value as far as one may see that field of the customer.
#[utoipa::path(
    tag = "forms", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the form"), ("submission_id" = Uuid, Path, description = "Id of the submission")),
    responses((status = 200, description = "The submission.", body = SubmissionDetailBody, example = json!(detail_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/forms/{id}/submissions/{submission_id}")]
pub async fn show_form_submission(
    may: May<DecideForms>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let submission = path::id(&req, "submission_id")?;
    let body = SubmissionDetailBody::from(forms::show_submission(&app, &reader, &may, id.get(), submission).await?);
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}

/// Accept a submission.
///
/// Takes these fields, or all that were sent, and the consents over, in one transaction, by one's own right to change the fields and to record consents.
#[utoipa::path(
    tag = "forms", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the form"), ("submission_id" = Uuid, Path, description = "Id of the submission")),
    request_body(content = AcceptSubmissionBody, example = json!({"fields": ["email"]})),
    responses((status = 200, description = "Taken over.", body = SubmissionBody, example = json!(submission_example())), WriteProblems))]
#[post("/forms/{id}/submissions/{submission_id}/accept")]
pub async fn accept_form_submission(
    may: May<DecideForms>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<AcceptSubmissionBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let AcceptSubmissionBody { fields } = body.into_inner();
    let place = (id.get(), path::id(&req, "submission_id")?);
    once(&app, &may, &req, &digest, async |work| {
        Reply::ok(&SubmissionBody::from(forms::accept(&app, &may, work, place, fields).await?))
    })
    .await
}

/// Dismiss a submission.
///
/// Nothing changes, and what was sent is gone.
#[utoipa::path(
    tag = "forms", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the form"), ("submission_id" = Uuid, Path, description = "Id of the submission")),
    responses((status = 200, description = "Dismissed.", body = SubmissionBody, example = json!(submission_example())), WriteProblems))]
#[post("/forms/{id}/submissions/{submission_id}/dismiss")]
pub async fn dismiss_form_submission(
    may: May<DecideForms>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    none: Empty,
) -> Result<Reply, Problem> {
    let place = (id.get(), path::id(&req, "submission_id")?);
    once(&app, &may, &req, &none.0, async |work| {
        Reply::ok(&SubmissionBody::from(forms::dismiss(&app, &may, work, place).await?))
    })
    .await
}
