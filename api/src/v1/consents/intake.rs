//! Many consents at once.

use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use custodian_application::{App, consents};

use super::RecordConsents;
use super::bodies::{IntakeBody, IntakeDoneBody, IntakeResultBody, new_example};
use crate::http::{May, Problem, Reply, Valid, WriteProblems, once};

/// Record many consents.
///
/// Up to 10,000 rows in one call; each is judged and answered for itself, and those that can be are recorded together, in one transaction.
#[utoipa::path(
    tag = "consents", security(("bearer" = []), ("api_key" = [])),
    request_body(content = IntakeBody, example = json!({"consents": [{"customer_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a10", "consent": new_example()}]})),
    responses((status = 200, description = "What became of each row.", body = IntakeDoneBody, example = json!({"recorded": 1, "refused": 1, "results": [
        {"index": 0, "consent_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a60", "code": null, "errors": []},
        {"index": 1, "consent_id": null, "code": "asked_too_soon", "errors": []}]})), WriteProblems))]
#[post("/consents")]
pub async fn record_consents(
    may: May<RecordConsents>,
    app: Data<App>,
    req: HttpRequest,
    body: Valid<IntakeBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let rows = body.into_inner().into_rows();
    once(&app, &may, &req, &digest, async |work| {
        let answers = consents::record_many(&app, &may, work, rows).await?.into_iter().enumerate();
        let results = answers.map(|(at, one)| IntakeResultBody::of(at, one)).collect::<Result<Vec<_>, _>>()?;
        let recorded = results.iter().filter(|one| one.is_recorded()).count();
        Reply::ok(&IntakeDoneBody { recorded, refused: results.len() - recorded, results })
    })
    .await
}
