//! What is counted: failed log-ins by address and by organisation, refused customers and vain searches by caller. A count that cannot be made is logged and keeps nobody waiting.

use std::net::IpAddr;

use custodian_domain::access::Who;
use custodian_domain::detections::{Rule, USUAL_DAYS, is_probing};
use custodian_domain::kernel::{DomainError, OrganizationId, UserId};
use custodian_persistence::{Work, detections as stored};
use uuid::Uuid;

use super::raise::{About, raise};
use crate::{App, Call};

/// The window in seconds.
fn window(app: &App) -> f64 {
    let seconds = u32::try_from(app.tuning().thresholds.window.num_seconds()).unwrap_or(u32::MAX);
    f64::from(seconds)
}

/// The tag of where a log-in comes from: an IPv4 address, or the network of an IPv6 one, for whoever has one has 2^64.
fn source(app: &App, peer: IpAddr) -> [u8; 32] {
    let network = match peer {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    };
    app.keys().lookup("login-source", &network)
}

/// Whether this alarm is wanted at all.
fn is_on(app: &App, rule: Rule) -> bool {
    app.tuning().thresholds.of(rule).is_some()
}

/// Counts a log-in that failed for an account, whether anybody has it or not: for where it came from, and for each organisation that has the account.
pub(crate) async fn note_failed_login(
    app: &App,
    account: &[u8; 32],
    peer: Option<IpAddr>,
    organizations: &[OrganizationId],
) {
    let source = peer.map(|peer| source(app, peer));
    if let Some(source) = source.filter(|_| is_on(app, Rule::PasswordSpraying))
        && let Err(error) = count_login(app, account, source).await
    {
        tracing::warn!(%error, "a failed log-in cannot be counted");
    }
    let wanting = organizations.iter().filter(|_| is_on(app, Rule::DistributedSpraying));
    for organization in wanting {
        if let Err(error) = count_account(app, *organization, account, source.unwrap_or_default()).await {
            tracing::warn!(%error, "a failed log-in cannot be counted for its organisation");
        }
    }
}

/// Counts for the organisation: many doors of one house, each tried from somewhere else.
async fn count_account(
    app: &App,
    organization: OrganizationId,
    account: &[u8; 32],
    source: [u8; 32],
) -> Result<(), DomainError> {
    let rule = Rule::DistributedSpraying;
    let work = app.begin(organization).await?;
    let days = i32::try_from(USUAL_DAYS).unwrap_or_default();
    let (counted, usual) = stored::note_failed_account(&work, account, &source, (window(app), days)).await?;
    let (counted, usual) = (u32::try_from(counted).unwrap_or(u32::MAX), u32::try_from(usual).unwrap_or(u32::MAX));
    if app.tuning().thresholds.is_unusual(rule, counted, usual) {
        raise(app, &work, rule, About::Organization, counted).await?;
    } else {
        stored::note_peak(&work, i32::try_from(counted).unwrap_or(i32::MAX)).await?;
    }
    Ok(work.commit().await?)
}

async fn count_login(app: &App, account: &[u8; 32], source: [u8; 32]) -> Result<(), DomainError> {
    let rule = Rule::PasswordSpraying;
    let counted = stored::note_failed_login(app.db(), &source, account, window(app)).await?;
    let counted = u32::try_from(counted).unwrap_or(u32::MAX);
    if !app.tuning().thresholds.is_reached(rule, counted) {
        return Ok(());
    }
    for organization in stored::organizations_tried(app.db(), &source, window(app)).await? {
        let work = app.begin(OrganizationId::from(organization)).await?;
        raise(app, &work, rule, About::Source(source), counted).await?;
        work.commit().await?;
    }
    Ok(())
}

/// Takes a failed log-in back once its owner is in, in this transaction: to be called only where one is remembered.
pub(crate) async fn note_success(
    app: &App,
    work: &Work,
    account: &[u8; 32],
    peer: Option<IpAddr>,
) -> Result<(), DomainError> {
    let source = peer.map(|peer| source(app, peer));
    if is_on(app, Rule::DistributedSpraying) {
        stored::forget_failed_account(work, account, &source.unwrap_or_default()).await?;
    }
    let Some(source) = source.filter(|_| is_on(app, Rule::PasswordSpraying)) else { return Ok(()) };
    if let Err(error) = stored::forget_failed_login(app.db(), &source, account).await {
        tracing::warn!(%error, "a failed log-in cannot be forgotten");
    }
    Ok(())
}

/// Says in this transaction that a spent refresh token of a colleague came back.
pub(crate) async fn note_refresh_reuse(app: &App, work: &Work, user: UserId) -> Result<(), DomainError> {
    raise(app, work, Rule::RefreshReuse, About::Caller("staff", user.uuid()), 1).await
}

/// Counts a customer or a record that a caller was refused; `code` is the problem's code.
pub async fn note_refusal(app: &App, call: &Call, code: &str, what: &str) {
    if is_probing(code) {
        note(app, call, Rule::RefusalProbing, what).await;
    }
}

/// Counts values that a caller searched for and nobody has, by the tags that they are found by.
pub(crate) async fn note_vain_search(app: &App, call: &Call, tags: &[[u8; 16]]) {
    let what: String = tags.iter().flatten().map(|byte| format!("{byte:02x}")).collect();
    note(app, call, Rule::SearchProbing, &what).await;
}

/// Raises an alarm about a member of staff, a file of whose a scanner found something in.
pub(crate) async fn note_malware(app: &App, work: &Work, user: Uuid) -> Result<(), DomainError> {
    raise(app, work, Rule::MaliciousFile, About::Caller("staff", user), 1).await
}

async fn note(app: &App, call: &Call, rule: Rule, what: &str) {
    let about = match &call.identity.caller.who {
        Who::Staff(staff) => About::Caller("staff", staff.user.uuid()),
        Who::Partner(partner) => About::Caller("partner", Uuid::from(partner.key)),
        Who::Subject(_) | Who::System { .. } => return,
    };
    if !is_on(app, rule) {
        return;
    }
    // Under a key of its own: what is kept here fits no index, and says nothing about who was looked for.
    let what = app.keys().lookup("probe", what);
    if let Err(error) = count(app, call, rule, about, &what).await {
        tracing::warn!(%error, "a refusal cannot be counted");
    }
}

/// Raises an alarm: a package that was fetched before was asked for again.
pub(crate) async fn note_package_again(app: &App, call: &Call) {
    if let Err(error) = raise_package_again(app, call).await {
        tracing::warn!(%error, "an alarm about a package cannot be raised");
    }
}

async fn raise_package_again(app: &App, call: &Call) -> Result<(), DomainError> {
    let about = About::Caller(call.identity.caller.actor_kind(), call.identity.actor_id());
    let work = app.begin(call.organization()).await?;
    raise(app, &work, Rule::PackageAgain, about, 1).await?;
    Ok(work.commit().await?)
}

async fn count(app: &App, call: &Call, rule: Rule, about: About, what: &[u8; 32]) -> Result<(), DomainError> {
    let work = app.begin(call.organization()).await?;
    let actor = call.identity.actor_id();
    let counted = stored::note_probe(&work, actor, rule.as_str(), what, window(app)).await?;
    let counted = u32::try_from(counted).unwrap_or(u32::MAX);
    if app.tuning().thresholds.is_reached(rule, counted) {
        raise(app, &work, rule, about, counted).await?;
    }
    Ok(work.commit().await?)
}
