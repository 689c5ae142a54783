//! In which language a notice is read.

/// The language that somebody wants to read in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Named in so many words.
    pub named: Option<String>,
    /// What their browser asks for, best first. It counts where none is named.
    pub ranges: Vec<String>,
}

impl Wanted {
    /// Which of these languages it is; none where it is none of them. `zh-TW` is served by `zh-CN` sooner than by nothing.
    pub fn among<'a>(&self, languages: &[&'a String]) -> Option<&'a String> {
        if let Some(named) = &self.named {
            return languages.iter().copied().find(|language| *language == named);
        }
        self.ranges.iter().find_map(|range| {
            let exact = languages.iter().copied().find(|language| language.eq_ignore_ascii_case(range));
            let alike = || languages.iter().copied().find(|one| primary(one).eq_ignore_ascii_case(primary(range)));
            exact.or_else(alike)
        })
    }
}

fn primary(language: &str) -> &str {
    language.split('-').next().unwrap_or(language)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(named: Option<&str>, ranges: &[&str]) -> Option<String> {
        let languages = ["de", "en", "en-GB", "zh-CN"].map(str::to_owned);
        let known: Vec<&String> = languages.iter().collect();
        let ranges = ranges.iter().map(|range| (*range).to_owned()).collect();
        Wanted { named: named.map(str::to_owned), ranges }.among(&known).cloned()
    }

    #[test]
    fn what_is_named_counts_before_what_the_browser_asks_for() {
        assert_eq!(chosen(Some("de"), &["en"]).as_deref(), Some("de"));
        assert_eq!(chosen(Some("fr"), &["en"]), None);
        assert_eq!(chosen(None, &["en-gb", "de"]).as_deref(), Some("en-GB"));
        assert_eq!(chosen(None, &["en-US"]).as_deref(), Some("en"));
        assert_eq!(chosen(None, &["fr", "zh-TW"]).as_deref(), Some("zh-CN"));
        assert_eq!(chosen(None, &["fr"]), None);
        assert_eq!(chosen(None, &[]), None);
    }
}
