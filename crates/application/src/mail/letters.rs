//! What the letters say, in Chinese and in English: the reader's language is not known yet.

use chrono::{DateTime, SecondsFormat, Utc};
use custodian_crypto::Opaque;

use super::Text;
use crate::App;

/// Somebody is invited to an account.
pub(crate) fn invitation(app: &App, organization: &str, token: &Opaque, ends: DateTime<Utc>) -> Text {
    let way = way(app, "invitation", token, "POST /v1/auth/invitations/accept");
    let until = time(ends);
    Text {
        kind: "invitation",
        subject: format!("{organization}: 账号邀请 / your account"),
        text: format!(
            "{organization} 邀请您使用 Custodian。请在 {until} 之前设置密码：\n\
             {organization} invites you to Custodian. Set your password before {until}:\n\n{way}\n\n\
             此令牌只能使用一次，请勿转发。如果您不认识邀请方，请忽略本邮件。\n\
             It works once; forward it to nobody. If you do not know who invites you, ignore this letter.\n"
        ),
    }
}

/// Somebody asked for a new password.
pub(crate) fn password_reset(app: &App, organization: &str, token: &Opaque, ends: DateTime<Utc>) -> Text {
    let way = way(app, "password-reset", token, "POST /v1/auth/password/reset");
    let until = time(ends);
    Text {
        kind: "password_reset",
        subject: format!("{organization}: 重设密码 / set a new password"),
        text: format!(
            "有人为您在 {organization} 的账号申请重设密码。如果是您本人，请在 {until} 之前设置新密码：\n\
             Somebody asked for a new password for your account at {organization}. If it was you, set one before {until}:\n\n{way}\n\n\
             此令牌只能使用一次。如果不是您本人，请忽略本邮件，您的密码不会改变。\n\
             It works once. If it was not you, ignore this letter: your password stays as it is.\n"
        ),
    }
}

/// A password was changed: the owner hears of it by another way than the one it was changed by (ASVS 6.3.7).
pub(crate) fn password_changed(organization: &str, at: DateTime<Utc>) -> Text {
    let at = time(at);
    Text {
        kind: "password_changed",
        subject: format!("{organization}: 密码已更改 / your password was changed"),
        text: format!(
            "您在 {organization} 的账号密码已于 {at} 更改，其他会话均已结束。如果不是您本人所为，请立即联系管理员。\n\
             The password of your account at {organization} was changed at {at}, and its other sessions were ended. If it was not you, tell your administrator at once.\n"
        ),
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
