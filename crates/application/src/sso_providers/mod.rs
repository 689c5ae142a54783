//! Providers of single sign-on: kept by the organisation, and logged in by.

mod keep;
mod login;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{DomainError, RefusedAs};
use custodian_outbound::Fetch;
use custodian_outbound::oidc::{OidcError, Published, discover};
use moka::sync::Cache;

pub use custodian_persistence::sso_providers::ProviderRow;
pub use keep::{Change, NewProvider, callback_url, change, create, find, list, remove};
pub use login::{Begun, Returned, begin, complete};

/// How long what a provider publishes is believed.
const BELIEVED: Duration = Duration::from_secs(600);
/// The least time between two looks for newer keys: a flood of tokens with invented keys must not become a flood at the provider.
const LEAST_SECONDS: i64 = 5;

/// What providers publish, as fetched, by issuer.
pub struct Providers {
    fetch: Fetch,
    known: Cache<String, Arc<Known>>,
}

struct Known {
    published: Published,
    looked_at: DateTime<Utc>,
}

impl Providers {
    pub(crate) fn new(fetch: Fetch) -> Self {
        Self { fetch, known: Cache::builder().max_capacity(10_000).time_to_live(BELIEVED).build() }
    }

    pub(crate) fn fetch(&self) -> &Fetch {
        &self.fetch
    }

    async fn published(&self, issuer: &str, now: DateTime<Utc>) -> Result<Arc<Known>, OidcError> {
        if let Some(known) = self.known.get(issuer) {
            return Ok(known);
        }
        let published = discover(&self.fetch, issuer).await?;
        Ok(self.keep(issuer, published, now))
    }

    /// Looks for newer keys, unless it did so a moment ago; the old ones stay where that fails.
    async fn with_new_keys(
        &self,
        issuer: &str,
        known: Arc<Known>,
        now: DateTime<Utc>,
    ) -> Result<Arc<Known>, OidcError> {
        if (now - known.looked_at).num_seconds() < LEAST_SECONDS {
            return Err(OidcError::UnknownKey);
        }
        let published = known.published.with_new_keys(&self.fetch).await?;
        Ok(self.keep(issuer, published, now))
    }

    fn keep(&self, issuer: &str, published: Published, now: DateTime<Utc>) -> Arc<Known> {
        let known = Arc::new(Known { published, looked_at: now });
        self.known.insert(issuer.to_owned(), Arc::clone(&known));
        known
    }
}

/// The refusal that people see; the reason goes to the log.
fn refusal(error: OidcError) -> DomainError {
    tracing::warn!(%error, "a log-in by a provider did not come about");
    match error {
        OidcError::Provider(_) => DomainError::refused(RefusedAs::Upstream, "sso_provider_unavailable"),
        _ => DomainError::refused(RefusedAs::Unauthorized, "sso_refused"),
    }
}
