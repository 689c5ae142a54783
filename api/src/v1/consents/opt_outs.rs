//! Opt-outs by a signal of the browser.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use custodian_application::{App, consents};
use custodian_persistence::customers::CustomerReader;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ReadConsents;
use crate::http::{Id, Listing, May, Pages, Problem, Query, ReadProblems, page_of};

/// That a person opted out.
#[derive(Serialize, ToSchema)]
pub struct OptOutBody {
    /// Its id.
    id: Uuid,
    /// `gpc`: Global Privacy Control.
    signal: String,
    /// When the signal came.
    at: DateTime<Utc>,
}

/// List the opt-outs of a customer.
///
/// Each time that a decision was asked for with `Sec-GPC: 1` while none stood. One stands against every purpose that sells, shares or advertises, whether the
/// signal comes again or not, until the person agrees to that purpose later.
#[utoipa::path(
    tag = "consents", security(("bearer" = []), ("api_key" = [])),
    params(("id" = Uuid, Path, description = "Id of the customer"), ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of opt-outs.", body = Listing<OptOutBody>,
        example = json!({"data": [{"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a80", "signal": "gpc", "at": "2026-11-22T08:00:00Z"}], "next_cursor": null})), ReadProblems))]
#[get("/customers/{id}/opt-outs")]
pub async fn list_opt_outs(
    may: May<ReadConsents>,
    app: Data<App>,
    reader: Data<CustomerReader>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("/v1/customers/{}/opt-outs", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let all = consents::opt_outs(&app, &reader, &may, id.get()).await?;
    // A partner's ids must not be those that another partner knows.
    let shown = |id: Uuid| may.identity.shown_id(id.into());
    let data = all.into_iter().map(|row| OptOutBody { id: shown(row.id), signal: row.signal, at: row.at }).collect();
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}
