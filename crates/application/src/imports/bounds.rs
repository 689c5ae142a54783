//! What a workbook may be before anything believes it: every part is inflated once, counted and thrown away.
//!
//! What an archive says of its own sizes is not believed. The reader of workbooks keeps the table of texts in memory, and any single text
//! whole: both are bounded here, and with them what it can take.

use std::io::{Read, Seek, SeekFrom};

use custodian_domain::kernel::DomainError;

/// The most parts of a workbook.
const PARTS: u16 = 2_000;
/// The most bytes of the table of texts, inflated. A file with more distinct text goes in as CSV.
const TEXTS: u64 = 256 * 1024 * 1024;
/// The most bytes of a sheet, inflated: a million rows of some thirty columns.
const SHEET: u64 = 4 * 1024 * 1024 * 1024;
/// The most bytes of any other part, inflated.
const OTHER: u64 = 32 * 1024 * 1024;
/// The most bytes between two tags, and inside one.
const RUN: usize = 1024 * 1024;
/// The most merged regions of a sheet.
const MERGED: u32 = 100_000;
/// The end of an archive's own table, and the most bytes that it may stand before the end.
const END: [u8; 4] = *b"PK\x05\x06";
const TAIL: u64 = 22 + 65_535;

pub(super) fn unreadable() -> DomainError {
    DomainError::invalid("/file", "workbook_unreadable")
}

fn too_large() -> DomainError {
    DomainError::invalid("/file", "workbook_too_large")
}

/// Refuses what is no workbook (`workbook_unreadable`) and what would grow past its bounds (`workbook_too_large`).
pub(super) fn check<R: Read + Seek>(mut file: R) -> Result<(), DomainError> {
    count_parts(&mut file)?;
    let mut archive = zip::ZipArchive::new(file).map_err(|_| unreadable())?;
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).map_err(|_| unreadable())?;
        let name = part.name().map_err(|_| unreadable())?.to_ascii_lowercase();
        // Whatever its name, a part may turn out to be a sheet: a small one then, whose texts cannot be long either.
        let is_text = name.ends_with(".xml") || name.ends_with(".rels");
        let most = match name.as_str() {
            name if is_text && name.starts_with("xl/worksheets/") => SHEET,
            name if is_text && name.ends_with("sharedstrings.xml") => TEXTS,
            _ => OTHER,
        };
        Walk { is_text, ..Walk::default() }.over(&mut part, most)?;
    }
    Ok(())
}

/// Reads how many parts the archive has before its table is read as a whole.
fn count_parts<R: Read + Seek>(file: &mut R) -> Result<(), DomainError> {
    let length = file.seek(SeekFrom::End(0)).map_err(|_| unreadable())?;
    let tail = length.min(TAIL);
    file.seek(SeekFrom::Start(length - tail)).map_err(|_| unreadable())?;
    let mut bytes = Vec::new();
    file.take(tail).read_to_end(&mut bytes).map_err(|_| unreadable())?;
    let mut ends = bytes.windows(END.len()).enumerate().filter(|(_, four)| **four == END);
    // Of two ends nobody can say which one a reader goes by.
    let (Some((at, _)), None) = (ends.next(), ends.next()) else { return Err(unreadable()) };
    let count = bytes.get(at + 10..at + 12).and_then(|two| two.try_into().ok()).map(u16::from_le_bytes);
    match count {
        Some(count) if count <= PARTS => Ok(()),
        Some(_) => Err(too_large()),
        None => Err(unreadable()),
    }
}

#[derive(Default)]
struct Walk {
    is_text: bool,
    total: u64,
    run: usize,
    merged: u32,
    matched: usize,
}

impl Walk {
    fn over(mut self, part: &mut impl Read, most: u64) -> Result<(), DomainError> {
        let mut buffer = vec![0_u8; 64 * 1024];
        loop {
            let read = part.read(&mut buffer).map_err(|_| unreadable())?;
            if read == 0 {
                return Ok(());
            }
            self.total += read as u64;
            self.take(buffer.get(..read).unwrap_or_default());
            if self.total > most || self.is_text && self.run > RUN || self.merged > MERGED {
                return Err(too_large());
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        const MERGE: &[u8] = b"<mergeCell ";
        for byte in bytes {
            self.run = if matches!(byte, b'<' | b'>') { 0 } else { self.run + 1 };
            if self.is_text && self.run > RUN {
                return;
            }
            self.matched = match MERGE.get(self.matched) {
                Some(next) if next == byte => self.matched + 1,
                _ => usize::from(*byte == b'<'),
            };
            if self.matched == MERGE.len() {
                (self.merged, self.matched) = (self.merged + 1, 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::{Cursor, Write};

    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(parts: &[(&str, &[u8])]) -> Cursor<Vec<u8>> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in parts {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        let mut made = writer.finish().unwrap();
        made.set_position(0);
        made
    }

    fn code(file: Cursor<Vec<u8>>) -> Option<&'static str> {
        match check(file) {
            Ok(()) => None,
            Err(DomainError::Invalid(faults)) => faults.first().map(|fault| fault.code),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn what_grows_past_its_bounds_is_refused_whatever_it_says_of_itself() {
        assert_eq!(code(archive(&[("xl/workbook.xml", b"<a/>")])), None);
        let zeros = vec![b'<'; usize::try_from(OTHER).unwrap() + 1];
        assert_eq!(code(archive(&[("xl/styles.xml", &zeros)])), Some("workbook_too_large"));
        let text = [b"<t>".as_slice(), &vec![b'a'; RUN + 1], b"</t>"].concat();
        assert_eq!(code(archive(&[("xl/sharedStrings.xml", &text)])), Some("workbook_too_large"));
        let merged = b"<mergeCell ref=\"A1:A2\"/>".repeat(100_001);
        assert_eq!(code(archive(&[("xl/worksheets/sheet1.xml", &merged)])), Some("workbook_too_large"));
        assert_eq!(code(archive(&[("xl/media/image1.png", &zeros)])), Some("workbook_too_large"));
        assert_eq!(code(archive(&[("xl/media/image1.png", &text)])), None, "a picture has no tags");
    }

    #[test]
    fn what_is_no_archive_or_has_two_ends_or_too_many_parts_is_refused() {
        assert_eq!(code(Cursor::new(b"name,mobile\n".to_vec())), Some("workbook_unreadable"));
        let whole = archive(&[("xl/workbook.xml", b"<a/>")]).into_inner();
        assert_eq!(code(Cursor::new([whole.clone(), whole.clone()].concat())), Some("workbook_unreadable"));
        assert_eq!(code(Cursor::new(whole.get(..whole.len() - 8).unwrap().to_vec())), Some("workbook_unreadable"));
        let names: Vec<String> = (0..=PARTS).map(|number| format!("a{number}.xml")).collect();
        let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
        assert_eq!(code(archive(&parts)), Some("workbook_too_large"));
    }
}
