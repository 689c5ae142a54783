//! The built-in record type.
use super::RecordType;
/// The built-in customer.
pub fn customer() -> &'static RecordType {
    unimplemented!()
}
