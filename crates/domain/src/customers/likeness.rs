//! Whether two rows are about one person: by what they have in common.

use crate::catalog::{DataType, Field};
use crate::kernel::codes;

codes! {
    /// How likely it is.
    Likeness {
        /// Something in common that one person has: a number, an address, an account.
        Strong = "strong",
        /// Two things in common that many people have each.
        Weak = "weak",
    }
}

/// Whether a value of this field tells one person from all others.
pub fn tells_apart(field: &Field) -> bool {
    let number =
        matches!(field.data_type, DataType::Phone | DataType::Email | DataType::CnResidentId | DataType::BankCard);
    number || field.unique || field.key == "wechat"
}

/// What fields in common come to; `None` where they say nothing.
pub fn likeness<'a>(in_common: impl Iterator<Item = &'a Field>) -> Option<Likeness> {
    let (apart, others): (Vec<&Field>, Vec<&Field>) = in_common.partition(|field| tells_apart(field));
    match (apart.len(), others.len()) {
        (1.., _) => Some(Likeness::Strong),
        (0, 2..) => Some(Likeness::Weak),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalog::customer;

    fn of(keys: &[&str]) -> Option<Likeness> {
        likeness(keys.iter().map(|key| customer().field(key).unwrap()))
    }

    #[test]
    fn a_number_is_enough_and_a_name_is_not() {
        assert_eq!(of(&["mobile"]), Some(Likeness::Strong));
        assert_eq!(of(&["name", "id_number"]), Some(Likeness::Strong));
        assert_eq!(of(&["wechat"]), Some(Likeness::Strong));
        assert_eq!(of(&["name"]), None);
        assert_eq!(of(&["name", "company"]), Some(Likeness::Weak));
        assert_eq!(of(&[]), None);
        assert!(Likeness::ALL.iter().all(|one| Likeness::from_code(one.as_str()) == Some(*one)));
    }
}
