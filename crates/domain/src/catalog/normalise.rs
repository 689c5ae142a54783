//! Folding of width, spaces and case, so that equal values are found however they were typed.

/// Full-width ASCII and the ideographic space to their plain forms. Leaves everything else, accents and characters, as typed.
pub fn fold_width(text: &str) -> String {
    text.chars().map(fold_char).collect()
}

/// A number as people type it, reduced to what counts: width folded; spaces, hyphens and invisible marks dropped.
pub fn compact(text: &str) -> String {
    text.chars().map(fold_char).filter(|c| !is_spacing(*c) && !is_hyphen(*c)).collect()
}

/// The form in which text is compared: width folded, spaces and invisible marks dropped, the name dot made one, lower case.
///
/// Spaces go because `张 三` and `张三` are one name; a Latin name loses nothing by it that a search would miss.
pub fn comparable(text: &str) -> String {
    text.chars()
        .map(fold_char)
        .filter(|c| !is_spacing(*c))
        .map(|c| if is_name_dot(c) { '·' } else { c })
        .flat_map(char::to_lowercase)
        .collect()
}

fn fold_char(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    }
}

/// White space, and the marks that word processors and chat windows leave around copied numbers.
fn is_spacing(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}')
}

/// The dot between the parts of a transliterated name, of which keyboards offer five.
fn is_name_dot(c: char) -> bool {
    matches!(c, '·' | '•' | '‧' | '・' | '\u{ff65}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_what_people_put_between_digits() {
        assert_eq!(compact(" １３８－1234 5678\u{202c}\u{a0}"), "13812345678");
        assert_eq!(compact("6222\u{2013}0200"), "62220200");
    }

    #[test]
    fn names_compare_equal_however_typed() {
        assert_eq!(comparable("张 三"), comparable("张\u{3000}三"));
        assert_eq!(comparable("阿里木•买买提"), comparable("阿里木·买买提"));
        assert_eq!(comparable("ＡＢＣ Trading"), "abctrading");
        assert_ne!(comparable("张三"), comparable("张叁"));
    }

    #[test]
    fn width_folding_leaves_characters_alone() {
        assert_eq!(fold_width("ａ＠ｂ．ｃｎ　中文é"), "a@b.cn 中文é");
    }
}
