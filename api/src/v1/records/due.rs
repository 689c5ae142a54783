//! What is due.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use custodian_application::App;
use custodian_application::records::{self, Whose};

use super::bodies::{FollowUpBody, record_example};
use super::list::{moment_of, position};
use super::may::ReadRecords;
use crate::http::{ListProblems, Listing, May, Pages, Problem, Query};

/// List what is due.
///
/// Follow-ups of interactions, expected closes of opportunities, ends of contracts, payments and tickets that are not ended, first things first: by default what
/// the caller sees to and what is overdue by now. A record whose due date the caller may not read is left out.
#[utoipa::path(
    tag = "records", security(("bearer" = [])),
    params(("due_before" = Option<DateTime<Utc>>, Query, description = "Due before this time; now by default, so that what is overdue is listed"),
        ("whose" = Option<String>, Query, description = "`mine` (default) or `team`: everybody's in the caller's data scope"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of what is due.", body = Listing<FollowUpBody>,
        example = json!({"data": [{"due_at": "2026-11-29T08:00:00Z", "overdue": false, "record": record_example()}], "next_cursor": null})), ListProblems))]
#[get("/follow-ups")]
pub async fn list_follow_ups(may: May<ReadRecords>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/follow-ups", &query);
    let (limit, after) = (query.limit(), moment_of(&pages, &mut query)?);
    let before = query.time("due_before").unwrap_or_else(|| app.now());
    let whose = if query.choice("whose", &["mine", "team"]) == Some("team") { Whose::Team } else { Whose::Mine };
    query.done()?;
    let (found, next) = records::follow_ups(&app, &may, whose, before, after, limit).await?;
    let next_cursor = next.map(|(at, id)| pages.seal(&position(at, id)));
    let data: Vec<FollowUpBody> = found.into_iter().map(FollowUpBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor, count: None }))
}
