//! Alarms: who tried many doors, and what came of looking into it.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::{DateTime, Utc};
use custodian_application::App;
use custodian_application::detections::{self, AlertView};
use custodian_domain::detections::{Outcome, Rule};
use custodian_domain::kernel::Fault;
use custodian_persistence::detections::AlertFilter;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::{
    Body, ETag, Id, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, Reply, Valid, WriteProblems, once,
    single,
};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_alerts).service(show_alert).service(close_alert);
}

needs! {
    /// Reads alarms.
    ReadAlerts = AlertsRead;
    /// Says what came of them.
    CloseAlerts = AlertsClose;
}

/// What came of looking into an alarm.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseAlertBody {
    /// `confirmed` or `harmless`.
    #[schema(pattern = "^(confirmed|harmless)$")]
    outcome: String,
    /// Why; kept sealed in the audit log.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
}

impl Body for CloseAlertBody {
    fn check(value: &Value, _: DateTime<Utc>) -> Vec<Fault> {
        let text = value.get("reason").and_then(Value::as_str).unwrap_or_default();
        let blank = text.chars().count() >= 3 && text.trim().chars().count() < 3;
        blank.then(|| Fault::new("/reason", "too_short").with_arg("3".to_owned())).into_iter().collect()
    }
}

/// An alarm.
#[derive(Serialize, ToSchema)]
pub struct AlertBody {
    /// Its id.
    id: Uuid,
    /// `password_spraying`: log-ins failed for many accounts from one network address; `distributed_password_spraying`: for many accounts of the organisation,
    /// each perhaps from an address of its own, and for far more than is usual; `refresh_token_reuse`: a colleague's spent refresh token came back, so two hold
    /// what one was given; `refusal_probing`: one caller was refused many different customers or records; `search_probing`: one caller searched for many values
    /// that nobody has; `malicious_file`: a file that was sent holds malicious software; `package_again`: a package of somebody's data that was fetched before
    /// was asked for again; `backup_overdue`: the last good backup is older than `alarm_backup_hours`; `backup_drill_overdue`: the last time that a backup was put back to try it and stood
    /// the trial is longer ago than `alarm_backup_drill_days`.
    rule: String,
    /// `staff`, `partner` or `subject`, which is a person at their own door; null for an address or the organisation.
    actor_kind: Option<String>,
    /// The colleague or the partner key; null for an address or the organisation.
    actor_id: Option<Uuid>,
    /// Stands for the network address, the same in each alarm about it; null for a caller or the organisation.
    source: Option<String>,
    /// How many different accounts, customers or values it was when the alarm was raised; of backups, how many hours ago the last good one was.
    count: i32,
    /// Within so many seconds; of backups, how many seconds ago it may be.
    window_seconds: i32,
    /// When it was raised.
    raised_at: DateTime<Utc>,
    /// `open` or `closed`.
    state: &'static str,
    /// When somebody had looked into it.
    closed_at: Option<DateTime<Utc>>,
    /// Who; null for one that ended by itself.
    closed_by: Option<Uuid>,
    /// `confirmed` or `harmless`, once closed; `resolved` where what it told of ended, and the alarm by itself.
    outcome: Option<String>,
}

impl From<AlertView> for AlertBody {
    fn from(row: AlertView) -> Self {
        let AlertView {
            id,
            rule,
            actor_kind,
            actor,
            source,
            counted,
            window_seconds,
            raised_at,
            closed_at,
            closed_by,
            outcome,
            version: _,
        } = row;
        // Half of the tag tells one address from another, and no more.
        let source = source.map(|tag| tag.iter().take(16).map(|byte| format!("{byte:02x}")).collect());
        let state = if closed_at.is_some() { "closed" } else { "open" };
        let (actor_id, count) = (actor, counted);
        Self {
            id,
            rule,
            actor_kind,
            actor_id,
            source,
            count,
            window_seconds,
            raised_at,
            state,
            closed_at,
            closed_by,
            outcome,
        }
    }
}

