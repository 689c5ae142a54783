//! Attachments: what a file is by its own first bytes, whatever its name says, and a name that is safe to hand on.

use crate::kernel::codes;

codes! {
    /// Where an attachment stands.
    State {
        /// To be taken away.
        Ready = "ready",
        /// Nobody takes it away before a scanner has looked through it.
        Held = "held",
    }
}

/// The most attachments of one customer.
pub const MOST_ATTACHMENTS: usize = 200;
/// The longest name kept, in characters.
pub const LONGEST_NAME: usize = 200;
/// How many first bytes tell what a file is.
pub const HEAD: usize = 8_192;

const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const SHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const SLIDES: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
/// What nobody can tell.
pub const UNKNOWN: &str = "application/octet-stream";

/// Beginnings, and what begins so.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"MZ", "application/x-msdownload"),
    (b"\x7fELF", "application/x-executable"),
    (b"#!", "text/x-shellscript"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
];

/// What a file is, by its first bytes. Nothing that a browser would run is taken for text.
pub fn kind_of(head: &[u8]) -> &'static str {
    if let Some((_, kind)) = BEGINNINGS.iter().find(|(beginning, _)| head.starts_with(beginning)) {
        return kind;
    }
    match (head.get(..4), head.get(8..12)) {
        (Some(b"RIFF"), Some(b"WEBP")) => return "image/webp",
        (Some(b"PK\x03\x04"), _) => return package(head),
        _ => {}
    }
    if head.get(4..8).is_some_and(|brand| brand == b"ftyp") {
        return "video/mp4";
    }
    text(head)
}

/// Documents of offices are archives whose first names say which.
fn package(head: &[u8]) -> &'static str {
    let names = |part: &[u8]| head.windows(part.len()).any(|window| window == part);
    match (names(b"[Content_Types].xml"), names(b"word/"), names(b"xl/"), names(b"ppt/")) {
        (true, true, false, false) => WORD,
        (true, false, true, false) => SHEET,
        (true, false, false, true) => SLIDES,
        _ => "application/zip",
    }
}

fn text(head: &[u8]) -> &'static str {
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(head.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return UNKNOWN,
    };
    if valid.is_empty() || valid.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return UNKNOWN;
    }
    let lower = valid.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']).to_ascii_lowercase();
    let holds = |marks: &[&str]| marks.iter().any(|mark| lower.contains(mark));
    if lower.starts_with("<?xml") || lower.starts_with("<svg") || holds(&["<svg", "<!entity"]) {
        return "image/svg+xml";
    }
    if lower.starts_with('<') || holds(&["<html", "<script", "<!doctype", "<iframe", "<?php", "javascript:"]) {
        return "text/html";
    }
    "text/plain"
}

/// Whether a file of this kind is handed out under its own name; every other is handed out as bytes.
pub fn is_served_as_itself(kind: &str) -> bool {
    kind == "application/pdf"
        || kind.starts_with("image/") && kind != "image/svg+xml"
        || [WORD, SHEET, SLIDES].contains(&kind)
}

/// The last part of a name without what a file system or a header would take for something else; `attachment` where nothing is left.
pub fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let odd = |c: char| {
        c.is_control()
            || matches!(c, '"' | '<' | '>' | '|' | ':' | '*' | '?' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let plain: String = last.chars().filter(|c| !odd(*c)).take(LONGEST_NAME).collect();
    let plain = plain.trim().trim_matches('.').trim().to_owned();
    if plain.is_empty() { "attachment".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_is_what_it_begins_with() {
        for (head, kind) in [
            (&b"%PDF-1.7 ..."[..], "application/pdf"),
            (b"\x89PNG\r\n\x1a\n....", "image/png"),
            (b"RIFF....WEBPVP8 ", "image/webp"),
            (b"PK\x03\x04....[Content_Types].xml....word/document.xml", WORD),
            (b"PK\x03\x04....other", "application/zip"),
            (b"MZ\x90\0", "application/x-msdownload"),
            (b"#!/bin/sh\n", "text/x-shellscript"),
            ("合同\n第一条".as_bytes(), "text/plain"),
            (b"  <HTML><body>", "text/html"),
            (b"note <script>alert(1)</script>", "text/html"),
            (b"<?xml version='1.0'?><svg onload='x'/>", "image/svg+xml"),
            (b"\0\x01\x02", UNKNOWN),
            (b"", UNKNOWN),
        ] {
            assert_eq!(kind_of(head), kind, "{head:?}");
        }
        let cut = "第".as_bytes();
        assert_eq!(kind_of(&[b"abc", cut.get(..2).unwrap_or_default()].concat()), "text/plain");
    }

    #[test]
    fn what_a_browser_would_run_is_served_as_bytes() {
        for kind in ["text/html", "image/svg+xml", "text/plain", UNKNOWN, "application/zip", "text/x-shellscript"] {
            assert!(!is_served_as_itself(kind), "{kind}");
        }
        assert!(is_served_as_itself("application/pdf") && is_served_as_itself("image/png"));
    }

    #[test]
    fn names_lose_their_paths_and_tricks() {
        for (name, safe) in [
            ("合同 2026.pdf", "合同 2026.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\wei\\scan.png", "scan.png"),
            ("a\r\nSet-Cookie: x\".pdf", "aSet-Cookie x.pdf"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("a\u{2028}b\u{61c}c\u{e0041}.pdf", "abc.pdf"),
            ("...", "attachment"),
            ("", "attachment"),
        ] {
            assert_eq!(safe_name(name), safe, "{name:?}");
        }
    }

    #[test]
    fn states_read_back() {
        assert!(State::ALL.iter().all(|state| State::from_code(state.as_str()) == Some(*state)));
    }

    proptest! {
        #[test]
        fn no_name_can_split_a_header_or_leave_its_folder(name in any::<String>()) {
            let safe = safe_name(&name);
            prop_assert!(!safe.is_empty() && safe.chars().count() <= LONGEST_NAME);
            prop_assert!(!safe.chars().any(|c| c.is_control() || matches!(c, '/' | '\\' | '"')));
        }
    }
}
