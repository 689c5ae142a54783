//! Lists by the page: cursors that cannot be forged, changed, or carried to another query.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use custodian_crypto::mac::MacKey;
use custodian_domain::kernel::OrganizationId;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::query::Query;

/// Bytes of the MAC kept in a cursor: 128 bits leave nothing to guess.
const MAC: usize = 16;
/// A cursor longer than this was not made here.
const LONGEST: usize = 1024;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listing<T> {
    /// The items, in the list's order.
    pub data: Vec<T>,
    /// Send it as `cursor` with the same query for the next page; null on the last.
    pub next_cursor: Option<String>,
    /// How many there are in all; only when asked for with `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// Seals and opens the cursors of one query of one organisation.
pub struct Pages<'a> {
    key: &'a MacKey,
    binding: Vec<u8>,
}

impl<'a> Pages<'a> {
    /// For one route and everything the query says but `limit` and `cursor`, in any order.
    pub fn new(key: &'a MacKey, organization: OrganizationId, route: &str, query: &Query) -> Self {
        let mut pairs: Vec<_> = query.pairs().iter().filter(|(name, _)| name != "limit" && name != "cursor").collect();
        pairs.sort_unstable();
        let mut binding = organization.uuid().as_bytes().to_vec();
        push(&mut binding, route.as_bytes());
        for (name, value) in pairs {
            push(&mut binding, name.as_bytes());
            push(&mut binding, value.as_bytes());
        }
        Self { key, binding }
    }

    /// The cursor that carries `position`, which the caller can read but not change.
    pub fn seal(&self, position: &[u8]) -> String {
        let mac = self.mac(position);
        URL_SAFE_NO_PAD.encode([position, mac.as_slice()].concat())
    }

    /// The position of a cursor made by [`Pages::seal`] for the same query; `invalid_cursor` for any other text.
    pub fn open(&self, cursor: &str) -> Result<Vec<u8>, Problem> {
        let refused = || Problem::of("invalid_cursor");
        if cursor.len() > LONGEST {
            return Err(refused());
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
        let at = bytes.len().checked_sub(MAC).ok_or_else(refused)?;
        let mac = bytes.split_off(at);
        if !same(&self.mac(&bytes), &mac) {
            return Err(refused());
        }
        Ok(bytes)
    }

    /// Takes `cursor` from the query: nothing when absent.
    pub fn position(&self, query: &mut Query) -> Result<Option<Vec<u8>>, Problem> {
        query.text("cursor").map(|cursor| self.open(&cursor)).transpose()
    }

    fn mac(&self, position: &[u8]) -> Vec<u8> {
        let mut message = self.binding.clone();
        push(&mut message, position);
        let mut mac = self.key.sign(&message).to_vec();
        mac.truncate(MAC);
        mac
    }
}

/// Length first, so that no two lists of parts read alike.
fn push(message: &mut Vec<u8>, part: &[u8]) {
    message.extend_from_slice(&(part.len() as u64).to_be_bytes());
    message.extend_from_slice(part);
}

/// Compares without stopping at the first difference.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use custodian_crypto::secret::Secret32;
    use uuid::Uuid;

    fn key() -> MacKey {
        MacKey::new(&Secret32::from_bytes([7; 32]))
    }

    fn pages<'a>(key: &'a MacKey, organization: u128, route: &str, query: &str) -> Pages<'a> {
        Pages::new(key, Uuid::from_u128(organization).into(), route, &Query::parse(query).unwrap())
    }

    #[test]
    fn opens_for_the_same_query_in_any_order_and_with_any_limit() {
        let key = key();
        let cursor = pages(&key, 1, "/v1/customers", "stage=lead&region=CN-31&limit=5").seal(b"position");
        let again = pages(&key, 1, "/v1/customers", &format!("limit=9&region=CN-31&stage=lead&cursor={cursor}"));
        assert_eq!(again.open(&cursor).unwrap(), b"position");
    }

    #[test]
    fn refused_for_another_query_route_organisation_or_key() {
        let key = key();
        let cursor = pages(&key, 1, "/v1/customers", "stage=lead").seal(b"position");
        for other in [
            pages(&key, 1, "/v1/customers", "stage=customer"),
            pages(&key, 1, "/v1/customers", "stage=lead&count=true"),
            pages(&key, 1, "/v1/customers", ""),
            pages(&key, 1, "/v1/users", "stage=lead"),
            pages(&key, 2, "/v1/customers", "stage=lead"),
            pages(&MacKey::new(&Secret32::from_bytes([8; 32])), 1, "/v1/customers", "stage=lead"),
        ] {
            assert_eq!(other.open(&cursor).unwrap_err().code(), "invalid_cursor");
        }
    }

    #[test]
    fn every_changed_bit_and_every_other_length_is_refused() {
        let key = key();
        let pages = pages(&key, 1, "/v1/customers", "");
        let cursor = pages.seal(b"0123456789abcdef");
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(pages.open(&URL_SAFE_NO_PAD.encode(changed)).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(pages.open(&URL_SAFE_NO_PAD.encode(&bytes[..length])).is_err(), "length {length}");
        }
        for text in ["", "=", "a b", &format!("{cursor}="), &"A".repeat(2000)] {
            assert_eq!(pages.open(text).unwrap_err().code(), "invalid_cursor", "{text}");
        }
    }
}
