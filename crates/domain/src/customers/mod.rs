//! Customers.
use serde::{Deserialize, Serialize};
/// Where a customer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Lead.
    Lead,
    /// Prospect.
    Prospect,
    /// Qualified.
    Qualified,
    /// Customer.
    Customer,
    /// Dormant.
    Dormant,
    /// Lost.
    Lost,
}
