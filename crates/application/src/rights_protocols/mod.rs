//! Partners that pass on what people ask about their data, by OpenDSR 2.0 or the Data Rights Protocol 1.0: who they are, what comes in through them, and what
//! they are told of it. What comes in is a request like any other: an unproved one proves nobody, unless the organisation said that a partner's word does.

mod door;
pub mod drp;
mod intake;
mod keep;
pub mod opendsr;
mod send;
mod sign;
mod tell;

pub use custodian_persistence::rights_protocols::{CallbackRow, ExchangeRow, PartnerRow};
pub use door::{RightsPartner, authenticate, find_agent};
pub use keep::{Change, NewPartner, change, create, exchange, find, list, rotate_token};
pub use send::{KIND, purge, run};
pub use sign::{PartnerAuthorities, SigningCertificate};
pub(crate) use tell::follow;

use custodian_domain::audit::Action;
use uuid::Uuid;

use crate::audit::{Detail, Draft};

fn entry(action: Action, partner: Uuid) -> Draft {
    Draft::of(action).with("rights_partner", Detail::Code(partner.to_string()))
}
