//! Proposals for the columns of a spreadsheet.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use custodian_application::App;
use custodian_application::catalog::{self, SampleColumn};
use custodian_domain::catalog::{DataType, Proposal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ReadCatalog;
use crate::http::{Body, May, Problem, Valid, WriteProblems};

/// Columns to be looked at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassifyBody {
    /// The record type that they are to go to; customers by default.
    #[schema(nullable = false)]
    record_type: Option<String>,
    /// The columns.
    #[schema(min_items = 1, max_items = 200)]
    columns: Vec<ColumnBody>,
}

/// One column.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnBody {
    /// Its header, in whatever language.
    #[schema(max_length = 200)]
    header: String,
    /// Samples of its values; they are not kept.
    #[serde(default)]
    #[schema(max_items = 100)]
    values: Vec<String>,
}

impl Body for ClassifyBody {}

/// What is proposed, a line for each column in its order.
#[derive(Serialize, ToSchema)]
pub struct ProposalsBody {
    /// The proposals.
    columns: Vec<ProposalBody>,
}

/// What is proposed for one column.
#[derive(Serialize, ToSchema)]
pub struct ProposalBody {
    /// The header.
    header: String,
    /// The field that there is for it already; null where a new one would have to be made.
    field: Option<&'static str>,
    /// Data type.
    data_type: &'static str,
    /// The values that were met, for an `enum`.
    #[serde(skip_serializing_if = "Option::is_none")]
    choices: Option<Vec<String>>,
    /// Grade.
    classification: &'static str,
    /// Category.
    category: &'static str,
    /// Category of GB/T 43697, annex B.
    pi_category: Option<&'static str>,
    /// The law calls it sensitive personal information.
    sensitive: bool,
    /// Mask.
    mask: String,
    /// Ways of searching.
    searchable: Vec<&'static str>,
    /// How sure the proposal is, in per cent.
    confidence: u8,
    /// What told: `header`, `values`; empty for a mere guess.
    told_by: &'static [&'static str],
}

impl ProposalBody {
    fn of(header: String, proposal: Proposal) -> Self {
        let Proposal { known, field, confidence, told_by } = proposal;
        Self {
            header,
            field: known,
            data_type: field.data_type.as_str(),
            classification: field.classification.as_str(),
            category: field.category.as_str(),
            pi_category: field.pi_category.map(|one| one.as_str()),
            sensitive: field.is_sensitive_pi(),
            mask: field.mask.code(),
            searchable: field.searchable.iter().map(|kind| kind.as_str()).collect(),
            choices: if let DataType::Enum(choices) = field.data_type { Some(choices) } else { None },
            confidence,
            told_by,
        }
    }
}

/// Propose fields for columns.
///
/// Looks at headers and sample values, Chinese and English, and proposes for each column the field that there is for it, or what a new one would be: data type,
/// category, grade and mask, in doubt the closer guarded. Nothing is made by it and the values are not kept.
#[utoipa::path(
    tag = "catalog", security(("bearer" = [])),
    request_body(content = ClassifyBody, example = json!({"columns": [{"header": "手机号", "values": ["13812345678"]}, {"header": "Passport No.", "values": []}]})),
    responses((status = 200, description = "A line for each column.", body = ProposalsBody,
        example = json!({"columns": [{"header": "手机号", "field": "mobile", "data_type": "phone", "classification": "sensitive", "category": "contact", "pi_category": "basic",
            "sensitive": false, "mask": "phone", "searchable": ["exact", "last4"], "confidence": 100, "told_by": ["header", "values"]}]})), WriteProblems))]
#[post("/catalog/classify")]
pub async fn classify_columns(
    may: May<ReadCatalog>,
    app: Data<App>,
    body: Valid<ClassifyBody>,
) -> Result<HttpResponse, Problem> {
    let ClassifyBody { record_type, columns } = body.into_inner();
    let columns: Vec<SampleColumn> =
        columns.into_iter().map(|ColumnBody { header, values }| SampleColumn { header, values }).collect();
    let proposed = catalog::classify(&app, &may, record_type.as_deref(), &columns).await?;
    let headers = columns.into_iter().map(|column| column.header);
    let lines = headers.zip(proposed).map(|(header, proposal)| ProposalBody::of(header, proposal)).collect();
    Ok(HttpResponse::Ok().json(ProposalsBody { columns: lines }))
}
