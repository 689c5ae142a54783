//! What the law has erased without being asked (PIPL art. 47): found by the service, proposed to people, and nothing done before one of them says so.

use custodian_domain::audit::Action;
use custodian_domain::erasures::{Ground, Origin};
use custodian_domain::kernel::{CustomerId, DomainError, OrganizationId};
use custodian_persistence::{Work, erasures as stored, organizations};
use serde_json::json;

use super::batches::{MOST_IN_BATCH, opened};
use super::{about_batch, tell_of_batch};
use crate::App;
use crate::audit::{Draft, record_all};
use crate::events::EventType;

/// The grounds that the service can see by itself: purpose done, retention over, consent withdrawn.
const SEEN: [Ground; 3] = [Ground::PurposeDone, Ground::RetentionOver, Ground::ConsentWithdrawn];

/// Looks through every organisation. One that fails is told of and does not keep the others. Answers how many people were proposed.
pub async fn propose_all(app: &App) -> Result<usize, DomainError> {
    let mut proposed = 0;
    for (organization, _) in organizations::list(app.db()).await? {
        match propose_unasked(app, organization).await {
            Ok(people) => proposed += people,
            Err(error) => {
                tracing::error!(%organization, %error, "what is to be erased unasked could not be found; the next round looks again");
            }
        }
    }
    Ok(proposed)
}

/// Proposes those of one organisation whom nothing holds any more, one proposal for each ground. Whoever was proposed before is proposed again only for
/// something that ended since.
pub async fn propose_unasked(app: &App, organization: OrganizationId) -> Result<usize, DomainError> {
    let mut proposed = 0;
    for ground in SEEN {
        let work = app.begin(organization).await?;
        let people = propose(app, &work, ground).await;
        proposed += work.settle(people).await?;
    }
    Ok(proposed)
}

async fn propose(app: &App, work: &Work, ground: Ground) -> Result<usize, DomainError> {
    stored::hold_proposals(work).await?;
    let customers = stored::to_propose(work, ground, i64::try_from(MOST_IN_BATCH).unwrap_or(i64::MAX)).await?;
    if customers.is_empty() {
        return Ok(0);
    }
    let at = work.database_time().await?;
    let row = opened(app.new_id(), Origin::Unasked, ground, json!({}), customers.len(), at);
    stored::insert_batch(work, &row, &customers).await?;
    tell_of_batch(app, work, EventType::ErasureBatchesOpened, &row, None).await?;
    let about = customers.iter().copied().map(CustomerId::from).collect();
    let draft = Draft { customers: about, ..about_batch(Action::ErasuresPropose, &row) };
    record_all(work, &[&app.own_entry(work.organization(), draft).await?]).await?;
    Ok(customers.len())
}
