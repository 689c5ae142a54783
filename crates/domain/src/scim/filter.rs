//! Filters such as `userName eq "a@b.example" and active eq true` (RFC 7644, 3.4.2.2): comparisons, `and`, `or`, `not` and parentheses.

/// The longest filter that is read, in bytes, and the deepest nesting.
const LONGEST: usize = 2000;
const DEEPEST: usize = 16;

/// A filter that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// An attribute compared with a text; for truths the text is `true` or `false`.
    Compare(String, Operator, String),
    /// The attribute has a value.
    Present(String),
    /// Both hold.
    And(Box<Filter>, Box<Filter>),
    /// One holds.
    Or(Box<Filter>, Box<Filter>),
    /// The other does not hold.
    Not(Box<Filter>),
}

/// How texts are compared. Case does not count, as the attributes offered here are all case-insensitive but ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
}

/// The text is no filter, or asks for what is not offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the filter cannot be read")]
pub struct FilterError;

impl Filter {
    /// Reads a filter. Attributes keep to `known`, compared without case and answered in its spelling.
    pub fn parse(text: &str, known: &[&str]) -> Result<Self, FilterError> {
        if text.len() > LONGEST {
            return Err(FilterError);
        }
        let mut reader = Reader { tokens: tokens(text)?.into_iter().peekable(), known };
        let filter = reader.any(0)?;
        if reader.tokens.next().is_some() { Err(FilterError) } else { Ok(filter) }
    }

    /// Whether something holds; `value` gives an attribute's values, none for one that is absent.
    pub fn holds(&self, value: &dyn Fn(&str) -> Vec<String>) -> bool {
        match self {
            Self::Compare(attribute, Operator::Ne, text) => {
                !value(attribute).iter().any(|own| Operator::Eq.holds(own, text))
            }
            Self::Compare(attribute, operator, text) => value(attribute).iter().any(|own| operator.holds(own, text)),
            Self::Present(attribute) => value(attribute).iter().any(|own| !own.is_empty()),
            Self::And(one, other) => one.holds(value) && other.holds(value),
            Self::Or(one, other) => one.holds(value) || other.holds(value),
            Self::Not(inner) => !inner.holds(value),
        }
    }
}

impl Operator {
    fn holds(self, own: &str, text: &str) -> bool {
        let (own, text) = (own.to_lowercase(), text.to_lowercase());
        match self {
            Self::Eq | Self::Ne => own == text,
            Self::Co => own.contains(&text),
            Self::Sw => own.starts_with(&text),
            Self::Ew => own.ends_with(&text),
        }
    }

    fn of(word: &str) -> Option<Self> {
        [("eq", Self::Eq), ("ne", Self::Ne), ("co", Self::Co), ("sw", Self::Sw), ("ew", Self::Ew)]
            .into_iter()
            .find_map(|(name, operator)| name.eq_ignore_ascii_case(word).then_some(operator))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Word(String),
    Text(String),
}

fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            ' ' => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            '"' => tokens.push(Token::Text(quoted(&mut rest)?)),
            first => {
                let mut word = String::from(first);
                while let Some(next) = rest.next_if(|c| !matches!(c, ' ' | '(' | ')' | '"')) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

/// A JSON text up to its closing quotation mark, with the escapes that filters carry.
fn quoted(rest: &mut impl Iterator<Item = char>) -> Result<String, FilterError> {
    let mut text = String::new();
    loop {
        match rest.next().ok_or(FilterError)? {
            '"' => return Ok(text),
            '\\' => match rest.next() {
                Some(escaped @ ('"' | '\\' | '/')) => text.push(escaped),
                _ => return Err(FilterError),
            },
            plain => text.push(plain),
        }
    }
}

struct Reader<'k, I: Iterator<Item = Token>> {
    tokens: std::iter::Peekable<I>,
    known: &'k [&'k str],
}

