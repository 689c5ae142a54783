//! The packed form of a customer's sealed values: key length u8, key, field version u32, value length u32, sealed value; big-endian.

/// Sealed values of one customer, packed as stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealedFields(Vec<u8>);

/// One sealed value inside the pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedValue<'a> {
    /// The field's key.
    pub key: &'a str,
    /// The field version that the value was sealed with.
    pub version: u32,
    /// The sealed bytes.
    pub sealed: &'a [u8],
}

impl SealedFields {
    /// Takes stored bytes; they are checked while iterating, where a broken pack simply ends in an error.
    pub fn from_packed(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// An empty pack with room for this many values of usual length.
    pub fn with_room_for(values: usize) -> Self {
        Self(Vec::with_capacity(values * 110))
    }

    /// The bytes to store.
    pub fn packed(&self) -> &[u8] {
        &self.0
    }

    /// Adds one value that `seal` appends to the buffer. Keys are at most 255 bytes: the catalog holds them shorter.
    pub fn push_with(&mut self, key: &str, version: u32, seal: impl FnOnce(&mut Vec<u8>)) {
        self.0.push(u8::try_from(key.len()).unwrap_or(u8::MAX));
        self.0.extend_from_slice(key.as_bytes().get(..key.len().min(255)).unwrap_or_default());
        self.0.extend_from_slice(&version.to_be_bytes());
        let at = self.0.len();
        self.0.extend_from_slice(&[0; 4]);
        seal(&mut self.0);
        let length = u32::try_from(self.0.len() - at - 4).unwrap_or(u32::MAX).to_be_bytes();
        if let Some(place) = self.0.get_mut(at..at + 4) {
            place.copy_from_slice(&length);
        }
    }

    /// Adds one value that is already sealed.
    pub fn push(&mut self, value: SealedValue<'_>) {
        self.push_with(value.key, value.version, |out| out.extend_from_slice(value.sealed));
    }

    /// The values in stored order; `None` where the pack is broken, after which nothing follows.
    pub fn iter(&self) -> impl Iterator<Item = Option<SealedValue<'_>>> {
        let mut rest = Some(self.0.as_slice());
        std::iter::from_fn(move || {
            let bytes = rest.filter(|bytes| !bytes.is_empty())?;
            let next = take(bytes);
            rest = next.map(|(_, rest)| rest);
            Some(next.map(|(value, _)| value))
        })
    }

    /// The pack without the value of one field; `None` for a broken one.
    pub fn without(&self, key: &str) -> Option<Self> {
        let mut rest = Self::default();
        for value in self.iter() {
            let value = value?;
            if value.key != key {
                rest.push(value);
            }
        }
        Some(rest)
    }

    /// The values by their fields' keys, for who asks for many: [`SealedFields::get`] goes through the pack each time.
    pub fn by_key(&self) -> ByKey<'_> {
        let mut values: Vec<_> = self.iter().flatten().collect();
        values.sort_by_key(|value| rank(value.key));
        ByKey(values)
    }

    /// The value of one field, if the pack holds it.
    pub fn get(&self, key: &str) -> Option<SealedValue<'_>> {
        self.iter().flatten().find(|value| value.key == key)
    }
}

/// The values of a pack, each found at once.
#[derive(Clone, Debug)]
pub struct ByKey<'a>(Vec<SealedValue<'a>>);

impl<'a> ByKey<'a> {
    /// The same answer as [`SealedFields::get`].
    pub fn get(&self, key: &str) -> Option<SealedValue<'a>> {
        let at = self.0.partition_point(|value| rank(value.key) < rank(key));
        self.0.get(at).filter(|value| value.key == key).copied()
    }
}

// Lengths first: most keys differ in them, and need no look at their bytes.
fn rank(key: &str) -> (usize, &str) {
    (key.len(), key)
}

/// What every pack with a value of this field holds: a pack tells keys in the clear, their length, the key, and the value's version, whose upper half is zero.
pub(crate) fn mark_of(key: &str) -> Vec<u8> {
    let mut mark = vec![u8::try_from(key.len()).unwrap_or(u8::MAX)];
    mark.extend_from_slice(key.as_bytes());
    mark.extend_from_slice(&[0, 0]);
    mark
}

fn take(bytes: &[u8]) -> Option<(SealedValue<'_>, &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    let (key, rest) = rest.split_at_checked(usize::from(length))?;
    let (version, rest) = rest.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (sealed, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let key = std::str::from_utf8(key).ok()?;
    Some((SealedValue { key, version: u32::from_be_bytes(*version), sealed }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back_in_order() {
        let mut fields = SealedFields::default();
        fields.push(SealedValue { key: "name", version: 1, sealed: b"abc" });
        fields.push(SealedValue { key: "mobile", version: 7, sealed: b"" });
        let seen: Vec<_> = fields.iter().flatten().map(|v| (v.key, v.version, v.sealed)).collect();
        assert_eq!(seen, [("name", 1, b"abc".as_slice()), ("mobile", 7, b"".as_slice())]);
        assert_eq!(fields.get("mobile").map(|v| v.version), Some(7));
        assert_eq!(fields.get("email"), None);
    }

    #[test]
    fn a_value_found_by_its_key_is_the_one_that_the_pack_gives() {
        let mut fields = SealedFields::default();
        for (version, key) in (1..).zip(["wechat", "name", "notes", "name", "mobile"]) {
            fields.push(SealedValue { key, version, sealed: b"abc" });
        }
        let by_key = fields.by_key();
        for key in ["mobile", "name", "notes", "wechat", "", "email", "nam", "names", "zip"] {
            assert_eq!(by_key.get(key), fields.get(key), "{key}");
        }
    }

    #[test]
    fn a_pack_tells_which_fields_it_holds_and_loses_one_of_them() {
        let mut fields = SealedFields::default();
        fields.push(SealedValue { key: "name", version: 1, sealed: b"abc" });
        fields.push(SealedValue { key: "mobile", version: 7, sealed: b"de" });
        let holds = |pack: &SealedFields, key: &str| {
            let mark = mark_of(key);
            pack.packed().windows(mark.len()).any(|part| part == mark)
        };
        let left = fields.without("name").unwrap_or_default();
        assert!(holds(&fields, "name") && !holds(&left, "name") && holds(&left, "mobile"));
        assert!(!holds(&fields, "email") && left.get("mobile") == fields.get("mobile"));
        assert_eq!(fields.without("email"), Some(fields.clone()));
    }

    #[test]
    fn a_cut_pack_is_seen_as_broken() {
        let mut fields = SealedFields::default();
        fields.push(SealedValue { key: "name", version: 1, sealed: b"abc" });
        let mut bytes = fields.packed().to_vec();
        bytes.pop();
        assert_eq!(SealedFields::from_packed(bytes).iter().collect::<Vec<_>>(), [None]);
    }
}
