//! The language of titles, details and labels, chosen by `Accept-Language`.

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};

/// The languages that Custodian speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English, also for a caller who asks for neither.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Lang {
    /// The BCP 47 tag for `Content-Language`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// The language that the header asks for most.
    pub fn of(headers: &HeaderMap) -> Self {
        let header = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        header.map_or(Self::En, Self::preferred)
    }

    /// The best match of an `Accept-Language` value (RFC 9110, 12.5.4); equal weights go to the one named first.
    pub fn preferred(header: &str) -> Self {
        let mut best = (0, Self::En);
        for range in header.split(',') {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let primary = tag.trim().split('-').next().unwrap_or_default();
            let lang = if primary.eq_ignore_ascii_case("zh") {
                Self::Zh
            } else if primary.eq_ignore_ascii_case("en") || primary == "*" {
                Self::En
            } else {
                continue;
            };
            let weight = weight(parameters);
            if weight > best.0 {
                best = (weight, lang);
            }
        }
        best.1
    }
}

/// The languages that the header asks for, as they stand there, the one it asks for most first.
pub fn accepted_languages(headers: &HeaderMap) -> Vec<String> {
    let header = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let ranges = header.split(',').map(|range| range.split_once(';').unwrap_or((range, "")));
    let mut weighed: Vec<(u32, &str)> = ranges.map(|(tag, more)| (weight(more), tag.trim())).collect();
    weighed.retain(|(weight, tag)| *weight > 0 && !tag.is_empty() && *tag != "*");
    // Stable: of equal weights the one that is named first stays first.
    weighed.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    weighed.into_iter().map(|(_, tag)| tag.to_owned()).collect()
}

/// The q-value in thousandths: 1000 when absent, 0 when malformed or "not acceptable".
fn weight(parameters: &str) -> u32 {
    let Some(value) = parameters.trim().strip_prefix("q=") else {
        return if parameters.trim().is_empty() { 1000 } else { 0 };
    };
    match value.trim().parse::<f32>() {
        // In range, so that the cast keeps what three digits say.
        Ok(value) if (0.0..=1.0).contains(&value) => (value * 1000.0) as u32,
        _ => 0,
    }
}

/// One sentence in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// Simplified Chinese.
    pub zh: &'static str,
}

impl Text {
    /// The sentence in one language.
    pub const fn pick(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Zh => self.zh,
        }
    }

    /// The sentence with its `{}` filled in; without an argument the clause that holds it goes.
    pub fn filled(self, lang: Lang, arg: Option<&str>) -> String {
        let text = self.pick(lang);
        let Some((before, after)) = text.split_once("{}") else {
            return text.to_owned();
        };
        let cut = arg.is_none().then(|| before.rfind([';', ':', '，', '：'])).flatten();
        match cut.and_then(|at| before.get(..at)) {
            Some(kept) => format!("{kept}{}", if lang == Lang::En { "." } else { "。" }),
            None => format!("{before}{}{after}", arg.unwrap_or("…")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_known_language_wins_and_english_stands_in() {
        for (header, lang) in [
            ("zh-CN", Lang::Zh),
            ("zh", Lang::Zh),
            ("ZH-hans-cn", Lang::Zh),
            ("en;q=0.5, zh-CN;q=0.8", Lang::Zh),
            ("zh-CN;q=0.2, en-GB;q=0.9", Lang::En),
            ("fr, de;q=0.9", Lang::En),
            ("fr, zh;q=0.1", Lang::Zh),
            ("zh, en", Lang::Zh),
            ("en, zh", Lang::En),
            ("zh;q=0", Lang::En),
            ("zh;q=1.5", Lang::En),
            ("*", Lang::En),
            ("", Lang::En),
        ] {
            assert_eq!(Lang::preferred(header), lang, "{header}");
        }
    }

    #[test]
    fn fills_its_placeholder() {
        let text = Text { en: "At most {}.", zh: "最多 {}。" };
        assert_eq!(text.filled(Lang::En, Some("5")), "At most 5.");
        assert_eq!(text.filled(Lang::Zh, Some("5")), "最多 5。");
        let text = Text { en: "Wrong; expected {}.", zh: "类型错误，应为 {}。" };
        assert_eq!(text.filled(Lang::En, None), "Wrong.");
        assert_eq!(text.filled(Lang::Zh, None), "类型错误。");
    }
}
