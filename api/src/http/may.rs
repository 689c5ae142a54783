//! The permission that a handler needs, as one of its arguments: a handler without it does not get a caller.

use std::marker::PhantomData;
use std::ops::Deref;
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use custodian_application::Call;
use custodian_application::events::Admitted;
use custodian_domain::roles::Permission;
use futures_util::future::LocalBoxFuture;

use super::caller::{AskAgain, Asking, Door, admitted, in_time};
use super::problem::Problem;

/// A kind of work that needs one permission.
pub trait Needs: 'static {
    /// The permission.
    const PERMISSION: Permission;
}

/// A caller who holds the permission of `P`, or a third party's key that does what is owed. Which customers and fields it reaches is for the use case to decide.
pub struct May<P> {
    call: Call,
    permission: PhantomData<P>,
}

impl<P> May<P> {
    /// The call itself.
    pub fn into_call(self) -> Call {
        self.call
    }
}

impl<P> Deref for May<P> {
    type Target = Call;

    fn deref(&self) -> &Call {
        &self.call
    }
}

impl<P: Needs> FromRequest for May<P> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = admitted(req, Door::House, fits::<P>);
        Box::pin(async move { Ok(Self { call: known.await?, permission: PhantomData }) })
    }
}

/// Whether the caller may do this kind of work.
fn fits<P: Needs>(call: &Call) -> Result<(), Problem> {
    call.needs_full_session()?;
    // What a third party owes, each of its keys may do; the use case says how much of it that is.
    let owed = P::PERMISSION == Permission::WithdrawalsAcknowledge && call.identity.third_party.is_some();
    if !owed && !call.identity.caller.holds(P::PERMISSION) {
        return Err(Problem::of("forbidden").arg(P::PERMISSION.code()));
    }
    // Whoever is late must still be able to acknowledge, and to pass on that somebody says stop.
    match P::PERMISSION {
        Permission::WithdrawalsAcknowledge | Permission::ConsentsWithdraw => Ok(()),
        _ => in_time(call),
    }
}

/// The same for a stream, which a browser opens with a ticket in its address.
pub struct MayListen<P> {
    call: Call,
    /// Asks again who listens.
    pub asks: AskAgain,
    /// The ticket, where one let the caller in.
    pub ticket: Option<Admitted>,
    permission: PhantomData<P>,
}

impl<P> Deref for MayListen<P> {
    type Target = Call;

    fn deref(&self) -> &Call {
        &self.call
    }
}

impl<P: Needs> FromRequest for MayListen<P> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (asking, req) = (Asking::new(req), req.clone());
        Box::pin(async move {
            let context = Rc::clone(&asking.context);
            let named = req.uri().query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("ticket="));
            let (asking, ticket) = match named {
                Some(text) => asking.by_ticket(text).await.map(|(asking, admitted)| (asking, Some(admitted)))?,
                None => (asking, None),
            };
            let call = asking.identify().await?;
            fits::<P>(&call)?;
            let asks = match &ticket {
                Some(admitted) => AskAgain::by_ticket(&req, admitted.clone())?,
                None => AskAgain::of(&req)?,
            };
            context.end_deciding();
            Ok(Self { call, asks, ticket, permission: PhantomData })
        })
    }
}

/// Declares the kinds of work of a capability: `needs! { /// Reads customers. ReadCustomers = CustomersRead; }`
#[macro_export]
macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident = $permission:ident;)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl $crate::http::Needs for $name {
            const PERMISSION: custodian_domain::roles::Permission = custodian_domain::roles::Permission::$permission;
        }
    )*};
}
