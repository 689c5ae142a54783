//! Which passwords are taken (NIST SP 800-63B-4, 3.1.1.2): long ones that no guesser tries early. Nothing is asked of their composition, and nothing makes them end.

use super::famous::without_famous;
use crate::catalog::normalise::fold_width;
use crate::kernel::Fault;

/// The fewest characters of a password that is the only factor.
pub const SHORTEST_PASSWORD: usize = 15;
/// The fewest where a second factor is shown with it.
pub const SHORTEST_WITH_SECOND_FACTOR: usize = 8;
/// The most characters; far beyond the 64 that must be taken.
pub const LONGEST_PASSWORD: usize = 256;
/// A word of the context that is shorter says nothing of the person.
const TELLING: usize = 4;
/// Guesses, as a power of ten, that a password must outlast: those of the lists that guessers begin with, and their variations.
const OUTLASTS: f64 = 8.0;

/// What a guesser knows of the person: words of the name, the organisation and the address.
#[derive(Clone, Copy, Debug)]
pub struct PasswordContext<'a> {
    /// The person's name.
    pub name: &'a str,
    /// The organisation's name.
    pub organization: &'a str,
    /// The log-in address.
    pub email: &'a str,
}

impl PasswordContext<'_> {
    /// The telling words, each once, in lower case.
    pub fn words(&self) -> Vec<String> {
        let texts = [self.name, self.organization, self.email, "custodian"];
        let split = |text: &str| {
            let plain = fold_width(text).to_lowercase();
            let parts: Vec<_> = plain.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
            parts.into_iter().chain([plain.split_whitespace().collect::<String>()]).collect::<Vec<_>>()
        };
        let mut words: Vec<String> = texts.into_iter().flat_map(split).filter(|word| telling(word)).collect();
        // The longest first: what is taken out of a password is the whole name before its parts.
        words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        words.dedup();
        words
    }
}

/// A word of few characters in Latin script is everywhere; two Chinese characters are a name.
fn telling(word: &str) -> bool {
    let length = word.chars().count();
    length >= TELLING || (length >= 2 && !word.is_ascii())
}

/// What is wrong with a password (in Unicode NFC), if anything, told of the member at `pointer`.
///
/// `guesses` is how many guesses, as a power of ten, an attacker with the usual lists needs for it; sentences that everybody knows count for nothing. Codes: `password_too_short`,
/// `too_long`, `password_personal`, `password_common`.
pub fn password_fault(
    pointer: &str,
    password: &str,
    context: &PasswordContext<'_>,
    guesses: f64,
    second_factor: bool,
) -> Option<Fault> {
    let length = password.chars().count();
    let shortest = if second_factor { SHORTEST_WITH_SECOND_FACTOR } else { SHORTEST_PASSWORD };
    if length < shortest {
        return Some(Fault::new(pointer, "password_too_short").with_arg(shortest.to_string()));
    }
    if length > LONGEST_PASSWORD {
        return Some(Fault::new(pointer, "too_long").with_arg(LONGEST_PASSWORD.to_string()));
    }
    let rest = rest_of(password, context);
    let counts = |rest: &str| rest.chars().count() >= shortest.div_ceil(2);
    if !counts(&rest) {
        return Some(Fault::new(pointer, "password_personal"));
    }
    (guesses < OUTLASTS || !counts(&without_famous(&rest))).then(|| Fault::new(pointer, "password_common"))
}

/// What remains once the words of the context are taken out: their letters count for nothing.
fn rest_of(password: &str, context: &PasswordContext<'_>) -> String {
    let plain = fold_width(password).to_lowercase();
    context.words().iter().fold(plain, |rest, word| rest.replace(word.as_str(), ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASHA: PasswordContext<'_> = PasswordContext {
        name: "Asha Raman",
        organization: "Blue Harbour Trading",
        email: "asha.raman@blueharbour.example",
    };

    fn code(password: &str, guesses: f64, second_factor: bool) -> Option<&'static str> {
        password_fault("/password", password, &ASHA, guesses, second_factor).map(|fault| fault.code)
    }

    #[test]
    fn fifteen_characters_alone_or_eight_beside_a_second_factor() {
        for (length, second_factor, expected) in [
            (14, false, Some("password_too_short")),
            (15, false, None),
            (7, true, Some("password_too_short")),
            (8, true, None),
            (256, false, None),
            (257, false, Some("too_long")),
        ] {
            let characters: String = "qzxvkjwpgyfubmh".chars().cycle().take(length).collect();
            assert_eq!(code(&characters, 20.0, second_factor), expected, "{length}");
        }
        // Characters are counted, not bytes.
        assert_eq!(code("窗外竹影慢慢移茶还温着猫睡", 20.0, false), Some("password_too_short"));
        assert_eq!(code("窗外竹影慢慢移动茶还温着猫已睡", 20.0, false), None);
    }

    #[test]
    fn what_is_mostly_the_persons_own_words_is_personal() {
        for personal in
            ["AshaRaman-Blueharbour", "asha.raman@blueharbour.example", "Blue Harbour 2026", "custodianCustodian1"]
        {
            assert_eq!(code(personal, 20.0, false), Some("password_personal"), "{personal}");
        }
        for own in ["asha likes seven green kites", "nobody harbours walrus resentment"] {
            assert_eq!(code(own, 20.0, false), None, "{own}");
        }
        let zhang = PasswordContext { name: "张小梅", organization: "蓝港贸易", email: "zhang@example.cn" };
        let fault = password_fault("/password", "张小梅蓝港贸易张小梅蓝港贸易2026", &zhang, 20.0, false);
        assert_eq!(fault.map(|fault| fault.code), Some("password_personal"));
    }

    #[test]
    fn what_guessers_try_early_is_common_and_composition_counts_for_nothing() {
        assert_eq!(code("passwordpassword", 3.0, false), Some("password_common"));
        assert_eq!(code("qzmvhtrkdpwlxgs", 15.0, false), None);
    }

    #[test]
    fn a_sentence_that_everybody_knows_is_common_however_long_it_is() {
        for known in [
            "correcthorsebatterystaple",
            "Correct Horse Battery Staple 2026",
            "c0rrect-h0rse-b@ttery-st@ple!",
            "asha: to be or not to be, that is the question",
            "春眠不觉晓，处处闻啼鸟，夜来风雨声",
            "好好学习天天向上好好学习天天向上",
        ] {
            assert_eq!(code(known, 20.0, false), Some("password_common"), "{known}");
        }
        for own in ["correct horse battery staple on seven green kites", "horses correct the staple of no battery"] {
            assert_eq!(code(own, 20.0, false), None, "{own}");
        }
    }
}
