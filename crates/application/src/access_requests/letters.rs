//! Letters about requests: that somebody is asked, and what was decided. No customer's data, no reason: those are read after a log-in.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};
use custodian_domain::access_requests::Decider;
use custodian_domain::kernel::{DomainError, UserId};
use custodian_persistence::access_requests::RequestRow;
use custodian_persistence::{Work, organizations, users};

use crate::App;
use crate::keys::OrganizationKeys;
use crate::mail::{self, Text};
use crate::users::view;

/// The most people who are written to about one request: a role that half the house has is asked in the list, not by mail.
const MOST: usize = 20;

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

async fn send(
    app: &App,
    work: &Work,
    keys: &OrganizationKeys,
    to: UserId,
    text: Text,
    expires_at: DateTime<Utc>,
) -> Result<(), DomainError> {
    let Some(row) = users::find(work, to).await?.filter(|row| row.state == "active") else {
        return Ok(());
    };
    let email = view(keys, work.organization(), row)?.email;
    mail::queue(app, work, keys, (to, email), text, expires_at).await
}

/// Tells those who are asked.
pub(super) async fn ask(app: &App, work: &Work, row: &RequestRow, deciders: &[Decider]) -> Result<(), DomainError> {
    if app.mail().is_none() {
        return Ok(());
    }
    let keys = app.keys().open_organization(work).await?;
    let organization = organizations::name(work).await?;
    let requester = users::find(work, row.requester).await?;
    let name = match requester {
        Some(requester) => view(&keys, work.organization(), requester)?.name,
        None => row.requester.to_string(),
    };
    let (kind, id, count, until) = (&row.kind, row.id, row.customer_count, time(row.lapses_at));
    let fields = row.fields.join(", ");
    let people: BTreeSet<UserId> = deciders.iter().map(|one| one.user).collect();
    for to in people.into_iter().take(MOST) {
        let text = Text {
            kind: "access_request",
            subject: format!("{organization}: 访问申请待审批 / a request for access waits for you"),
            text: format!(
                "{name} 提交了访问申请（{kind}），涉及 {count} 位客户的字段：{fields}。请在 {until} 之前登录后处理：\n\
                 {name} asks for access ({kind}) to {count} customers, fields: {fields}. Log in and decide before {until}:\n\n\
                 GET /v1/access-requests/{id}\n\n\
                 本邮件不含审批链接，审批须本人登录。\n\
                 There is no link that decides: deciding takes your own log-in.\n"
            ),
        };
        send(app, work, &keys, to, text, row.lapses_at).await?;
    }
    Ok(())
}

/// Tells those who review emergencies of one.
pub(super) async fn alarm(app: &App, work: &Work, row: &RequestRow, reviewers: &[Decider]) -> Result<(), DomainError> {
    if app.mail().is_none() {
        return Ok(());
    }
    let keys = app.keys().open_organization(work).await?;
    let organization = organizations::name(work).await?;
    let (id, requester, count, until) = (row.id, row.requester, row.customer_count, time(row.lapses_at));
    let fields = row.fields.join(", ");
    let people: BTreeSet<UserId> = reviewers.iter().map(|one| one.user).collect();
    for to in people.into_iter().take(MOST) {
        let text = Text {
            kind: "access_emergency",
            subject: format!("{organization}: 紧急访问警报 / alarm: fields were opened in an emergency"),
            text: format!(
                "用户 {requester} 以紧急方式查看了 {count} 位客户的字段：{fields}。请登录并在 {until} 之前完成复核：\n\
                 User {requester} opened fields of {count} customers in an emergency: {fields}. Log in and close the review before {until}:\n\n\
                 POST /v1/access-requests/{id}/review\n"
            ),
        };
        send(app, work, &keys, to, text, row.lapses_at + chrono::TimeDelta::days(30)).await?;
    }
    Ok(())
}

/// Tells the requester what became of the request.
pub(super) async fn tell_requester(
    app: &App,
    work: &Work,
    row: &RequestRow,
    until: DateTime<Utc>,
) -> Result<(), DomainError> {
    if app.mail().is_none() {
        return Ok(());
    }
    let keys = app.keys().open_organization(work).await?;
    let organization = organizations::name(work).await?;
    let (id, state) = (row.id, row.state.as_str());
    let in_chinese = match state {
        "approved" => "已批准",
        "denied" => "已拒绝",
        "lapsed" => "已超时失效",
        "revoked" => "授权已被撤销",
        _ => "状态已更新",
    };
    let text = Text {
        kind: "access_decided",
        subject: format!("{organization}: 访问申请{in_chinese} / your request for access: {state}"),
        text: format!(
            "您的访问申请 {id} {in_chinese}。\nYour request for access {id} is now: {state}.\n\nGET /v1/access-requests/{id}\n"
        ),
    };
    send(app, work, &keys, row.requester, text, until).await
}

/// Tells the requester that a file is there to be taken away.
pub(crate) async fn tell_ready(
    app: &App,
    work: &Work,
    row: &RequestRow,
    until: DateTime<Utc>,
) -> Result<(), DomainError> {
    if app.mail().is_none() {
        return Ok(());
    }
    let keys = app.keys().open_organization(work).await?;
    let organization = organizations::name(work).await?;
    let (id, end) = (row.id, time(until));
    let text = Text {
        kind: "export_ready",
        subject: format!("{organization}: 导出文件已就绪 / your export is ready"),
        text: format!(
            "您申请的导出 {id} 已就绪，{end} 前可由本人下载一次。\nYour export {id} is ready. You can take it away once, before {end}:\n\n\
             POST /v1/exports/{id}/link\n\n本邮件不含下载链接，下载须本人登录。\nThere is no link in this letter: taking it away takes your own log-in.\n"
        ),
    };
    send(app, work, &keys, row.requester, text, until).await
}
