//! Access requests: asking before looking, people who decide, and rights that end by themselves.

mod ask;
mod decide;
mod delegations;
mod emergency;
mod grants;
mod hand_over;
mod holding;
mod letters;
mod news;
mod policies;
mod read;
mod stored_policy;
mod watch;
mod who;

pub use ask::{NewRequest, Wanted, create};
pub(crate) use ask::{ask_for, known_fields};
pub use decide::{approve, cancel, deny};
pub use delegations::{NewDelegation, delegate, end_delegation, list_delegations};
pub use emergency::review;
pub(crate) use grants::end_grant;
pub use grants::{find_grant, list_grants, revoke_grant};
pub(crate) use hand_over::{Waiting, hand_over, waiting_on};
pub(crate) use holding::{Holding, begin_holding, holding_locked, under};
pub(crate) use letters::tell_ready;
pub use policies::{
    CaseDraft, PolicyDraft, PolicyView, SentConditions, SimulatedStep, Simulation, StepDraft, create_policy,
    delete_policy, find_policy, list_policies, patch_policy, simulate,
};
pub use read::{DecisionView, RequestView, find, list, waiting};
pub(crate) use read::{concerns, views_by_ids, waiting_in};
pub(crate) use watch::end_all_of;
pub use watch::{KIND, run};

use custodian_domain::audit::Action;
use uuid::Uuid;

use crate::audit::{Detail, Draft};

fn entry(action: Action, request: Uuid) -> Draft {
    Draft::of(action).with("access_request", Detail::Code(request.to_string()))
}
