//! Members of a merge patch (RFC 7396): absent, `null` and a value are three things.

use serde::{Deserialize, Deserializer};

/// For `#[serde(default, deserialize_with = "given")]`: tells a member that is `null` from one that is absent.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[derive(Deserialize)]
    struct Patch {
        #[serde(default, deserialize_with = "given")]
        name: Option<Option<String>>,
    }

    #[test]
    fn absent_null_and_a_value_differ() {
        let read = |text: &str| serde_json::from_str::<Patch>(text).unwrap().name;
        assert_eq!(read("{}"), None);
        assert_eq!(read(r#"{"name":null}"#), Some(None));
        assert_eq!(read(r#"{"name":"x"}"#), Some(Some("x".to_owned())));
    }
}
