//! What a row about nobody agreed to, as its own key reads it: every purpose that needs consent and that the key may name.

use chrono::DateTime;
use custodian_domain::access::Who;
use custodian_domain::audit::Action;
use custodian_domain::consents::EVERY_CHANNEL;
use custodian_domain::kernel::DomainError;
use custodian_persistence::consents::{ConsentRow, Listed};
use custodian_persistence::{Work, purposes};
use serde_json::json;
use uuid::Uuid;

use super::decide::read;
use super::{ConsentView, meant, view};
use crate::audit::{Detail, Draft};
use crate::disclosures::{Decoy, decoys};
use crate::paging::cut;
use crate::{App, Call};

/// A page of its records, newest first; nothing where the id is not that of the caller's own.
pub(super) async fn list(
    app: &App,
    call: &Call,
    customer: Uuid,
    before: Option<Uuid>,
    limit: usize,
) -> Result<Option<(Vec<ConsentView>, Option<Uuid>)>, DomainError> {
    let Some(decoy) = decoys::meant(app, call, customer).await? else { return Ok(None) };
    let ask = async |work: &Work| {
        let rows = records(app, call, work, &decoy).await?;
        Ok::<_, DomainError>((rows, work.database_time().await?))
    };
    let (mut rows, now) = app.reading(call.organization(), ask).await?;
    rows.retain(|row| before.is_none_or(|before| row.consent.id < before));
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.consent.id));
    let next = cut(&mut rows, limit, |row| row.consent.id);
    app.record_read(call, looked()).await?;
    Ok(Some((rows.into_iter().map(|row| view(call, row, now)).collect(), next)))
}

/// One of its records.
pub(super) async fn find(app: &App, call: &Call, id: Uuid) -> Result<Option<ConsentView>, DomainError> {
    let Some(customer) = holder(app, call, id).await? else { return Ok(None) };
    let Some(decoy) = decoys::meant(app, call, customer).await? else { return Ok(None) };
    let id = meant(call, id)?;
    let ask = async |work: &Work| {
        let rows = records(app, call, work, &decoy).await?;
        Ok::<_, DomainError>((rows, work.database_time().await?))
    };
    let (rows, now) = app.reading(call.organization(), ask).await?;
    let Some(row) = rows.into_iter().find(|row| row.consent.id == id) else { return Ok(None) };
    app.record_read(call, looked()).await?;
    Ok(Some(view(call, row, now)))
}

/// The row about nobody, by the id that its key knows, that a record would be of.
pub(crate) async fn holder(app: &App, call: &Call, id: Uuid) -> Result<Option<Uuid>, DomainError> {
    let (Some(decoy), Ok(id)) = (&call.identity.decoy, meant(call, id)) else { return Ok(None) };
    let all = app.reading(call.organization(), async |work| purposes::list(work, None).await).await?;
    let own = |code: &str| decoys::consent_of(app, call.organization(), decoy, code) == id;
    Ok(all.iter().any(|purpose| own(&purpose.code)).then(|| call.identity.shown_id(decoy.id)))
}

/// The entry of a look at it, which names nobody.
pub(super) fn looked() -> Draft {
    Draft::of(Action::ConsentsRead).with("decoys", Detail::Count(1))
}

async fn records(app: &App, call: &Call, work: &Work, decoy: &Decoy) -> Result<Vec<Listed>, DomainError> {
    let Who::Partner(partner) = &call.identity.caller.who else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for purpose in purposes::list(work, Some("active")).await? {
        let bound = partner.purposes.is_empty() || partner.purposes.contains(&purpose.code);
        if !bound || !read(&purpose.content)?.needs_consent() {
            continue;
        }
        let Some((notice, at)) = decoys::agreement(work, decoy, &purpose.code).await? else { continue };
        let consent = ConsentRow {
            id: decoys::consent_of(app, work.organization(), decoy, &purpose.code),
            customer: decoy.id.uuid(),
            purpose_version: purpose.version,
            purpose: purpose.code,
            channel: EVERY_CHANNEL.to_owned(),
            notice,
            outcome: "given".to_owned(),
            evidence: json!({"method": "web_form", "reference": null, "sha256": null, "place": null}),
            guardian: None,
            at,
            expires_at: None,
            by_kind: "staff".to_owned(),
            by: purpose.created_by,
        };
        let state = consent.outcome.clone();
        found.push(Listed { state, changed_at: at, renewed_from: DateTime::UNIX_EPOCH, consent });
    }
    Ok(found)
}
