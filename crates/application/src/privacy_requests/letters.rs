//! Letters to the people whom data is about: codes, and what became of their requests. They go to a contact point on file and nowhere else.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId, UserId};
use custodian_persistence::customers::CustomerRow;
use custodian_persistence::privacy_requests::{self as stored, RequestRow};
use custodian_persistence::{Work, access_requests, customers as people, organizations, users};
use uuid::Uuid;

use crate::App;
use crate::auth::one_time_code::Code;
use crate::customers::value_of;
use crate::mail::{self, Text};
use crate::users::view;

/// How long it is tried to hand a letter over.
const LETTER_LIVES: TimeDelta = TimeDelta::days(7);
/// The same of a letter to somebody who is gone: their certificate waits for it.
const LAST_LETTER_LIVES: TimeDelta = TimeDelta::days(3);

/// The contact point of a customer that is written to now, held until the transaction ends; `named` as it was for the code. Never printed.
pub(crate) async fn contact(
    app: &App,
    work: &Work,
    customer: CustomerId,
    named: Option<&str>,
) -> Result<Option<String>, DomainError> {
    match people::lock_on_file(work, customer).await? {
        Some(row) => contact_of(app, work.organization(), &row, named),
        None => Ok(None),
    }
}

/// The contact point on file that can be reached: the one named, else the address, else the number.
fn contact_of(
    app: &App,
    organization: OrganizationId,
    row: &CustomerRow,
    named: Option<&str>,
) -> Result<Option<String>, DomainError> {
    for field in ["email", "mobile"].into_iter().filter(|field| named.is_none_or(|named| named == *field)) {
        let reachable = if field == "email" { app.mail().is_some() } else { app.sms().is_some() };
        if reachable && let Some(value) = value_of(app, organization, row, field)? {
            return Ok(Some(value));
        }
    }
    // A number that no message can be sent to: the address on file is the person's as well.
    if named == Some("mobile") && app.sms().is_none() && app.mail().is_some() {
        return value_of(app, organization, row, "email");
    }
    Ok(None)
}

/// Sends a code; where it went. `None` when there is no way to reach the person.
pub(crate) async fn code(
    app: &App,
    work: &Work,
    customer: CustomerId,
    named: Option<&str>,
    code: &Code,
    until: DateTime<Utc>,
) -> Result<Option<String>, DomainError> {
    let Some(to) = contact(app, work, customer, named).await? else { return Ok(None) };
    let organization = organizations::name(work).await?;
    let (digits, ends) = (code.text.as_str(), until.to_rfc3339_opts(SecondsFormat::Secs, true));
    let text = Text {
        kind: "privacy_code",
        subject: format!("{organization}: 验证码 / your code"),
        text: format!(
            "您的验证码是 {digits}，有效期至 {ends}。如果不是您本人的请求，请忽略本消息，切勿将验证码告诉任何人。\n\
             Your code is {digits}, until {ends}. If you did not ask for it, ignore this message and tell nobody the code.\n"
        ),
    };
    mail::queue_to_customer(app, work, (customer, to.clone()), text, until).await?;
    Ok(Some(to))
}

/// Tells the person what became of the request, once it is known who asked. `more` goes below, in both languages.
pub(super) async fn tell(app: &App, work: &Work, row: &RequestRow, more: [String; 2]) -> Result<(), DomainError> {
    let (Some(customer), Some(_), "subject") = (row.customer, row.verified_at, row.requester.as_str()) else {
        return Ok(());
    };
    let customer = CustomerId::from(customer);
    let Some(to) = contact(app, work, customer, None).await? else { return Ok(()) };
    let text = about(&organizations::name(work).await?, row.id, more);
    let until = work.database_time().await? + LETTER_LIVES;
    mail::queue_to_customer(app, work, (customer, to), text, until).await
}

fn about(organization: &str, id: Uuid, [en, zh]: [String; 2]) -> Text {
    Text {
        kind: "privacy_request",
        subject: format!("{organization}: 您的个人信息请求 / your request about your data"),
        text: format!("请求编号 {id}。{zh}\n\nRequest {id}. {en}\n"),
    }
}

/// Who is to be told of their own erasure, and of which requests it is the outcome. Never printed.
pub(crate) struct LastLetter {
    to: String,
    requests: Vec<Uuid>,
}

/// What a held customer is to be told once they are erased: taken down before, for nothing tells their address afterwards. `by` is the request that the
/// erasure is carried out for. Nothing where they asked for none, or cannot be reached; that something does not open keeps nobody from being erased.
pub(crate) async fn last_letter(
    app: &App,
    work: &Work,
    row: &CustomerRow,
    by: Option<Uuid>,
) -> Result<Option<LastLetter>, DomainError> {
    let requests = stored::asked_to_be_erased(work, row.id.uuid(), by).await?;
    if requests.is_empty() {
        return Ok(None);
    }
    let to = contact_of(app, work.organization(), row, None).unwrap_or_default();
    Ok(to.map(|to| LastLetter { to, requests }))
}

/// Tells somebody of their erasure (GDPR art. 12(3)), in the transaction that carries it out and after everything of theirs has gone.
pub(crate) async fn tell_of_own_erasure(
    app: &App,
    work: &Work,
    customer: CustomerId,
    letter: Option<LastLetter>,
) -> Result<(), DomainError> {
    let Some(LastLetter { to, requests }) = letter else { return Ok(()) };
    let organization = organizations::name(work).await?;
    let now = work.database_time().await?;
    let day = now.date_naive();
    for id in requests {
        let text = [
            format!(
                "It was done: your data was erased on {day} and cannot be read any more. This address was kept for this letter alone."
            ),
            format!("您的请求已处理完毕：您的个人信息已于 {day} 删除，无法再被读取。此联系方式仅为发送本通知而保留。"),
        ];
        let text = about(&organization, id, text);
        mail::queue_to_customer(app, work, (customer, to.clone()), text, now + LAST_LETTER_LIVES).await?;
    }
    Ok(())
}

/// Tells who works on a request, or else the data protection officers, that its time is running out or over.
pub(super) async fn remind(app: &App, work: &Work, row: &RequestRow, overdue: bool) -> Result<(), DomainError> {
    if app.mail().is_none() {
        return Ok(());
    }
    let staff = access_requests::staff(work).await?;
    let officers = staff.into_iter().filter(|one| one.active && one.roles.iter().any(|role| role == "dpo"));
    let to: Vec<UserId> = match row.assignee {
        Some(user) => vec![UserId::from(user)],
        None => officers.map(|one| one.user).take(20).collect(),
    };
    let keys = app.keys().open_organization(work).await?;
    let organization = organizations::name(work).await?;
    let (id, right, due) = (row.id, &row.right, row.due_on);
    let (zh, en) = if overdue { ("已逾期", "is overdue") } else { ("即将到期", "is due soon") };
    let until = work.database_time().await? + LETTER_LIVES;
    for user in to {
        let Some(found) = users::find(work, user).await?.filter(|found| found.state == "active") else { continue };
        let email = view(&keys, work.organization(), found)?.email;
        let text = Text {
            kind: "privacy_due",
            subject: format!("{organization}: 个人信息请求{zh} / a request about personal data {en}"),
            text: format!(
                "请求 {id}（{right}）{zh}，截止日期为 {due}。\nRequest {id} ({right}) {en}; its last day is {due}.\n\nGET /v1/privacy-requests/{id}\n"
            ),
        };
        mail::queue(app, work, &keys, (user, email), text, until).await?;
    }
    Ok(())
}
