//! The receipt of a consent.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use custodian_application::App;
use custodian_application::consents::{self, Form, Receipt};
use custodian_persistence::customers::CustomerReader;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ReadConsents;
use crate::http::{Id, May, Problem, Query, ReadProblems};

/// A receipt with its signature.
#[derive(Serialize, ToSchema)]
pub struct ReceiptBody {
    /// `iso-27560` or `kantara`.
    format: &'static str,
    /// What is signed.
    #[schema(value_type = Object)]
    receipt: Value,
    /// Compact JWS (RFC 7515, EdDSA, `typ` `consent-receipt+jws`) over that JSON; it verifies offline against `/.well-known/jwks.json`.
    jws: String,
}

/// Read the receipt of a consent.
///
/// What was agreed to, under which notice, and every event since: the fields of ISO/IEC TS 27560 as JSON-LD with terms of the Data Privacy Vocabulary, or Kantara
/// Consent Receipt 1.1 (`format=kantara`). Signed: `custodian receipts verify` checks it without a server.
#[utoipa::path(
    tag = "consents", security(("bearer" = []), ("api_key" = [])),
    params(("id" = Uuid, Path, description = "Id of the consent"), ("format" = Option<String>, Query, description = "`iso-27560`, the default, or `kantara`")),
    responses((status = 200, description = "The receipt.", body = ReceiptBody, example = json!({"format": "iso-27560", "receipt": {"@type": "dpv:ConsentReceipt",
        "schema_version": "ISO/IEC TS 27560:2023", "receipt_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a60", "state_now": "dpv:ConsentGiven"},
        "jws": "eyJhbGciOiJFZERTQSJ9.e30.c2ln"})), ReadProblems))]
#[get("/consents/{id}/receipt")]
pub async fn show_receipt(
    may: May<ReadConsents>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let format = query.choice("format", &["iso-27560", "kantara"]).unwrap_or("iso-27560");
    query.done()?;
    let form = if format == "kantara" { Form::Kantara } else { Form::Iso27560 };
    let Receipt { receipt, jws } = consents::receipt(&app, &reader, &may, id.get(), form).await?;
    Ok(HttpResponse::Ok().json(ReceiptBody { format, receipt, jws }))
}
