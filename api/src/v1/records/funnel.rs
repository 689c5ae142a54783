//! The funnel of opportunities.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use custodian_application::App;
use custodian_application::records::{self, FunnelBy, FunnelQuery};
use custodian_domain::records::{Row, Step};
use serde::Serialize;
use utoipa::ToSchema;

use super::may::ReadRecords;
use crate::http::{ListProblems, May, Problem, Query};

/// The funnel.
#[derive(Serialize, ToSchema)]
pub struct FunnelBody {
    /// What the groups are: `stage` for all together, `owner`, `department` or `period`.
    by: &'static str,
    /// Each group with its stages.
    groups: Vec<FunnelGroupBody>,
}

/// One group.
#[derive(Serialize, ToSchema)]
pub struct FunnelGroupBody {
    /// Id of the owner or department, month as `YYYY-MM`; null for all together, and for what has none.
    group: Option<String>,
    /// Every stage in order, `lost` last.
    stages: Vec<FunnelStageBody>,
}

/// One stage.
#[derive(Serialize, ToSchema)]
pub struct FunnelStageBody {
    /// The stage.
    stage: String,
    /// Opportunities that stand in it.
    count: i64,
    /// Those that stand in it or have come past it.
    reached: i64,
    /// Share, in per cent, of those that reached the stage before; null where none did.
    conversion_percent: Option<f64>,
    /// Sums of their amounts, one for each currency; empty for who may not read amounts.
    amounts: Vec<SumBody>,
}

/// A sum.
#[derive(Serialize, ToSchema)]
pub struct SumBody {
    /// Decimal.
    amount: String,
    /// ISO 4217.
    currency: String,
}

impl From<Row> for FunnelGroupBody {
    fn from(row: Row) -> Self {
        let stage = |Step { stage, count, amounts, reached, conversion }| FunnelStageBody {
            stage,
            count,
            reached,
            conversion_percent: conversion
                .and_then(|share: i64| i32::try_from(share).ok())
                .map(|share| f64::from(share) / 10.0),
            amounts: amounts.into_iter().map(|(currency, amount)| SumBody { amount, currency }).collect(),
        };
        let Row { group, steps } = row;
        Self { group: Some(group).filter(|group| !group.is_empty()), stages: steps.into_iter().map(stage).collect() }
    }
}

/// Read the funnel.
///
/// Opportunities of customers in the caller's scope by stage, with how many came through each and the sums of their amounts. `lost` ones are counted apart: at
/// which stage they were lost is not counted.
#[utoipa::path(
    tag = "records", security(("bearer" = [])),
    params(("by" = Option<String>, Query, description = "`stage` (default, all together), `owner`, `department` or `period` (month of entry)"),
        ("from" = Option<DateTime<Utc>>, Query, description = "Entered at or after this time"), ("until" = Option<DateTime<Utc>>, Query, description = "Entered before this time")),
    responses((status = 200, description = "The funnel.", body = FunnelBody,
        example = json!({"by": "stage", "groups": [{"group": null, "stages": [{"stage": "lead", "count": 12, "reached": 30, "conversion_percent": null,
            "amounts": [{"amount": "120000.0000", "currency": "CNY"}]}]}]})), ListProblems))]
#[get("/reports/funnel")]
pub async fn show_funnel(may: May<ReadRecords>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let name = query.choice("by", &["stage", "owner", "department", "period"]).unwrap_or("stage");
    let by = match name {
        "owner" => FunnelBy::Owner,
        "department" => FunnelBy::Department,
        "period" => FunnelBy::Period,
        _ => FunnelBy::Stage,
    };
    let asked = FunnelQuery { by, from: query.time("from"), until: query.time("until") };
    query.done()?;
    let rows = records::funnel(&app, &may, asked).await?;
    Ok(HttpResponse::Ok().json(FunnelBody { by: name, groups: rows.into_iter().map(FunnelGroupBody::from).collect() }))
}
