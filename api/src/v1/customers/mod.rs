//! Customers: the main resource. Bodies in `bodies`, one file per kind of work.

mod bodies;
mod change;
mod list;
mod past;
mod read;
mod reveal;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use bodies::{Accesses, FieldAccessBody, Fields, Shown, input, split};
pub(crate) use change::precondition;
pub(crate) use reveal::Revealed;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(read::show_customer)
        .service(list::list_customers)
        .service(change::create_customer)
        .service(change::change_customer)
        .service(change::delete_customer)
        .service(reveal::reveal_fields)
        .service(past::show_history)
        .service(past::show_access_log);
}

/// What each kind of work needs.
pub(crate) mod may {
    use crate::needs;

    needs! {
        /// Lists, searches and reads.
        ReadCustomers = CustomersRead;
        /// Enters.
        CreateCustomer = CustomersCreate;
        /// Changes.
        ChangeCustomer = CustomersWrite;
        /// Takes out of use.
        DeleteCustomer = CustomersDelete;
        /// Shows in full.
        RevealFields = CustomersReveal;
        /// Reads past versions.
        ReadHistory = CustomersHistory;
        /// Reads who saw it.
        ReadAccessLog = AccessLogRead;
    }
}
