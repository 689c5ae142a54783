//! The sweep through the names of files that hang on those who stay. What stands in a file is not looked into.

use custodian_crypto::DataKey;
use custodian_persistence::attachments::AttachmentRow;

use super::sweep::{Finding, Pass};
use crate::attachments::name_of;

impl Pass<'_> {
    /// A copy in a name is a copy; a name that does not open keeps everybody from being certified.
    pub(super) fn file_name(&mut self, key: &DataKey, file: &AttachmentRow) {
        self.looked.rows += 1;
        let (customer_id, attachment_id) = (Some(file.customer.uuid()), Some(file.id));
        let spot = Finding { customer_id, attachment_id, ..Finding::in_table("attachments", "identifier") };
        let Some(name) = name_of(key, self.organization, file) else {
            self.unreadable(&spot);
            return;
        };
        for hit in self.matcher.hits(&name) {
            self.find(hit.person, spot.clone());
        }
    }
}
