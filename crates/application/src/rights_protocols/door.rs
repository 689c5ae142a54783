//! The partners' door: a token that names its partner, or the agent and business that a first message names.

use std::sync::Arc;

use custodian_crypto::{Certificate, DocumentKey};
use custodian_domain::kernel::{DomainError, OrganizationId, RefusedAs};
use custodian_domain::rights_protocols::Protocol;
use custodian_persistence::rights_protocols::{self as stored, PartnerRow};
use custodian_persistence::users;
use uuid::Uuid;

use crate::{App, Call, Identity};

/// A partner that is let in.
pub struct RightsPartner {
    /// The call, as the product itself. What a partner reaches is bounded by its door: use cases that take a [`RightsPartner`] look at its own exchanges alone.
    pub call: Call,
    /// The partner.
    pub row: PartnerRow,
}

impl RightsPartner {
    fn new(organization: OrganizationId, row: PartnerRow, request: &str) -> Self {
        let identity = Identity::of_system(organization, "rights_protocols");
        Self { call: Call { identity: Arc::new(identity), request: request.to_owned(), purpose: None }, row }
    }

    /// Whether what it sends must be signed: once a key of it is on file.
    pub fn must_sign(&self) -> bool {
        self.row.key.is_some()
    }

    /// Whether a signature is by its key over a message. A certificate that is not in force at this moment, or leads to no authority that is believed now, signs nothing.
    pub fn has_signed(&self, app: &App, message: &[u8], signature: &[u8]) -> bool {
        let Some(bytes) = &self.row.key else { return false };
        let key = match self.row.key_kind.as_deref() {
            Some("ed25519") => bytes.as_slice().try_into().ok().map(DocumentKey::Ed25519),
            Some("certificate") => {
                let (now, believed) = (app.now(), &app.tuning().rights_authorities);
                let at = u64::try_from(now.timestamp()).unwrap_or(0);
                let read = Certificate::from_der(bytes).ok();
                let good = |read: &Certificate| read.holds(&self.row.identifier, at) && believed.have_issued(read, now);
                read.filter(good).map(|read| read.key)
            }
            _ => None,
        };
        key.is_some_and(|key| key.verify(message, signature))
    }
}

fn refused() -> DomainError {
    DomainError::refused(RefusedAs::Unauthorized, "invalid_token")
}

/// Where the pair of an agent and what it calls us leads.
pub(super) fn agent_lookup(app: &App, agent: &str, business: &str) -> Vec<u8> {
    app.keys().lookup("rights-agent", &format!("{agent}\n{business}")).to_vec()
}

/// Who shows this token.
///
/// Errors: 401 `invalid_token`, the same for every reason.
pub async fn authenticate(
    app: &App,
    protocol: Protocol,
    text: &str,
    request: &str,
) -> Result<RightsPartner, DomainError> {
    let rest = text.strip_prefix("crp_").filter(|_| text.len() < 200).ok_or_else(refused)?;
    let id = rest.split_once('_').and_then(|(id, _)| Uuid::try_parse(id).ok()).ok_or_else(refused)?;
    let found = users::find_lookup(app.db(), &app.keys().lookup("rights-partner", &id.to_string())).await?;
    let organization = OrganizationId::from(found.first().ok_or_else(refused)?.0);
    let row = open(app, organization, id).await?.filter(|row| row.protocol == protocol.as_str());
    let row = row.ok_or_else(refused)?;
    let known = row.token_digest.as_deref().is_some_and(|digest| app.auth().is_key(text, digest));
    if known { Ok(RightsPartner::new(organization, row, request)) } else { Err(refused()) }
}

/// The agent that says it is this one, to a business that it calls so. Nothing is proved by that.
pub async fn find_agent(
    app: &App,
    agent: &str,
    business: &str,
    request: &str,
) -> Result<Option<RightsPartner>, DomainError> {
    let found = users::find_lookup(app.db(), &agent_lookup(app, agent, business)).await?;
    let Some((organization, id)) = found.first().copied() else { return Ok(None) };
    let organization = OrganizationId::from(organization);
    let row = open(app, organization, id).await?;
    Ok(row.map(|row| RightsPartner::new(organization, row, request)))
}

async fn open(app: &App, organization: OrganizationId, id: Uuid) -> Result<Option<PartnerRow>, DomainError> {
    let work = app.begin(organization).await?;
    let row = stored::find(&work, id).await;
    work.abandon().await;
    Ok(row?.filter(|row| row.disabled_at.is_none()))
}
