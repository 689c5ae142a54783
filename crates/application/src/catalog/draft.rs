//! A field as it comes in: of a change, what is absent stays.

use custodian_domain::catalog::{
    Category, Classification, DataType, Field, Labels, Mask, NationalLevel, PiCategory, SearchKind,
};
use custodian_domain::kernel::Fault;

/// What a field is to be, as typed.
#[derive(Clone, Debug, Default)]
pub struct FieldDraft {
    /// Names in English and Chinese.
    pub labels: Option<(String, String)>,
    /// Code of the data type; fixed once the field is made.
    pub data_type: Option<String>,
    /// The values of an `enum`.
    pub choices: Option<Vec<String>>,
    /// Code of the grade.
    pub classification: Option<String>,
    /// Code of the category.
    pub category: Option<String>,
    /// Code of the category of the standard.
    pub pi_category: Option<Option<String>>,
    /// Code of the national level.
    pub national_level: Option<String>,
    /// A record cannot be without it.
    pub required: Option<bool>,
    /// No two records have the same.
    pub unique: Option<bool>,
    /// Codes of the ways of finding.
    pub searchable: Option<Vec<String>>,
    /// The mask in its text form.
    pub mask: Option<String>,
    /// Characters.
    pub max_length: Option<u32>,
    /// Purpose codes.
    pub purposes: Option<Vec<String>>,
    /// Days.
    pub retention_days: Option<Option<u32>>,
    /// Why the field may lie below its legal floor. Kept sealed in the audit log.
    pub exception: Option<String>,
}

fn choice<T>(
    pointer: &str,
    code: Option<&str>,
    base: T,
    read: impl Fn(&str) -> Option<T>,
    known: &[&'static str],
    faults: &mut Vec<Fault>,
) -> T {
    let Some(code) = code else { return base };
    read(code).unwrap_or_else(|| {
        faults.push(Fault::new(pointer, "not_a_choice").with_arg(known.join(", ")));
        base
    })
}

/// Codes of the data types, for refusals and the document.
pub const DATA_TYPES: [&str; 15] = [
    "text",
    "email",
    "phone",
    "cn_resident_id",
    "uscc",
    "bank_card",
    "plate",
    "address",
    "date",
    "datetime",
    "number",
    "money",
    "boolean",
    "enum",
    "json",
];

/// Text forms of the masks.
const MASKS: [&str; 10] =
    ["name", "phone", "resident_id", "bank_card", "email", "address", "plate", "date", "everything", "edges:2:4"];

impl FieldDraft {
    /// The data type that is named; text, with a fault, for one that is not known.
    pub(super) fn data_type(&self, faults: &mut Vec<Fault>) -> DataType {
        let choices = self.choices.clone().unwrap_or_default();
        let read = |code: &str| DataType::from_code(code, choices.clone());
        choice("/data_type", self.data_type.as_deref(), DataType::Text, read, &DATA_TYPES, faults)
    }

    /// The field that `base` becomes. Searching and uniqueness are as they are wished for, whatever stored values need first.
    pub(super) fn onto(&self, base: Field, faults: &mut Vec<Fault>) -> Field {
        let base = self.graded(base, faults);
        let data_type = match (&base.data_type, &self.choices) {
            (DataType::Enum(_), Some(choices)) => DataType::Enum(choices.clone()),
            (_, Some(_)) => {
                faults.push(Fault::new("/choices", "only_for_enum"));
                base.data_type
            }
            (_, None) => base.data_type,
        };
        Field {
            labels: self.labels.clone().map_or(base.labels, |(en, zh)| Labels { en, zh }),
            data_type,
            required: self.required.unwrap_or(base.required),
            unique: self.unique.unwrap_or(base.unique),
            searchable: self.searchable.as_ref().map_or(base.searchable, |codes| kinds(codes, faults)),
            mask: choice("/mask", self.mask.as_deref(), base.mask, Mask::from_code, &MASKS, faults),
            max_length: self.max_length.map_or(base.max_length, |most| usize::try_from(most).unwrap_or(usize::MAX)),
            purposes: self.purposes.clone().unwrap_or(base.purposes),
            retention_days: self.retention_days.unwrap_or(base.retention_days),
            ..base
        }
    }

    /// The same on the scales alone.
    fn graded(&self, base: Field, faults: &mut Vec<Fault>) -> Field {
        let (grade, category) = (self.classification.as_deref(), self.category.as_deref());
        let grades: Vec<_> = Classification::ALL.iter().map(|one| one.as_str()).collect();
        let categories: Vec<_> = Category::ALL.iter().map(|one| one.as_str()).collect();
        let levels: Vec<_> = NationalLevel::ALL.iter().map(|one| one.as_str()).collect();
        let standard: Vec<_> = PiCategory::ALL.iter().map(|one| one.as_str()).collect();
        let level = self.national_level.as_deref();
        let filed = |code: &str| PiCategory::from_code(code).map(Some);
        Field {
            classification: choice(
                "/classification",
                grade,
                base.classification,
                Classification::from_code,
                &grades,
                faults,
            ),
            category: choice("/category", category, base.category, Category::from_code, &categories, faults),
            pi_category: match &self.pi_category {
                None => base.pi_category,
                Some(None) => None,
                Some(Some(code)) => choice("/pi_category", Some(code), base.pi_category, filed, &standard, faults),
            },
            national_level: choice(
                "/national_level",
                level,
                base.national_level,
                NationalLevel::from_code,
                &levels,
                faults,
            ),
            ..base
        }
    }
}

fn kinds(codes: &[String], faults: &mut Vec<Fault>) -> Vec<SearchKind> {
    let known: Vec<_> = SearchKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let mut found = Vec::new();
    for (at, code) in codes.iter().enumerate() {
        match SearchKind::from_code(code) {
            None => faults.push(Fault::new(format!("/searchable/{at}"), "not_a_choice").with_arg(known.join(", "))),
            Some(kind) if found.contains(&kind) => {
                faults.push(Fault::new(format!("/searchable/{at}"), "duplicate_value"));
            }
            Some(kind) => found.push(kind),
        }
    }
    found.sort_unstable();
    found
}
