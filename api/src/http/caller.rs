//! Who calls: the credential, the purpose and the network address of a request.

use std::net::IpAddr;
use std::ops::Deref;
use std::rc::Rc;
use std::time::Instant;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use custodian_application::auth::{self, Credential};
use custodian_application::events::{Admitted, admit};
use custodian_application::{App, Call};
use custodian_domain::kernel::{DomainError, RefusedAs};
use futures_util::future::LocalBoxFuture;

use super::context::Context;
use super::edge::Edge;
use super::problem::Problem;

macro_rules! callers {
    ($($(#[$doc:meta])* $name:ident at $door:ident if $fits:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(pub Call);

        impl Deref for $name {
            type Target = Call;

            fn deref(&self) -> &Call {
                &self.0
            }
        }

        impl FromRequest for $name {
            type Error = Problem;
            type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

            fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
                let known = admitted(req, Door::$door, $fits);
                Box::pin(async move { known.await.map(Self) })
            }
        }
    )*};
}

callers! {
    /// A known caller, whatever its permissions: for what concerns the caller alone. Everything else takes a `May`.
    Authenticated at House if |call| {
        call.needs_full_session()?;
        in_time(call)
    };
    /// The same, also while the session's second factor is due: for enrolling it, showing it, and leaving.
    Enrolling at House if |_| Ok(());
    /// A person whom data is about, at their own door. No other credential is taken there, and theirs is taken nowhere else.
    Oneself at Own if |_| Ok(());
}

/// Refuses a partner that is late in acknowledging a withdrawal of consent to the purpose that it names.
pub(super) fn in_time(call: &Call) -> Result<(), Problem> {
    let late = call.purpose.as_ref().is_some_and(|code| call.identity.overdue.contains(code));
    if late { Err(Problem::of("withdrawal_unacknowledged")) } else { Ok(()) }
}

/// Who knocks at a door, once `fits` has nothing against it; what is needed of the request is taken from it at once.
pub(super) fn admitted<F: FnOnce(&Call) -> Result<(), Problem> + 'static>(
    req: &HttpRequest,
    door: Door,
    fits: F,
) -> impl Future<Output = Result<Call, Problem>> + use<F> {
    let asking = Asking::new(req);
    async move {
        let context = Rc::clone(&asking.context);
        let call = asking.identify_by(door).await?;
        fits(&call)?;
        context.end_deciding();
        Ok(call)
    }
}

/// Which door is knocked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// That of staff and partners.
    House,
    /// That of the people whom data is about.
    Own,
}

/// A credential with its secret, until it is checked.
pub(super) enum Sent {
    Bearer(String),
    ApiKey(String),
    /// A ticket for a stream has let its session in.
    Ticket(Admitted),
}

impl Sent {
    /// As the use cases take it at the door of staff and partners.
    fn at_house(&self) -> Credential<'_> {
        match self {
            Self::Bearer(token) => Credential::Bearer(token),
            Self::ApiKey(key) => Credential::ApiKey(key),
            Self::Ticket(one) => Credential::Session(one.organization, one.user, one.session),
        }
    }
}

/// What is needed to find out who asks, taken from the request before anything is awaited.
pub(super) struct Asking {
    pub(super) context: Rc<Context>,
    app: Option<Data<App>>,
    edge: Option<Data<Edge>>,
    peer: Option<IpAddr>,
    sent: Result<Sent, Problem>,
    purpose: Result<Option<String>, Problem>,
}

impl Asking {
    pub(super) fn new(req: &HttpRequest) -> Self {
        let context = Context::of(req);
        context.begin_deciding();
        let edge = req.app_data::<Data<Edge>>().cloned();
        Self {
            context,
            app: req.app_data::<Data<App>>().cloned(),
            peer: edge.as_ref().and_then(|edge| client_address(edge, req)),
            edge,
            sent: credential(req.headers()),
            purpose: purpose(req.headers()),
        }
    }

    /// The same with a ticket in place of a credential; the purpose is the one that it was given for.
    ///
    /// Errors: 400 `two_credentials` beside another; 401 `invalid_ticket`.
    pub(super) async fn by_ticket(self, text: &str) -> Result<(Self, Admitted), Problem> {
        let Some(app) = self.app.clone() else {
            return Err(Problem::of("internal_error").log("the application lacks App"));
        };
        if self.sent.as_ref().map_or_else(|problem| problem.code() != "unauthenticated", |_| true) {
            return Err(Problem::of("two_credentials"));
        }
        let admitted = admit(&app, text, self.peer).await?;
        let (sent, purpose) = (Ok(Sent::Ticket(admitted.clone())), Ok(admitted.purpose.clone()));
        Ok((Self { sent, purpose, ..self }, admitted))
    }

    /// The call, known to the transport from here on; counted against the caller's minute.
    pub(super) async fn identify(self) -> Result<Call, Problem> {
        self.identify_by(Door::House).await
    }