/// List alarms.
///
/// Newest first. One is raised about a caller, a network address or the organisation when a threshold of the settings is reached (`alarm_failed_accounts`,
/// `alarm_failed_accounts_together`, `alarm_refused_customers`, `alarm_vain_searches` within `alarm_window_minutes`), all instances counted together; at most one about
/// the same within a window. Those about backups are raised once for each time that they are too old, and close by themselves when a fresh one is recorded. Nobody is locked out by any of
/// them. Those about oneself are not shown.
#[utoipa::path(
    tag = "detections", security(("bearer" = [])),
    params(("state" = Option<String>, Query, description = "`open` or `closed`"),
        ("rule" = Option<String>, Query, description = "`password_spraying`, `distributed_password_spraying`, `refresh_token_reuse`, `refusal_probing`, `search_probing`, `malicious_file`, `package_again`, `backup_overdue` or `backup_drill_overdue`"),
        ("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of alarms.", body = Listing<AlertBody>,
        example = json!({"data": [example()], "next_cursor": null})), ListProblems))]
#[get("/alerts")]
pub async fn list_alerts(may: May<ReadAlerts>, app: Data<App>, mut query: Query) -> Result<HttpResponse, Problem> {
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/alerts", &query);
    let rules: Vec<&'static str> = Rule::ALL.iter().map(|rule| rule.as_str()).collect();
    let filter = AlertFilter {
        open: query.choice("state", &["open", "closed"]).map(|state| state == "open"),
        rule: query.choice("rule", &rules).map(str::to_owned),
        before: pages.id_position(&mut query)?,
        ..AlertFilter::default()
    };
    let limit = query.limit();
    query.done()?;
    let (rows, next) = detections::list(&app, &may, filter, limit).await?;
    let data = rows.into_iter().map(AlertBody::from).collect();
    Ok(HttpResponse::Ok().json(Listing { data, next_cursor: next.map(|id| pages.seal(id.as_bytes())), count: None }))
}

/// Read one alarm.
#[utoipa::path(
    tag = "detections", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the alarm")),
    description = "What was counted stands in the audit log: the failed log-ins, the refusals or the searches of that time.",
    responses((status = 200, description = "The alarm.", body = AlertBody, example = json!(example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/alerts/{id}")]
pub async fn show_alert(
    may: May<ReadAlerts>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let body = AlertBody::from(detections::find(&app, &may, id.get()).await?);
    single(&req, ETag::of_body(&body, &may.identity.rights), &body)
}

/// Close an alarm.
///
/// Says what came of looking into it, with the reason, which the audit log keeps. The item leaves every inbox. Nobody closes an alarm about themselves.
#[utoipa::path(
    tag = "detections", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Id of the alarm")),
    request_body(content = CloseAlertBody, example = json!({"outcome": "harmless", "reason": "A colleague cleaned up duplicates"})),
    responses((status = 200, description = "Closed.", body = AlertBody, example = json!(closed_example())), WriteProblems))]
#[post("/alerts/{id}/close")]
pub async fn close_alert(
    may: May<CloseAlerts>,
    app: Data<App>,
    req: HttpRequest,
    id: Id<Uuid>,
    body: Valid<CloseAlertBody>,
) -> Result<Reply, Problem> {
    let digest = *body.digest();
    let CloseAlertBody { outcome, reason } = body.into_inner();
    let Some(outcome) = Outcome::from_code(&outcome) else { return Err(Problem::of("invalid_body")) };
    once(&app, &may, &req, &digest, async |work| {
        Reply::ok(&AlertBody::from(detections::close(&app, &may, work, id.get(), outcome, reason).await?))
    })
    .await
}

fn example() -> Value {
    json!({"id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a71", "rule": "refusal_probing", "actor_kind": "staff", "actor_id": "0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a11",
        "source": null, "count": 30, "window_seconds": 600, "raised_at": "2026-11-22T08:00:00Z", "state": "open", "closed_at": null, "closed_by": null, "outcome": null})
}

fn closed_example() -> Value {
    let mut closed = example();
    if let Some(members) = closed.as_object_mut() {
        members.insert("state".to_owned(), json!("closed"));
        members.insert("closed_at".to_owned(), json!("2026-11-22T09:00:00Z"));
        members.insert("closed_by".to_owned(), json!("0193a0b0-7f4c-7c3a-9d55-6b1f6f3e2a12"));
        members.insert("outcome".to_owned(), json!("harmless"));
    }
    closed
}
