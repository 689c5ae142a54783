//! Records: what hangs on a customer, what is due, and what the opportunities come to.

mod bodies;
mod change;
mod due;
mod funnel;
mod list;
mod read;

use utoipa_actix_web::service_config::ServiceConfig;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_customer_records)
        .service(change::create_record)
        .service(list::list_timeline)
        .service(list::list_records)
        .service(read::show_record)
        .service(change::change_record)
        .service(change::delete_record)
        .service(read::show_record_history)
        .service(read::reveal_record_fields)
        .service(due::list_follow_ups)
        .service(funnel::show_funnel);
}

/// What each kind of work needs.
pub(crate) mod may {
    use crate::needs;

    needs! {
        /// Lists, searches and reads.
        ReadRecords = RecordsRead;
        /// Enters and changes.
        WriteRecords = RecordsWrite;
        /// Takes out of use.
        DeleteRecord = RecordsDelete;
        /// Shows in full.
        RevealFields = CustomersReveal;
        /// Reads past versions.
        ReadHistory = CustomersHistory;
    }
}