    async fn identify_by(self, door: Door) -> Result<Call, Problem> {
        let Self { context, app, edge, peer, sent, purpose } = self;
        let (Some(app), Some(edge)) = (app, edge) else {
            return Err(Problem::of("internal_error").log("the application lacks App or Edge"));
        };
        let named = purpose.as_ref().ok().and_then(Option::as_deref);
        let sent = sent?;
        let credential = match (&sent, door) {
            (sent, Door::House) => sent.at_house(),
            (Sent::Bearer(token), Door::Own) => Credential::Subject(token),
            (Sent::ApiKey(_) | Sent::Ticket(_), Door::Own) => return Err(Problem::of("invalid_token")),
        };
        let identity = auth::authenticate(&app, credential, peer, named).await?;
        let caller = identity.actor_id();
        // A person needs no purpose to see themselves.
        let stated = named.filter(|_| door == Door::House).map(str::to_owned);
        let call = Call { identity, request: context.request_id.clone(), purpose: stated };
        context.set_call(call.clone());
        if let Some(quota) = edge.rate.take(caller, Instant::now()) {
            context.set_quota(quota);
            quota.check()?;
        }
        if let Some(code) = purpose?
            && !call.identity.purposes.contains_key(&code)
        {
            return Err(Problem::of("unknown_purpose"));
        }
        Ok(call)
    }
}

/// Asks again who calls, for an answer that goes on for long: what has ended since the request came ends the answer.
pub struct AskAgain {
    app: Data<App>,
    peer: Option<IpAddr>,
    sent: Sent,
    request: String,
    purpose: Option<String>,
}

impl AskAgain {
    /// As the request did.
    pub fn of(req: &HttpRequest) -> Result<Self, Problem> {
        let app = req.app_data::<Data<App>>().cloned();
        let app = app.ok_or_else(|| Problem::of("internal_error").log("the application lacks App"))?;
        let peer = req.app_data::<Data<Edge>>().and_then(|edge| client_address(edge, req));
        let (sent, purpose) = (credential(req.headers())?, purpose(req.headers())?);
        Ok(Self { app, peer, sent, request: Context::of(req).request_id.clone(), purpose })
    }

    /// As the ticket of a request did.
    pub fn by_ticket(req: &HttpRequest, admitted: Admitted) -> Result<Self, Problem> {
        let app = req.app_data::<Data<App>>().cloned();
        let app = app.ok_or_else(|| Problem::of("internal_error").log("the application lacks App"))?;
        let peer = req.app_data::<Data<Edge>>().and_then(|edge| client_address(edge, req));
        let (purpose, request) = (admitted.purpose.clone(), Context::of(req).request_id.clone());
        Ok(Self { app, peer, sent: Sent::Ticket(admitted), request, purpose })
    }

    /// The caller as it is now.
    pub async fn ask(&self) -> Result<Call, DomainError> {
        let named = self.purpose.as_deref();
        let identity = auth::recognise(&self.app, self.sent.at_house(), self.peer, named).await?;
        if named.is_some_and(|code| identity.overdue.iter().any(|late| late == code)) {
            return Err(DomainError::refused(RefusedAs::Forbidden, "withdrawal_unacknowledged"));
        }
        let call = Call { identity, request: self.request.clone(), purpose: self.purpose.clone() };
        call.needs_full_session()?;
        Ok(call)
    }
}

/// The one credential of a request. Query parameters are never looked at: they end up in logs and histories.
pub(super) fn credential(headers: &HeaderMap) -> Result<Sent, Problem> {
    let mut tokens = headers.get_all(AUTHORIZATION);
    let mut keys = headers.get_all("x-api-key");
    match (tokens.next(), keys.next()) {
        (Some(_), Some(_)) => Err(Problem::of("two_credentials")),
        (Some(token), None) if tokens.next().is_none() => bearer(token).ok_or_else(|| Problem::of("invalid_token")),
        (None, Some(key)) if keys.next().is_none() => {
            let key = key.to_str().map_err(|_| Problem::of("invalid_api_key"))?;
            Ok(Sent::ApiKey(key.trim().to_owned()))
        }
        (None, None) => Err(Problem::of("unauthenticated")),
        _ => Err(Problem::of("two_credentials")),
    }
}

fn bearer(header: &HeaderValue) -> Option<Sent> {
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    let usable = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains([' ', ',']);
    usable.then(|| Sent::Bearer(token.to_owned()))
}

/// The purpose that the call names: one code of `[a-z0-9][a-z0-9_.-]{0,63}`.
pub(super) fn purpose(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut all = headers.get_all("processing-purpose");
    let Some(value) = all.next() else {
        return Ok(None);
    };
    let code = value.to_str().unwrap_or_default();
    let first = code.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-');
    if all.next().is_some() || !first || code.len() > 64 || !code.bytes().all(rest) {
        return Err(Problem::of("invalid_purpose"));
    }
    Ok(Some(code.to_owned()))
}

/// The client's address: the peer's, unless the peer is a proxy of ours; then the last hop that is not.
pub fn client_address(edge: &Edge, req: &HttpRequest) -> Option<IpAddr> {
    let peer = req.peer_addr()?.ip().to_canonical();
    if !edge.trusts(peer) {
        return Some(peer);
    }
    Some(last_untrusted(edge, req.headers()).unwrap_or(peer))
}

/// Reads `X-Forwarded-For` from the end: what stands before the first hop we do not know was written by a stranger.
fn last_untrusted(edge: &Edge, headers: &HeaderMap) -> Option<IpAddr> {
    let values: Vec<_> = headers.get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect();
    let hops = values.iter().rev().flat_map(|value| value.rsplit(','));
    let mut last = None;
    for hop in hops {
        let Ok(address) = hop.trim().parse::<IpAddr>() else {
            return last;
        };
        last = Some(address.to_canonical());
        if !edge.trusts(address) {
            return last;
        }
    }
    last
}

#[cfg(test)]
#[path = "caller_tests.rs"]
mod tests;
