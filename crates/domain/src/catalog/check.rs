//! What a field must be to be kept, and what may become of one that is.

use super::{Classification, DataType, Field, Mask, SearchKind};
use crate::kernel::Fault;

/// The most choices of an `enum`.
pub const MOST_CHOICES: usize = 200;
/// The most characters of a value.
pub const LONGEST_VALUE: usize = 10_000;
/// The most characters that a mask may leave at either end: more would tell the value.
const MOST_LEFT: usize = 4;

impl DataType {
    /// The ways of finding a value of this type that lead to few people; a date or a yes leads to very many, and an index of it would
    /// tell of everybody at once.
    pub fn search_kinds(&self) -> &'static [SearchKind] {
        use SearchKind::{Exact, Last4, Prefix};
        match self {
            Self::Text => &[Exact, Last4, Prefix],
            Self::Phone | Self::CnResidentId | Self::BankCard | Self::Uscc | Self::Plate => &[Exact, Last4],
            Self::Email | Self::Enum(_) | Self::Number => &[Exact],
            Self::Address | Self::Date | Self::Datetime | Self::Money | Self::Boolean | Self::Json => &[],
        }
    }
}

/// Every fault of a field by itself. Below its floor it must have an exception, which is for the caller to ask for.
pub fn field_faults(field: &Field, has_exception: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let DataType::Enum(choices) = &field.data_type {
        faults.extend(choice_faults(choices));
    }
    let usable = field.data_type.search_kinds();
    for (at, _) in field.wanted_kinds().enumerate().filter(|(_, kind)| !usable.contains(kind)) {
        let known: Vec<_> = usable.iter().map(|kind| kind.as_str()).collect();
        faults.push(Fault::new(format!("/searchable/{at}"), "not_a_choice").with_arg(known.join(", ")));
    }
    if (field.unique || field.building.unique) && !field.wanted_kinds().any(|kind| kind == SearchKind::Exact) {
        faults.push(Fault::new("/unique", "needs_exact"));
    }
    if let Mask::Edges { first, last } = field.mask
        && (first > MOST_LEFT || last > MOST_LEFT)
    {
        faults.push(Fault::new("/mask", "mask_too_open").with_arg(MOST_LEFT.to_string()));
    }
    if field.max_length == 0 || field.max_length > LONGEST_VALUE {
        faults.push(Fault::new("/max_length", "out_of_range").with_arg(format!("1..{LONGEST_VALUE}")));
    }
    if field.is_below_floor() && !has_exception {
        faults.push(Fault::new("/classification", "below_legal_floor").with_arg(field.floor().as_str()));
    }
    faults
}

fn choice_faults(choices: &[String]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if choices.is_empty() || choices.len() > MOST_CHOICES {
        faults.push(Fault::new("/choices", "out_of_range").with_arg(format!("1..{MOST_CHOICES}")));
    }
    for (at, choice) in choices.iter().enumerate() {
        if choice.trim() != choice || choice.is_empty() || choice.chars().count() > 60 {
            faults.push(Fault::new(format!("/choices/{at}"), "invalid_format"));
        } else if choices.iter().take(at).any(|before| before == choice) {
            faults.push(Fault::new(format!("/choices/{at}"), "duplicate_value"));
        }
    }
    faults
}

/// Why a kept field may not become this one: what is stored must stay readable. The two are of one key.
pub fn change_faults(before: &Field, after: &Field) -> Vec<Fault> {
    let mut faults = Vec::new();
    match (&before.data_type, &after.data_type) {
        (DataType::Enum(had), DataType::Enum(has)) if had.iter().any(|choice| !has.contains(choice)) => {
            faults.push(Fault::new("/choices", "choices_only_grow"));
        }
        (had, has) if had.as_str() != has.as_str() => faults.push(Fault::new("/data_type", "fixed")),
        _ => {}
    }
    if before.key == "name" && !after.required {
        // By their name people know whom they look at.
        faults.push(Fault::new("/required", "fixed"));
    }
    if before.key == "customer_no" && !(after.unique || after.building.unique) {
        // Files and records are joined by it.
        faults.push(Fault::new("/unique", "fixed"));
    }
    faults
}

