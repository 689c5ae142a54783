//! Looks for many identifiers of many people in one pass over a text.

use aho_corasick::AhoCorasick;
use custodian_domain::erasures::{Trace, close, plain, stands_alone};
use custodian_domain::kernel::DomainError;

/// Something found: whose, and which of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub person: usize,
    pub trace: usize,
}

/// Finds patterns, and says of each whose it is; nothing where nothing is looked for.
type Machine = Option<(AhoCorasick, Vec<Hit>)>;

/// Everything that is looked for.
pub(super) struct Matcher {
    words: Machine,
    numbers: Machine,
}

impl Matcher {
    pub fn new(sought: &[Vec<Trace>]) -> Result<Self, DomainError> {
        let of = |word: bool| -> Result<Machine, DomainError> {
            let all = sought.iter().enumerate().flat_map(|(person, traces)| {
                traces.iter().enumerate().map(move |(trace, one)| (Hit { person, trace }, one))
            });
            let (hits, texts): (Vec<Hit>, Vec<&str>) =
                all.filter(|(_, one)| one.word == word).map(|(hit, one)| (hit, one.text.as_str())).unzip();
            if texts.is_empty() {
                return Ok(None);
            }
            let machine =
                AhoCorasick::new(texts).map_err(|_| DomainError::internal("too much is looked for at once"))?;
            Ok(Some((machine, hits)))
        };
        Ok(Self { words: of(true)?, numbers: of(false)? })
    }

    /// Everything found in a text, each once for each place.
    pub fn hits(&self, text: &str) -> Vec<Hit> {
        let mut found = Vec::new();
        if let Some((machine, hits)) = &self.words {
            let text = plain(text);
            let words = machine.find_overlapping_iter(&text).filter(|hit| stands_alone(&text, hit.start(), hit.end()));
            found.extend(words.filter_map(|hit| hits.get(hit.pattern().as_usize()).copied()));
        }
        if let Some((machine, hits)) = &self.numbers {
            let text = close(text);
            let numbers = machine.find_overlapping_iter(&text);
            found.extend(numbers.filter_map(|hit| hits.get(hit.pattern().as_usize()).copied()));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn trace(text: &str, word: bool) -> Trace {
        Trace { field: "any".into(), text: text.into(), word }
    }

    #[test]
    fn each_person_is_found_by_each_of_theirs_however_typed() {
        let sought = [
            vec![trace("13812345678", false), trace("WEI@EXAMPLE.ORG", true)],
            vec![trace("13812345678", false)],
            Vec::new(),
        ];
        let matcher = Matcher::new(&sought).unwrap();
        let both = matcher.hits("please ring 138-1234 ５６７８ after six");
        assert_eq!(both, [Hit { person: 0, trace: 0 }, Hit { person: 1, trace: 0 }]);
        assert_eq!(matcher.hits("write to wei@example.org."), [Hit { person: 0, trace: 1 }]);
        assert_eq!(matcher.hits("write to awei@example.org"), []);
        assert_eq!(Matcher::new(&[Vec::new()]).unwrap().hits("13812345678"), []);
    }
}
