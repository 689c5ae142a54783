//! The other two scales that a field stands on, and the floor that the law puts under the first (GB/T 43697, GB/T 45574).
//!
//! The enterprise's grade ([`super::Classification`]), the national level and the category of personal information never share a word.

use serde::{Deserialize, Serialize};

use super::{Classification, DataType, Field};
use crate::kernel::codes;

codes! {
    /// The level of the Data Security Law, art. 21. Data of one organisation about single people is `general`.
    #[derive(Default, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    NationalLevel {
        /// 一般数据.
        #[default]
        General = "general",
        /// 重要数据.
        Important = "important",
        /// 核心数据.
        Core = "core",
    }
}

codes! {
    /// The categories of personal information of GB/T 43697, annex B.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    PiCategory {
        /// Name, birthday, sex, address, telephone, e-mail.
        Basic = "basic",
        /// Identity documents and their numbers.
        IdentityDoc = "identity_doc",
        /// Face, iris, fingerprint, genes, voice.
        Biometric = "biometric",
        /// Accounts, user ids, messenger names, IP addresses.
        NetworkId = "network_id",
        /// Weight, height, blood pressure, blood group.
        HealthStatus = "health_status",
        /// Treatment, births, history of illness.
        Medical = "medical",
        /// Schooling.
        Education = "education",
        /// Employment.
        Work = "work",
        /// Account numbers and their passwords.
        FinancialAccount = "financial_account",
        /// What was bought and paid.
        Transaction = "transaction",
        /// Income, property, deposits.
        Asset = "asset",
        /// Loans and credit reports.
        Credit = "credit",
        /// Passwords, codes, certificates.
        Authentication = "authentication",
        /// Content and traffic of communication.
        Communication = "communication",
        /// Address books, friends, family.
        Contacts = "contacts",
        /// Pages, clicks, searches.
        Browsing = "browsing",
        /// How business is done with the person.
        BusinessBehaviour = "business_behaviour",
        /// Device ids that can be reset.
        DeviceMutable = "device_mutable",
        /// Device ids that cannot.
        DeviceFixed = "device_fixed",
        /// Coarse place.
        LocationCoarse = "location_coarse",
        /// Where somebody was and went.
        Track = "track",
        /// Journeys and lodging.
        TravelLodging = "travel_lodging",
        /// What is concluded about somebody.
        Tag = "tag",
        /// Sport.
        Sport = "sport",
        /// Sexual life, marriages, faith, offences that are not public.
        Other = "other",
    }
}

impl PiCategory {
    /// Whether it is sensitive personal information. Numbers of identity documents are taken as such, too: the older standard lists
    /// them, the newer one leaves them open.
    pub const fn is_sensitive(self) -> bool {
        matches!(
            self,
            Self::IdentityDoc
                | Self::Biometric
                | Self::HealthStatus
                | Self::Medical
                | Self::FinancialAccount
                | Self::Credit
                | Self::Authentication
                | Self::Track
                | Self::Other
        )
    }
}

impl Field {
    /// Whether the law calls it sensitive personal information, by what it is about or by what its values are.
    pub fn is_sensitive_pi(&self) -> bool {
        self.category == super::Category::Special
            || self.pi_category.is_some_and(PiCategory::is_sensitive)
            || matches!(self.data_type, DataType::CnResidentId | DataType::BankCard)
    }

    /// Whether it is personal information: by what it is about, or by its category in the national standard.
    pub fn is_personal(&self) -> bool {
        self.category.is_personal() || self.pi_category.is_some()
    }

    /// The lowest classification that the law allows without a recorded exception: sensitive personal information is at least
    /// `sensitive`, other personal information at least `internal` (GB/T 43697, annex H).
    pub fn floor(&self) -> Classification {
        if self.is_sensitive_pi() {
            Classification::Sensitive
        } else if self.is_personal() {
            Classification::Internal
        } else {
            Classification::Public
        }
    }

    /// Whether it is classified below its floor, which needs an exception on record.
    pub fn is_below_floor(&self) -> bool {
        self.classification < self.floor()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalog::{Category, customer};

    #[test]
    fn no_built_in_field_lies_below_its_floor() {
        for field in &customer().fields {
            assert!(!field.is_below_floor(), "{}", field.key);
        }
    }

    #[test]
    fn what_a_value_is_counts_whatever_it_is_filed_under() {
        let card = customer().field("bank_card").unwrap();
        let filed = Field { category: Category::Business, pi_category: None, ..card.clone() };
        assert_eq!(filed.floor(), Classification::Sensitive);
        let company = customer().field("company").unwrap();
        assert_eq!(company.floor(), Classification::Public);
        let medical = Field { pi_category: Some(PiCategory::Medical), ..company.clone() };
        assert!(medical.is_below_floor());
        let tag = Field { pi_category: Some(PiCategory::Tag), ..company.clone() };
        assert_eq!(tag.floor(), Classification::Internal);
    }
}
