//! What the letters say: in the reader's language once it is known, in Chinese and in English until then.

use chrono::{DateTime, SecondsFormat, Utc};
use custodian_crypto::Opaque;
use custodian_domain::kernel::Language;

use super::Text;
use crate::App;

/// Somebody is invited to an account. Nobody knows yet what they read.
pub(crate) fn invitation(app: &App, organization: &str, token: &Opaque, ends: DateTime<Utc>) -> Text {
    let way = way(app, "invitation", token, "POST /v1/auth/invitations/accept");
    let until = time(ends);
    Letter { kind: "invitation", language: None }.write(
        organization,
        ["账号邀请", "your account"],
        [
            Part::Said(
                format!("{organization} 邀请您使用 Custodian。请在 {until} 之前设置密码："),
                format!("{organization} invites you to Custodian. Set your password before {until}:"),
            ),
            Part::Plain(way),
            Part::Said(
                "此令牌只能使用一次，请勿转发。如果您不认识邀请方，请忽略本邮件。".to_owned(),
                "It works once; forward it to nobody. If you do not know who invites you, ignore this letter."
                    .to_owned(),
            ),
        ],
    )
}

/// Somebody asked for a new password.
pub(crate) fn password_reset(
    app: &App,
    language: Option<Language>,
    organization: &str,
    token: &Opaque,
    ends: DateTime<Utc>,
) -> Text {
    let way = way(app, "password-reset", token, "POST /v1/auth/password/reset");
    let until = time(ends);
    Letter { kind: "password_reset", language }.write(
        organization,
        ["重设密码", "set a new password"],
        [
            Part::Said(
                format!("有人为您在 {organization} 的账号申请重设密码。如果是您本人，请在 {until} 之前设置新密码："),
                format!("Somebody asked for a new password for your account at {organization}. If it was you, set one before {until}:"),
            ),
            Part::Plain(way),
            Part::Said(
                "此令牌只能使用一次。如果不是您本人，请忽略本邮件，您的密码不会改变。".to_owned(),
                "It works once. If it was not you, ignore this letter: your password stays as it is.".to_owned(),
            ),
        ],
    )
}

/// A password was changed: the owner hears of it by another way than the one it was changed by (ASVS 6.3.7).
pub(crate) fn password_changed(language: Option<Language>, organization: &str, at: DateTime<Utc>) -> Text {
    let at = time(at);
    Letter { kind: "password_changed", language }.write(
        organization,
        ["密码已更改", "your password was changed"],
        [Part::Said(
            format!("您在 {organization} 的账号密码已于 {at} 更改，其他会话均已结束。如果不是您本人所为，请立即联系管理员。"),
            format!(
                "The password of your account at {organization} was changed at {at}, and its other sessions were ended. \
                 If it was not you, tell your administrator at once."
            ),
        )],
    )
}

/// What is due on what somebody sees to, and what is late: how much of each, and some of it by its ids. Nothing of any customer.
pub(crate) fn follow_ups(
    language: Option<Language>,
    organization: &str,
    (coming, soon): (i64, Vec<String>),
    (late, overdue): (i64, Vec<String>),
    until: DateTime<Utc>,
) -> Text {
    let all = format!("GET /v1/follow-ups?due_before={}", time(until));
    let lines = |title: (String, String), lines: Vec<String>| {
        let lines = if lines.is_empty() { "-".to_owned() } else { lines.join("\n") };
        (Part::Said(title.0, title.1), Part::Plain(lines))
    };
    let (late_title, late_lines) = lines((format!("已逾期：{late}"), format!("Overdue: {late}")), overdue);
    let (soon_title, soon_lines) =
        lines((format!("24 小时内到期：{coming}"), format!("Due within a day: {coming}")), soon);
    Letter { kind: "follow_ups", language }.write(
        organization,
        ["待跟进事项", "what is due"],
        [
            late_title,
            late_lines,
            soon_title,
            soon_lines,
            Part::Said("全部事项请登录后查看：".to_owned(), "Log in to see all of it:".to_owned()),
            Part::Plain(all),
            Part::Said(
                "不再接收此类邮件：PATCH /v1/me {\"follow_up_letters\": false}".to_owned(),
                "To have no more of these letters: PATCH /v1/me {\"follow_up_letters\": false}".to_owned(),
            ),
        ],
    )
}

/// A paragraph.
enum Part {
    /// In Chinese and in English.
    Said(String, String),
    /// The same in every language.
    Plain(String),
}

/// A letter to be written.
struct Letter {
    kind: &'static str,
    language: Option<Language>,
}

impl Letter {
    fn write<const PARTS: usize>(self, organization: &str, [zh, en]: [&str; 2], parts: [Part; PARTS]) -> Text {
        let Self { kind, language } = self;
        let pick = |zh: &str, en: &str, between: &str| match language {
            Some(Language::Zh) => zh.to_owned(),
            Some(Language::En) => en.to_owned(),
            None => format!("{zh}{between}{en}"),
        };
        let paragraphs = parts.map(|part| match part {
            Part::Said(zh, en) => pick(&zh, &en, "\n"),
            Part::Plain(text) => text,
        });
        let subject = format!("{organization}: {}", pick(zh, en, " / "));
        Text { kind, subject, text: format!("{}\n", paragraphs.join("\n\n")) }
    }
}

/// The link, or where no frontend is set up, the token and the call that takes it. A fragment is not sent to servers and stands in no log.
fn way(app: &App, page: &str, token: &Opaque, call: &str) -> String {
    match &app.tuning().account_url {
        Some(base) => format!("{base}/{page}#token={}", token.expose()),
        None => format!("{call}\n{}", token.expose()),
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