impl<I: Iterator<Item = Token>> Reader<'_, I> {
    fn word(&mut self, wanted: &str) -> bool {
        let is_it = |token: &Token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(wanted));
        self.tokens.next_if(is_it).is_some()
    }

    fn any(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let mut filter = self.all(depth)?;
        while self.word("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.all(depth)?));
        }
        Ok(filter)
    }

    fn all(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let mut filter = self.one(depth)?;
        while self.word("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.one(depth)?));
        }
        Ok(filter)
    }

    fn one(&mut self, depth: usize) -> Result<Filter, FilterError> {
        if depth > DEEPEST {
            return Err(FilterError);
        }
        if self.word("not") {
            let Some(Token::Open) = self.tokens.peek() else { return Err(FilterError) };
            return Ok(Filter::Not(Box::new(self.one(depth + 1)?)));
        }
        match self.tokens.next().ok_or(FilterError)? {
            Token::Open => {
                let inner = self.any(depth + 1)?;
                if self.tokens.next() == Some(Token::Close) { Ok(inner) } else { Err(FilterError) }
            }
            Token::Word(attribute) => self.comparison(&attribute),
            _ => Err(FilterError),
        }
    }

    fn comparison(&mut self, attribute: &str) -> Result<Filter, FilterError> {
        let known = self.known.iter().find(|known| known.eq_ignore_ascii_case(attribute)).ok_or(FilterError)?;
        let Some(Token::Word(operator)) = self.tokens.next() else { return Err(FilterError) };
        if operator.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present((*known).to_owned()));
        }
        let operator = Operator::of(&operator).ok_or(FilterError)?;
        let text = match self.tokens.next() {
            Some(Token::Text(text)) => text,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") => {
                word.to_lowercase()
            }
            _ => return Err(FilterError),
        };
        Ok(Filter::Compare((*known).to_owned(), operator, text))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const KNOWN: [&str; 3] = ["userName", "externalId", "active"];

    fn holds(filter: &str) -> bool {
        let value = |attribute: &str| match attribute {
            "userName" => vec!["Asha@Example.com".to_owned()],
            "active" => vec!["true".to_owned()],
            _ => Vec::new(),
        };
        Filter::parse(filter, &KNOWN).unwrap().holds(&value)
    }

    #[test]
    fn what_identity_providers_ask() {
        for filter in [
            r#"userName eq "asha@example.com""#,
            r#"USERNAME Eq "ASHA@example.com""#,
            "active eq true",
            r#"userName eq "nobody" or active eq true"#,
            r#"(userName sw "asha" and active eq True) and not (externalId pr)"#,
            r#"userName co "@" and userName ew ".com" and externalId ne "7""#,
            r#"userName eq "x" and active eq true or userName pr"#,
        ] {
            assert!(holds(filter), "{filter}");
        }
        for filter in [
            r#"userName eq "ben@example.com""#,
            "active eq false",
            r#"externalId eq """#,
            r#"userName pr and (active eq false or externalId pr)"#,
            r#"userName eq "x" or userName eq "y" and active eq true"#,
        ] {
            assert!(!holds(filter), "{filter}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for filter in [
            "",
            "userName",
            "userName eq",
            "userName eq asha",
            r#"userName is "a""#,
            r#"password eq "a""#,
            r#"userName eq "a"#,
            r#"(userName eq "a""#,
            r#"userName eq "a")"#,
            "not active eq true",
            r#"userName eq "a" and"#,
            r#"userName eq "a" "b""#,
            r#"userName eq "\u0041""#,
        ] {
            assert_eq!(Filter::parse(filter, &KNOWN), Err(FilterError), "{filter}");
        }
        assert_eq!(Filter::parse(&"(".repeat(1000), &KNOWN), Err(FilterError));
        assert_eq!(Filter::parse(&"x".repeat(2001), &KNOWN), Err(FilterError));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,80}") {
            let _ = Filter::parse(&text, &KNOWN);
        }

        #[test]
        fn a_quoted_text_comes_back_whole(text in "[a-zA-Z0-9\"\\\\ @.()]{0,40}") {
            let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
            let filter = Filter::parse(&format!("userName eq \"{quoted}\""), &KNOWN).unwrap();
            prop_assert_eq!(filter, Filter::Compare("userName".into(), Operator::Eq, text));
        }
    }
}
