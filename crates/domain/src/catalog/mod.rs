//! Record types and their fields: what a value may be, how it is masked, and how it is found.

mod accept;
mod beside;
mod builtin;
mod builtin_records;
mod check;
mod classify;
mod content;
mod defaults;
mod district;
pub mod identifiers;
mod key;
mod levels;
mod mask;
pub mod normalise;
mod search;
mod spotted;
mod whole;

use serde::{Deserialize, Serialize};

use crate::kernel::Language;

use crate::kernel::codes;

pub use accept::Refusal;
pub use beside::{Beside, beside};
pub use builtin::{built_in_type, built_in_types, customer};
pub use check::{LONGEST_VALUE, MOST_CHOICES, change_faults, field_faults, opens};
pub use classify::{Column, Proposal, classify};
pub use content::FieldContent;
pub use key::{LONGEST_KEY, is_field_key, is_record_type_code, kept};
pub use levels::{NationalLevel, PiCategory};
pub use mask::Mask;
pub use spotted::{Spotted, name_without_others, spotted, without_others};
pub use whole::{Catalog, Kept};

/// Code of the record type of customers.
pub const CUSTOMER: &str = "customer";

/// What kind of value a field holds. The wire name is [`DataType::as_str`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataType {
    /// Any text.
    Text,
    /// An e-mail address, RFC 5321 in size.
    Email,
    /// A telephone number, stored as E.164.
    Phone,
    /// A Chinese resident id, GB 11643-1999, stored with 18 characters.
    CnResidentId,
    /// A unified social credit code, GB 32100-2015.
    Uscc,
    /// A bank card number, 13 to 19 digits with a Luhn check.
    BankCard,
    /// A Chinese vehicle plate.
    Plate,
    /// A postal address, kept exactly as typed.
    Address,
    /// A calendar date, `YYYY-MM-DD`.
    Date,
    /// A moment, RFC 3339, stored in UTC.
    Datetime,
    /// A decimal number of at most 38 digits.
    Number,
    /// An amount and its currency.
    Money,
    /// Yes or no.
    Boolean,
    /// One of these codes.
    Enum(Vec<String>),
    /// Any JSON value.
    Json,
}

impl DataType {
    /// The type of a wire name; the choices are those of an `enum` and count for no other.
    pub fn from_code(code: &str, choices: Vec<String>) -> Option<Self> {
        let plain = [
            Self::Text,
            Self::Email,
            Self::Phone,
            Self::CnResidentId,
            Self::Uscc,
            Self::BankCard,
            Self::Plate,
            Self::Address,
            Self::Date,
            Self::Datetime,
            Self::Number,
            Self::Money,
            Self::Boolean,
            Self::Json,
        ];
        let found = plain.into_iter().find(|one| one.as_str() == code);
        found.or_else(|| (code == "enum").then_some(Self::Enum(choices)))
    }

    /// The name on the wire; the choices of an `enum` travel beside it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::CnResidentId => "cn_resident_id",
            Self::Uscc => "uscc",
            Self::BankCard => "bank_card",
            Self::Plate => "plate",
            Self::Address => "address",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Number => "number",
            Self::Money => "money",
            Self::Boolean => "boolean",
            Self::Enum(_) => "enum",
            Self::Json => "json",
        }
    }
}

codes! {
    /// How closely a field is guarded, least first. This is the enterprise's own grade; its `core` is not the `核心数据` of the Data Security Law.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    Classification {
        /// Anybody may know it.
        Public = "public",
        /// For staff.
        Internal = "internal",
        /// Harms a person when it leaks: masked unless a role opens it.
        Sensitive = "sensitive",
        /// Harms a person badly when it leaks: hidden unless a role opens it.
        Core = "core",
    }
}

codes! {
    /// What a field is about.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    Category {
        /// Who the person is.
        Identity = "identity",
        /// How to reach the person.
        Contact = "contact",
        /// Accounts and numbers given to the person.
        Account = "account",
        /// What the person did or said.
        Behaviour = "behaviour",
        /// Facts of trade; the one category that is not personal data.
        Business = "business",
        /// Special categories: health, faith, biometrics.
        Special = "special",
    }
}

codes! {
    /// A way of finding a sealed value.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    SearchKind {
        /// The whole value.
        Exact = "exact",
        /// Its last four characters.
        Last4 = "last4",
        /// Its first one to four characters.
        Prefix = "prefix",
    }
}

impl Category {
    /// Whether a field of this category is personal data for the purposes of consent.
    pub const fn is_personal(self) -> bool {
        !matches!(self, Self::Business)
    }
}

/// A name in the two languages of the product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// English.
    pub en: String,
    /// Simplified Chinese.
    pub zh: String,
}

impl Labels {
    /// Both names.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }

    /// The name in a language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Zh => &self.zh,
        }
    }
}

