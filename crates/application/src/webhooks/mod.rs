//! Webhooks: receivers that are told what happened, signed, at least once, each in a lane of its own.

mod keep;
mod log;
mod secret;
mod send;
mod signature;
mod told;

pub use custodian_persistence::webhooks::{DeliveryRow, WebhookRow};
pub use keep::{Change, NewWebhook, change, create, find, list, ping, remove, rotate};
pub use log::{deliveries, delivery, replay, replay_since};
pub(crate) use send::outcome_of;
pub use send::run;
pub use signature::Signature;
pub(crate) use signature::check as check_signature;
pub(crate) use told::{anyone_takes, fan_out, is_own};

use chrono::Duration;
use custodian_domain::audit::Action;
use custodian_domain::kernel::DomainError;
use custodian_persistence::webhooks as stored;
use futures_util::FutureExt;
use uuid::Uuid;

use crate::App;
use crate::audit::{Detail, Draft};

/// How long deliveries are kept.
const KEPT_DAYS: i64 = 30;

fn entry(action: Action, webhook: Uuid) -> Draft {
    Draft::of(action).with("webhook", Detail::Code(webhook.to_string()))
}

/// Drops deliveries that are too old, organisation by organisation.
pub async fn purge(app: &App) -> Result<(), DomainError> {
    let before = app.now() - Duration::days(KEPT_DAYS);
    app.in_each(|work| stored::purge(work, before).boxed()).await
}
