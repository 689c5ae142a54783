//! Reading JSON strictly: no duplicate keys, no NUL, no deep nesting, and errors that never quote the text.

use std::cell::RefCell;
use std::fmt;

use custodian_domain::kernel::Fault;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::problem::Problem;

/// The most levels of arrays and objects inside one another.
pub const MAX_DEPTH: usize = 32;

/// Reads one JSON value; everything but white space behind it is refused.
pub fn read(bytes: &[u8]) -> Result<Value, Problem> {
    let state = State::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = Strict { state: &state, depth: 0 }.deserialize(&mut reader);
    let read = read.and_then(|value| reader.end().map(|()| value));
    let State { path: _, refused, faults } = state;
    match (refused.into_inner(), read) {
        (Some(Refused::DuplicateKey(pointer)), _) => Err(Problem::of("duplicate_key").arg(pointer)),
        (Some(Refused::TooDeep), _) => Err(Problem::of("too_deep").arg(MAX_DEPTH.to_string())),
        (None, Err(error)) => Err(malformed(&error)),
        (None, Ok(value)) => {
            let faults = faults.into_inner();
            if faults.is_empty() { Ok(value) } else { Err(Problem::of("invalid_body").faults(faults)) }
        }
    }
}

/// Says where, never what: the text around the place may be a person's.
fn malformed(error: &serde_json::Error) -> Problem {
    Problem::of("malformed_json").arg(format!("line {}, column {}", error.line(), error.column()))
}

/// Appends one reference token to a JSON Pointer (RFC 6901).
pub fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    for character in token.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

/// Why the reading stopped, where serde's own error says too little.
enum Refused {
    DuplicateKey(String),
    TooDeep,
}

/// What the readers of one document share.
#[derive(Default)]
struct State {
    path: RefCell<String>,
    refused: RefCell<Option<Refused>>,
    faults: RefCell<Vec<Fault>>,
}

impl State {
    fn refuse<E: serde::de::Error>(&self, why: Refused) -> E {
        self.refused.borrow_mut().get_or_insert(why);
        E::custom("refused")
    }

    /// Runs `read` one level down, at the given token.
    fn within<T>(&self, token: &str, read: impl FnOnce() -> T) -> T {
        let length = self.path.borrow().len();
        push_token(&mut self.path.borrow_mut(), token);
        let done = read();
        self.path.borrow_mut().truncate(length);
        done
    }

    /// PostgreSQL stores no NUL, and nobody means one.
    fn check_text(&self, text: &str) {
        if text.contains('\0') {
            self.faults.borrow_mut().push(Fault::new(self.path.borrow().clone(), "control_character"));
        }
    }
}

/// Reads one value at a known depth.
#[derive(Clone, Copy)]
struct Strict<'a> {
    state: &'a State,
    depth: usize,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.state.refuse(Refused::TooDeep));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        self.state.check_text(&value);
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        loop {
            let token = array.len().to_string();
            match self.state.within(&token, || items.next_element_seed(inner))? {
                Some(item) => array.push(item),
                None => return Ok(Value::Array(array)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = self.state.within(&key, || {
                self.state.check_text(&key);
                if object.contains_key(&key) {
                    let pointer = self.state.path.borrow().clone();
                    return Err(self.state.refuse::<A::Error>(Refused::DuplicateKey(pointer)));
                }
                members.next_value_seed(inner)
            })?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    fn code(text: &str) -> &'static str {
        read(text.as_bytes()).unwrap_err().code()
    }

    #[test]
    fn reads_what_is_json() {
        let text = r#" {"a":[1,-2,3.5,true,null,"张\u0041"],"b":{"c/d":{}}, "big":18446744073709551615} "#;
        assert_eq!(
            read(text.as_bytes()).unwrap(),
            json!({"a":[1,-2,3.5,true,null,"张A"],"b":{"c/d":{}},"big":18_446_744_073_709_551_615_u64})
        );
    }

    #[test]
    fn refuses_what_is_not() {
        for text in ["", "{", "[1,]", "{'a':1}", "1 2", "{\"a\":1}x", "nul", "\"\\ud800\"", "\"a\nb\"", "1e999"] {
            assert_eq!(code(text), "malformed_json", "{text}");
        }
        assert_eq!(read(b"\"\xff\"").unwrap_err().code(), "malformed_json");
    }

    #[test]
    fn duplicate_keys_at_any_depth_are_refused_with_their_place() {
        assert_eq!(code(r#"{"a":1,"a":1}"#), "duplicate_key");
        assert_eq!(code(r#"[{"x":{"a":1,"\u0061":2}}]"#), "duplicate_key");
        assert!(read(br#"[{"a":1},{"a":1}]"#).is_ok());
    }

    #[test]
    fn depth_ends_at_the_limit_without_recursing_further() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(code(&nested(MAX_DEPTH + 1)), "too_deep");
        assert_eq!(code(&"[".repeat(100_000)), "too_deep");
        assert_eq!(code(&"{\"a\":".repeat(100_000)), "too_deep");
    }

    #[test]
    fn nul_is_a_fault_at_its_place_and_all_are_listed() {
        let problem = read(br#"{"a":["x","y\u0000"],"k\u0000":1,"b/c":"\u0000"}"#).unwrap_err();
        assert_eq!(problem.code(), "invalid_body");
        let pointers: Vec<_> = problem.listed().iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/a/1", "/k\0", "/b~1c"]);
    }

    #[test]
    fn errors_name_the_place_and_never_the_text() {
        let problem = read(b"{\"mobile\": 13812345678x}").unwrap_err();
        assert!(!format!("{problem:?} {problem}").contains("138"));
        assert_eq!(problem.argument(), Some("line 1, column 23"));
    }
}