/// One field of a record type: data, not code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The member's name in `fields`; see [`kept`].
    pub key: &'static str,
    /// By what roles, grants, purposes and keys speak of it: a customer's field by its key, a record's with the type before it,
    /// such as `payment.amount`.
    pub name: &'static str,
    /// Names for people.
    pub labels: Labels,
    /// What it holds.
    pub data_type: DataType,
    /// How closely it is guarded.
    pub classification: Classification,
    /// What it is about.
    pub category: Category,
    /// Its category in the national standard; none for what is not personal information, or not filed yet.
    pub pi_category: Option<PiCategory>,
    /// Its level under the Data Security Law.
    pub national_level: NationalLevel,
    /// Whether a record cannot be created without it.
    pub required: bool,
    /// Whether no two records of an organisation may share it.
    pub unique: bool,
    /// The ways in which it can be found; none keeps it out of every index.
    pub searchable: Vec<SearchKind>,
    /// What holds for new values already and is being brought about for stored ones.
    pub building: Building,
    /// How it is shown to who may not read it whole.
    pub mask: Mask,
    /// The longest accepted input, in characters.
    pub max_length: usize,
    /// Codes of the purposes it is collected for; empty means none named.
    pub purposes: Vec<String>,
    /// For how many days it is to be kept; `None` where another measure decides.
    pub retention_days: Option<u32>,
}

/// What a job is bringing about for the values that were stored before it was asked for. It comes into force as a whole, or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Building {
    /// Ways of finding that are written for every value, and not yet searched by.
    pub searchable: Vec<SearchKind>,
    /// Ways of finding that end when the rest comes, and are searched by until then.
    #[serde(default)]
    pub ending: Vec<SearchKind>,
    /// No two new values may be alike; whether the stored ones are is being found out.
    pub unique: bool,
}

impl Building {
    /// Whether nothing is under way.
    pub fn is_done(&self) -> bool {
        let Self { searchable, ending, unique } = self;
        searchable.is_empty() && ending.is_empty() && !unique
    }
}

impl Field {
    /// Whether it is a field of customers, and not of what hangs on them.
    pub fn is_of_customer(&self) -> bool {
        self.key == self.name
    }

    /// The kinds that are written for its values: those that are searched by and those that are being built.
    pub fn wanted_kinds(&self) -> impl Iterator<Item = SearchKind> + '_ {
        let building = self.building.searchable.iter().filter(|kind| !self.searchable.contains(kind));
        self.searchable.iter().chain(building).copied()
    }

    /// Whether no two values that are written may be alike.
    pub fn keeps_unique(&self) -> bool {
        self.unique || self.building.unique
    }

    /// The field once all that was being built is there.
    pub fn built(mut self) -> Self {
        let Building { searchable, ending, unique } = std::mem::take(&mut self.building);
        self.searchable.retain(|kind| !ending.contains(kind));
        self.searchable.extend(searchable);
        self.searchable.sort_unstable();
        self.searchable.dedup();
        self.unique |= unique;
        self
    }

    /// The field as it was before anything was to be built.
    pub fn given_up(self) -> Self {
        Self { building: Building::default(), ..self }
    }
}

/// A kind of record and its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordType {
    /// Its code, such as `customer`.
    pub code: &'static str,
    /// Names for people.
    pub labels: Labels,
    /// Its fields, in the order in which they are shown.
    pub fields: Vec<Field>,
    /// Those that were taken out of use: no new value is taken, past ones stay readable in history.
    pub retired: Vec<Field>,
    /// Whether new records are taken and stored ones may change. Those of a type out of use stay readable, and go with their customers.
    pub in_use: bool,
}

impl RecordType {
    /// A type of an organisation's own, without fields.
    pub fn new(code: &str, labels: Labels, in_use: bool) -> Self {
        Self { code: kept(code), labels, fields: Vec::new(), retired: Vec::new(), in_use }
    }

    /// The field of this key that is in use.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// Every field that ever was, those in use first.
    pub fn ever(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().chain(&self.retired)
    }

    /// Those of them that are personal information.
    pub fn personal(&self) -> impl Iterator<Item = &Field> {
        self.ever().filter(|field| field.is_personal())
    }
}

/// A value as a caller sent it, by its JSON shape.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Input<'a> {
    /// A JSON string, unescaped, or a cell of a file.
    Text(&'a str),
    /// A JSON number, as it was written.
    Number(&'a str),
    /// `true` or `false`.
    Bool(bool),
    /// Canonical JSON (RFC 8785): an object or an array, and any value at all for a field of type `json`.
    Structure(&'a str),
}

/// A stored value in the JSON shape in which it is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Output<'a> {
    /// A JSON string, still to be escaped.
    Text(&'a str),
    /// A JSON number, ready to be written.
    Number(&'a str),
    /// `true` or `false`.
    Bool(bool),
    /// JSON, ready to be written.
    Structure(&'a str),
}

impl<'a> From<Output<'a>> for Input<'a> {
    fn from(shown: Output<'a>) -> Self {
        match shown {
            Output::Text(text) => Self::Text(text),
            Output::Number(number) => Self::Number(number),
            Output::Bool(value) => Self::Bool(value),
            Output::Structure(json) => Self::Structure(json),
        }
    }
}
