//! The lines of a campaign, and answers to them.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use custodian_application::access_reviews::{self, Answer};
use custodian_application::{App, Call};
use custodian_domain::access_reviews::{Decision, Flag, LineKind};
use custodian_persistence::access_reviews::LineFilter;
use uuid::Uuid;

use super::ReadReviews;
use super::bodies::{AnswerBody, LineBody, line_example};
use crate::http::path::uuid;
use crate::http::{Digest, Id, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems, once};

/// List the lines of an access review.
///
/// In the order of their ids. Who neither manages reviews nor reads the audit log gets the lines that they are
/// asked about.
#[utoipa::path(
    tag = "access-reviews", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the campaign"),
        ("flag" = Option<String>, Query, description = "`dormant`, `orphaned`, `over_privileged` or `shared`"),
        ("kind" = Option<String>, Query, description = "`account`, `role`, `key` or `grant`"),
        ("answered" = Option<bool>, Query, description = "Answered lines, or those that are not"),
        ("reviewer_id" = Option<Uuid>, Query, description = "Lines that this person is asked about"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of lines.", body = Listing<LineBody>,
        example = json!({"data": [line_example()], "next_cursor": null})), ReadProblems))]
#[get("/access-reviews/{id}/lines")]
pub async fn list_access_review_lines(
    may: May<ReadReviews>,
    app: Data<App>,
    id: Id<Uuid>,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let route = format!("/v1/access-reviews/{}/lines", id.get());
    let pages = Pages::new(app.cursor_key(), may.organization(), &route, &query);
    let flags: Vec<&'static str> = Flag::ALL.iter().map(|flag| flag.as_str()).collect();
    let kinds: Vec<&'static str> = LineKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let filter = LineFilter {
        flag: query.choice("flag", &flags).map(str::to_owned),
        kind: query.choice("kind", &kinds).map(str::to_owned),
        answered: query.parsed("answered", "invalid_boolean"),
        reviewer: query.uuid("reviewer_id"),
        after: pages.id_position(&mut query)?,
    };
    let limit = query.limit();
    query.done()?;
    let (rows, next) = access_reviews::lines_of(&app, &may, id.get(), filter, limit).await?;
    let data = rows.into_iter().map(LineBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

async fn answered(
    app: &App,
    call: &Call,
    req: &HttpRequest,
    digest: &Digest,
    decision: Decision,
    comment: Option<String>,
) -> Result<Reply, Problem> {
    let part = |name: &str| req.match_info().get(name).and_then(uuid).ok_or_else(|| Problem::of("invalid_id"));
    let (review, line) = (part("id")?, part("line_id")?);
    once(app, call, req, digest, async |work| {
        let answer = Answer { decision, comment };
        let line = access_reviews::answer(app, call, work, review, line, answer).await?;
        Reply::ok(&LineBody::from(line))
    })
    .await
}

/// Keep what a line is about.
///
/// By whoever is asked, or manages reviews; never by the person whom it concerns. A line is answered once.
#[utoipa::path(
    tag = "access-reviews", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the campaign"), ("line_id" = Uuid, Path, description = "Id of the line")),
    request_body(content = AnswerBody, example = json!({"comment": "Needed for the month's end"})),
    responses((status = 200, description = "Kept.", body = LineBody, example = json!(line_example())), WriteProblems))]
#[post("/access-reviews/{id}/lines/{line_id}/keep")]
pub async fn keep_access_review_line(
    may: May<ReadReviews>,
    app: Data<App>,
    req: HttpRequest,
    body: Valid<AnswerBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    answered(&app, &may, &req, &digest, Decision::Keep, body.into_inner().comment()).await
}

/// Revoke what a line is about.
///
/// At once: the account is suspended and its sessions end, the role is taken away, the key or the right is ended. The last administrator stays, and the outcome says so.
#[utoipa::path(
    tag = "access-reviews", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Id of the campaign"), ("line_id" = Uuid, Path, description = "Id of the line")),
    request_body(content = AnswerBody, example = json!({"comment": "Left the team"})),
    responses((status = 200, description = "Revoked.", body = LineBody, example = json!(line_example())), WriteProblems))]
#[post("/access-reviews/{id}/lines/{line_id}/revoke")]
pub async fn revoke_access_review_line(
    may: May<ReadReviews>,
    app: Data<App>,
    req: HttpRequest,
    body: Valid<AnswerBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    answered(&app, &may, &req, &digest, Decision::Revoke, body.into_inner().comment()).await
}
