//! Length-prefixed framing: no two different lists of parts give the same bytes.

/// Hands `bytes` to `put` with its length before it: a u16, or 0xFFFF and a u64 for 65,535 bytes and more.
pub(crate) fn part(bytes: &[u8], put: &mut impl FnMut(&[u8])) {
    match u16::try_from(bytes.len()) {
        Ok(length) if length < u16::MAX => put(&length.to_be_bytes()),
        _ => {
            put(&u16::MAX.to_be_bytes());
            put(&(bytes.len() as u64).to_be_bytes());
        }
    }
    put(bytes);
}

/// Bytes that live on the stack up to 256, as associated data nearly always does, and beyond that on the heap.
pub(crate) struct Frame {
    stack: [u8; 256],
    used: usize,
    heap: Vec<u8>,
}

impl Frame {
    pub(crate) fn new() -> Self {
        Self { stack: [0; 256], used: 0, heap: Vec::new() }
    }

    /// Adds bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        let end = self.used + bytes.len();
        match self.stack.get_mut(self.used..end) {
            Some(slot) if self.heap.is_empty() => {
                slot.copy_from_slice(bytes);
                self.used = end;
            }
            _ => {
                if self.heap.is_empty() {
                    self.heap.extend_from_slice(self.stack.split_at(self.used).0);
                }
                self.heap.extend_from_slice(bytes);
            }
        }
    }

    /// Adds bytes with their length before them.
    pub(crate) fn part(&mut self, bytes: &[u8]) {
        part(bytes, &mut |piece| self.raw(piece));
    }

    /// All that was added, in order.
    pub(crate) fn bytes(&self) -> &[u8] {
        if self.heap.is_empty() { self.stack.split_at(self.used).0 } else { &self.heap }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(parts: &[Vec<u8>]) -> Vec<u8> {
        let mut frame = Frame::new();
        parts.iter().for_each(|bytes| frame.part(bytes));
        frame.bytes().to_vec()
    }

    #[test]
    fn long_parts_carry_their_true_length() {
        let mut frame = Frame::new();
        frame.part(&vec![7; 70_000]);
        let expected = [vec![0xFF, 0xFF, 0, 0, 0, 0, 0, 1, 0x11, 0x70], vec![7; 70_000]].concat();
        assert_eq!(frame.bytes(), expected);
    }

    proptest! {
        #[test]
        fn stack_and_heap_agree(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..6)) {
            let expected: Vec<u8> = parts
                .iter()
                .flat_map(|bytes| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat())
                .collect();
            prop_assert_eq!(framed(&parts), expected);
        }

        #[test]
        fn moving_a_boundary_changes_the_frame(text in "[a-c]{2,12}", at in 1usize..12) {
            let at = at.min(text.len() - 1);
            let (left, right) = text.split_at(at);
            let whole = framed(&[text.clone().into_bytes()]);
            prop_assert_ne!(framed(&[left.into(), right.into()]), whole.clone());
            prop_assert_ne!(framed(&[text.clone().into_bytes(), Vec::new()]), whole);
        }
    }
}