/// Whether the change guards the field less closely.
pub fn opens(before: &Field, after: &Field) -> bool {
    after.classification < before.classification && before.classification >= Classification::Sensitive
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalog::{Building, Category, customer};

    fn field(key: &str) -> Field {
        customer().field(key).unwrap().clone()
    }

    fn codes(faults: Vec<Fault>) -> Vec<(String, &'static str)> {
        faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn every_built_in_field_may_be_kept() {
        for field in &customer().fields {
            assert_eq!(codes(field_faults(field, false)), [], "{}", field.key);
            assert_eq!(codes(change_faults(field, field)), [], "{}", field.key);
        }
    }

    #[test]
    fn a_sensitive_field_stays_above_its_floor_unless_there_is_an_exception() {
        let open = Field { classification: Classification::Internal, ..field("id_number") };
        assert_eq!(codes(field_faults(&open, false)), [("/classification".to_owned(), "below_legal_floor")]);
        assert_eq!(codes(field_faults(&open, true)), []);
        let public = Field { classification: Classification::Public, ..field("province") };
        let faults = field_faults(&public, false);
        assert_eq!(faults.first().and_then(|fault| fault.arg.as_deref()), Some("internal"));
        let fact = Field { classification: Classification::Public, category: Category::Business, ..field("company") };
        assert_eq!(codes(field_faults(&fact, false)), []);
    }

    #[test]
    fn what_is_unique_is_found_exactly_also_while_it_is_being_built() {
        let unfound = Field { unique: true, searchable: Vec::new(), ..field("wechat") };
        assert_eq!(codes(field_faults(&unfound, false)), [("/unique".to_owned(), "needs_exact")]);
        let building = Building { searchable: vec![SearchKind::Exact], unique: true, ..Building::default() };
        let soon = Field { building, searchable: Vec::new(), ..field("wechat") };
        assert_eq!(codes(field_faults(&soon, false)), []);
    }

    #[test]
    fn a_date_of_birth_comes_into_no_index() {
        let found = Field { searchable: vec![SearchKind::Exact], ..field("birthday") };
        assert_eq!(codes(field_faults(&found, false)), [("/searchable/0".to_owned(), "not_a_choice")]);
    }

    #[test]
    fn a_mask_does_not_tell_the_value() {
        let open = Field { mask: Mask::Edges { first: 5, last: 0 }, ..field("wechat") };
        assert_eq!(codes(field_faults(&open, false)), [("/mask".to_owned(), "mask_too_open")]);
    }

    #[test]
    fn what_is_stored_stays_readable() {
        let choices = |all: &[&str]| DataType::Enum(all.iter().map(|one| (*one).to_owned()).collect());
        let before = Field { data_type: choices(&["gold", "silver"]), ..field("occupation") };
        let more = Field { data_type: choices(&["gold", "silver", "jade"]), ..before.clone() };
        let fewer = Field { data_type: choices(&["gold"]), ..before.clone() };
        assert_eq!(codes(change_faults(&before, &more)), []);
        assert_eq!(codes(change_faults(&before, &fewer)), [("/choices".to_owned(), "choices_only_grow")]);
        let other = Field { data_type: DataType::Number, ..before.clone() };
        assert_eq!(codes(change_faults(&before, &other)), [("/data_type".to_owned(), "fixed")]);
        let nameless = Field { required: false, ..field("name") };
        assert_eq!(codes(change_faults(&field("name"), &nameless)), [("/required".to_owned(), "fixed")]);
        let unnumbered = Field { unique: false, ..field("customer_no") };
        assert_eq!(codes(change_faults(&field("customer_no"), &unnumbered)), [("/unique".to_owned(), "fixed")]);
        let twice = Field { data_type: choices(&["gold", "gold"]), ..before };
        assert_eq!(codes(field_faults(&twice, false)), [("/choices/1".to_owned(), "duplicate_value")]);
    }

    #[test]
    fn only_what_is_guarded_can_be_opened() {
        let id = field("id_number");
        assert!(opens(&id, &Field { classification: Classification::Sensitive, ..id.clone() }));
        assert!(!opens(&id, &id));
        let company = field("company");
        assert!(!opens(&company, &Field { classification: Classification::Public, ..company.clone() }));
        assert!(!opens(&company, &Field { classification: Classification::Core, ..company.clone() }));
    }
}
