//! What others are told of requests and rights: to those whom they concern, and to those who watch over all.

use custodian_domain::access_requests::Decider;
use custodian_domain::kernel::DomainError;
use custodian_persistence::Work;
use custodian_persistence::access_requests::{GrantRow, RequestRow};

use crate::App;
use crate::events::{Event, EventType, Fact, publish};

/// A request was made, or an emergency opened.
pub(super) async fn opened(app: &App, work: &Work, row: &RequestRow, asked: &[Decider]) -> Result<(), DomainError> {
    let event = Event::of(EventType::AccessRequestsOpened)
        .concerning(asked.iter().map(|one| one.user).chain([row.requester]))
        .with("access_request_id", Fact::Id(row.id))
        .with("kind", Fact::Code(row.kind.clone()));
    publish(app, work, event).await
}

/// A request came to its end, whatever that is.
pub(super) async fn decided(app: &App, work: &Work, row: &RequestRow) -> Result<(), DomainError> {
    let event = Event::of(EventType::AccessRequestsDecided)
        .concerning([row.requester])
        .with("access_request_id", Fact::Id(row.id))
        .with("state", Fact::Code(row.state.clone()));
    publish(app, work, event).await
}

/// A right began.
pub(super) async fn given(app: &App, work: &Work, grant: &GrantRow) -> Result<(), DomainError> {
    let event = Event::of(EventType::GrantsGiven)
        .concerning([grant.user])
        .with("grant_id", Fact::Id(grant.id))
        .with("access_request_id", Fact::Id(grant.request))
        .with("ends_at", Fact::Time(grant.ends_at));
    publish(app, work, event).await
}

/// A right ended: by itself, or before its time.
pub(super) async fn ended(app: &App, work: &Work, grant: &GrantRow, state: &str) -> Result<(), DomainError> {
    let event = Event::of(EventType::GrantsEnded)
        .concerning([grant.user])
        .with("grant_id", Fact::Id(grant.id))
        .with("access_request_id", Fact::Id(grant.request))
        .with("state", Fact::Code(state.to_owned()));
    publish(app, work, event).await
}
