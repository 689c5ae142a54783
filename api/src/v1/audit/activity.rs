//! What the log says of the caller: staff have privacy too, and may see what is on record about them.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::Duration;
use custodian_application::App;
use custodian_application::audit::own_activity;
use custodian_persistence::audit::EntryFilter;

use super::entries::first_id;
use super::{EntryBody, entry_example, page_of_entries};
use crate::http::{Authenticated, ListProblems, Listing, Pages, Problem, Query};

/// How far back the list goes unless the caller says how far.
const DAYS: i64 = 31;

/// List one's own activity.
///
/// Every entry of the log whose actor is the caller, newest first: what was done, tried and refused, with the reasons given. Reading it leaves an entry as well. Of members of staff
/// alone.
#[utoipa::path(
    tag = "audit", security(("bearer" = [])),
    params(("from" = Option<chrono::DateTime<chrono::Utc>>, Query, description = "At or after; 31 days ago if absent"),
        ("until" = Option<chrono::DateTime<chrono::Utc>>, Query, description = "Before"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"), ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of entries.", body = Listing<EntryBody>,
        example = json!({"data": [entry_example()], "next_cursor": null})), ListProblems))]
#[get("/me/activity")]
pub async fn list_my_activity(
    caller: Authenticated,
    app: Data<App>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    // Bound to the person too: nobody goes on where somebody else stopped.
    let route = format!("/v1/me/activity/{}", caller.identity.actor_id());
    let pages = Pages::new(app.cursor_key(), caller.organization(), &route, &query);
    let from = query.time("from").unwrap_or_else(|| app.now() - Duration::days(DAYS));
    let filter = EntryFilter {
        from: Some(first_id(from)),
        until: query.time("until").map(first_id),
        before: pages.id_position(&mut query)?,
        ..EntryFilter::default()
    };
    let limit = query.limit();
    query.done()?;
    Ok(HttpResponse::Ok().json(page_of_entries(own_activity(&app, &caller, filter, limit).await?, &pages)))
}
