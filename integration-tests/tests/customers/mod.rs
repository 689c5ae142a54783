//! Customers from entry to deletion: who may do what, who sees how much, and what is refused.

mod access_log;
mod archive;
mod change;
mod collaborators;
mod create;
mod delete;
mod hand_over;
mod history;
mod list;
mod matrix;
pub mod merge;
mod merge_races;
mod noted;
mod oracles;
mod reach;
mod refusals;
mod restricted;
mod reveal;
mod scope;
mod search;
mod tags;
mod together;
mod unmerge;

use custodian_api::dev::people;
use custodian_crypto::SeededRandomness;
use custodian_domain::catalog;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// An id of the right shape that nobody and nothing has.
pub const NOBODY: Uuid = Uuid::from_u128(0x0193_a0b0_7f4c_7c3a_9d55_6b1f_6f3e_2a10);

/// A customer with a value in every field, each in its canonical form but for the mobile's country.
pub fn whole(number: u64) -> Value {
    let cells = people::customer(number, &SeededRandomness::new(number));
    let mut body = json!({});
    let mut fields = Map::new();
    for ((_, target), cell) in people::COLUMNS.iter().zip(cells) {
        match *target {
            "stage" | "source" => body[*target] = cell.into(),
            key => drop(fields.insert(key.to_owned(), cell.into())),
        }
    }
    fields.insert("wechat".into(), format!("wx_{number:05}").into());
    fields.insert("notes".into(), format!("Note {number}: 希望下周回电").into());
    body["fields"] = fields.into();
    body
}

/// The canonical values of [`whole`] by field key.
pub fn values(number: u64) -> Vec<(String, String)> {
    let body = whole(number);
    let canonical = |key: &str, value: &Value| match key {
        "mobile" => format!("+86{}", value.as_str().unwrap()),
        _ => value.as_str().unwrap().to_owned(),
    };
    body["fields"].as_object().unwrap().iter().map(|(key, value)| (key.clone(), canonical(key, value))).collect()
}

/// The mask of a value by the catalog.
pub fn mask(key: &str, value: &str) -> String {
    catalog::customer().field(key).unwrap().mask(value)
}

/// The path of a customer.
pub fn path(id: &str) -> String {
    format!("/v1/customers/{id}")
}

/// Percent-encodes a value for a query.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// The ids of a page, in its order.
pub fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}
