//! What a cell may hold so that no program runs it, and every strict reader gets the text back.

/// Whether a spreadsheet might take this text for a formula: it begins with a sign that begins one, half or full width, whatever white space or unseen
/// marks stand before it.
pub fn is_formula(text: &str) -> bool {
    let unseen = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let begins = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    text.starts_with(['\t', '\r', '\n']) || text.trim_start_matches(unseen).starts_with(begins)
}

/// A text as a cell of a CSV file: between quotation marks, and with an apostrophe before what might be a formula.
pub fn csv_cell(text: &str, out: &mut String) {
    out.push('"');
    if is_formula(text) {
        out.push('\'');
    }
    for c in text.chars() {
        if c == '"' {
            out.push('"');
        }
        out.push(c);
    }
    out.push('"');
}

/// A text as XML content. Characters that XML 1.0 cannot hold are left out.
pub fn xml_text(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(c),
            // A bare carriage return would be read as a line feed.
            '\r' => out.push_str("&#13;"),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn cell(text: &str) -> String {
        let mut out = String::new();
        csv_cell(text, &mut out);
        out
    }

    #[test]
    fn what_could_be_a_formula_is_text() {
        let signs = ["=1+1", "+86 138", "-5", "@SUM(A1)", "＝1+1", "＋1", "－5", "＠x"];
        let hidden = [
            "\t=1",
            "\r=1",
            "  =1",
            "\n=1",
            "\u{3000}=1",
            "\u{feff}=1",
            "\u{200b}@x",
            "\u{202e}=1",
            "\tplain",
            "\nplain",
        ];
        for text in signs.iter().chain(&hidden) {
            assert!(is_formula(text) && cell(text).starts_with("\"'"), "{text:?}");
        }
        for text in ["", "Zhang", "1+1", "a=b", "138-0000", " plain", "'=1"] {
            assert!(!is_formula(text), "{text:?}");
        }
        assert_eq!(cell("\",\"=1+1"), "\"\"\",\"\"=1+1\"", "quotation marks do not end the cell");
    }

    proptest! {
        #[test]
        fn a_strict_reader_gets_the_text_back(text in "\\PC{0,40}|[\",=+@\r\n\t-]{0,12}") {
            let written = cell(&text);
            let inner = written.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
            prop_assert!(!inner.replace("\"\"", "").contains('"'));
            let inner = inner.replace("\"\"", "\"");
            let read = if is_formula(&text) { inner.strip_prefix('\'').unwrap().to_owned() } else { inner };
            prop_assert_eq!(&read, &text);
        }

        #[test]
        fn no_mark_up_comes_out_of_a_text(text in "\\PC{0,40}|[<>&\"\u{1}]{0,12}") {
            let mut out = String::new();
            xml_text(&text, &mut out);
            let marked = out.contains(['<', '>', '"', '\u{1}']);
            prop_assert!(!marked);
            let back = out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#13;", "\r").replace("&amp;", "&");
            prop_assert_eq!(back, text.replace('\u{1}', ""));
        }
    }
}
