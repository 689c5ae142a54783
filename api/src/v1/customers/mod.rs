//! Customers: the main resource. Bodies in `bodies`, one file per kind of work.

mod archive;
mod bodies;
mod change;
mod collaborators;
mod hand_over;
mod list;
mod merge;
mod past;
mod read;
mod reveal;
mod tags;

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
        .service(hand_over::hand_over_customers)
        .service(merge::list_duplicates)
        .service(merge::merge_customer)
        .service(merge::unmerge_customer)
        .service(merge::list_merges)
        .service(archive::archive_customer)
        .service(archive::restore_customer)
        .service(collaborators::show_collaborators)
        .service(collaborators::put_collaborators)
        .service(tags::list_tags)
        .service(tags::create_tag)
        .service(tags::show_tag)
        .service(tags::change_tag)
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
        /// Gives to somebody else.
        HandOverCustomers = CustomersAssign;
        /// Makes one of two, and undoes it.
        MergeCustomers = CustomersMerge;
        /// Puts into the archive and takes out of it.
        ArchiveCustomers = CustomersArchive;
        /// Says who sees a customer beside its owner.
        ShareCustomers = CustomersShare;
        /// Makes and changes tags.
        ManageTags = TagsManage;
        /// Shows in full.
        RevealFields = CustomersReveal;
        /// Reads past versions.
        ReadHistory = CustomersHistory;
        /// Reads who saw it.
        ReadAccessLog = AccessLogRead;
    }
}
