//! Refusals leave an entry too, before their answer does.

use custodian_domain::audit::{Action, Verdict};
use custodian_domain::kernel::{CustomerId, DomainError};
use uuid::Uuid;

use crate::audit::{Detail, Draft};
use crate::{App, Call};

/// Records that a call was refused, and returns when the entry is durable. `operation` is method and route, `code` the problem's code.
pub async fn record_refusal(
    app: &App,
    call: &Call,
    operation: &str,
    code: &'static str,
    customer: Option<Uuid>,
) -> Result<(), DomainError> {
    let customer =
        customer.and_then(|id| call.identity.meant_customer(id).ok()).map(CustomerId::uuid).map(CustomerId::from);
    let draft =
        Draft { verdict: Verdict::Refused, customer, rule: Some(code.to_owned()), ..Draft::of(Action::AccessRefused) };
    app.record_read(call, draft.with("operation", Detail::Code(operation.to_owned()))).await
}
