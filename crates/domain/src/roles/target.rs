//! What a field rule speaks of, as text: `field:<key>`, `category:<code>` or `classification:<code>`.

use std::fmt;

use super::{FieldRule, RuleTarget};
use crate::access::{View, specificity};
use crate::catalog::{Category, Classification, Field};

impl fmt::Display for RuleTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(key) => write!(f, "field:{key}"),
            Self::Category(category) => write!(f, "category:{}", category.as_str()),
            Self::Classification(classification) => write!(f, "classification:{}", classification.as_str()),
        }
    }
}

impl RuleTarget {
    /// Reads the text form. Whether a field of that key exists is for the catalog to say.
    pub fn from_text(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("field", key) if !key.is_empty() => Some(Self::Field(key.to_owned())),
            ("category", code) => Category::from_code(code).map(Self::Category),
            ("classification", code) => Classification::from_code(code).map(Self::Classification),
            _ => None,
        }
    }
}

impl FieldRule {
    /// Whether it speaks of this field.
    pub fn speaks_of(&self, field: &Field) -> bool {
        specificity(&self.on, field) > 0
    }
}

impl View {
    /// Every view, least first.
    pub const ALL: &'static [Self] = &[Self::Hidden, Self::Masked, Self::Reveal, Self::Read];

    /// The view of a wire name.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|view| view.as_str() == code)
    }
}
