//! A file as it is written, row by row, with its watermark: the export's id on every row.

use custodian_crypto::{Sha256Stream, sha256_stream};
use custodian_domain::catalog::Field;
use custodian_domain::exports::{Format, csv_cell};
use custodian_domain::kernel::DomainError;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::book::Book;
use crate::customers::SeenValue;

/// The column that says on every row which file it is from.
const MARK: &str = "custodian_export";

/// One row: the id under which the customer is known, and a value for each field.
#[derive(Clone)]
pub(super) struct Line {
    pub id: Uuid,
    pub values: Vec<Option<SeenValue>>,
}

/// A file that is being written. What was written and not taken yet is all that it holds.
pub(super) struct Sheet {
    format: Format,
    fields: Vec<Field>,
    mark: String,
    book: Option<Book>,
    out: String,
    sum: Sha256Stream,
    size: u64,
}

/// The whole of a file that has ended.
pub(super) struct Ended {
    pub last: Vec<u8>,
    pub sha256: [u8; 32],
    pub size: u64,
}

impl Sheet {
    /// With its head. `rows` is about how many will come.
    pub fn begin(format: Format, fields: &[Field], export: Uuid, rows: u64) -> Result<Self, DomainError> {
        let mark = export.to_string();
        let (sum, fields) = (sha256_stream(), fields.to_vec());
        let mut sheet = Self { format, fields, mark, book: None, out: String::new(), sum, size: 0 };
        if format == Format::Xlsx {
            let longest: u64 = sheet.fields.iter().map(|field| 60 + field.max_length as u64).sum();
            sheet.book = Some(Book::begin(rows.saturating_mul(longest + 200) > u64::from(u32::MAX))?);
        }
        if format != Format::Ndjson {
            let keys: Vec<&str> = sheet.fields.iter().map(|field| field.key).collect();
            sheet.row(std::iter::once("id").chain(keys).chain([MARK]))?;
        }
        Ok(sheet)
    }

    /// Adds a row.
    pub fn line(&mut self, line: &Line) -> Result<(), DomainError> {
        if self.format == Format::Ndjson {
            return self.json_line(line);
        }
        let (id, mark) = (line.id.to_string(), std::mem::take(&mut self.mark));
        let values = line.values.iter().map(|value| value.as_ref().map(text_of).unwrap_or_default());
        let written = self.row(std::iter::once(id.as_str()).chain(values).chain([mark.as_str()]));
        self.mark = mark;
        written
    }

    fn row<'c>(&mut self, cells: impl Iterator<Item = &'c str>) -> Result<(), DomainError> {
        if let Some(book) = &mut self.book {
            return book.row(cells);
        }
        for (at, cell) in cells.enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            csv_cell(cell, &mut self.out);
        }
        self.out.push_str("\r\n");
        Ok(())
    }

    fn json_line(&mut self, line: &Line) -> Result<(), DomainError> {
        self.out.push_str(&format!("{{\"id\":\"{}\"", line.id));
        for (field, value) in self.fields.iter().zip(&line.values) {
            self.out.push(',');
            self.out.push_str(&json(field.key)?);
            self.out.push(':');
            match value {
                None => self.out.push_str("null"),
                Some(SeenValue::Text(text)) => self.out.push_str(&json(text)?),
                Some(SeenValue::Bool(value)) => self.out.push_str(if *value { "true" } else { "false" }),
                Some(SeenValue::Number(text) | SeenValue::Structure(text)) => {
                    // What is stored was JSON when it was entered; a line that is not must not leave.
                    serde_json::from_str::<&RawValue>(text).map_err(|_| unwritable())?;
                    self.out.push_str(text);
                }
            }
        }
        self.out.push_str(&format!(",\"{MARK}\":\"{}\"}}\n", self.mark));
        Ok(())
    }

    /// Takes what was written, if it is as much as `least` bytes.
    pub fn take(&mut self, least: usize) -> Option<Vec<u8>> {
        let fresh = self.book.as_mut().map(Book::take);
        if let Some(fresh) = fresh {
            // A workbook holds back what does not fill a block yet; so it is taken whenever there is any.
            return Some(fresh).filter(|piece| !piece.is_empty()).inspect(|piece| self.count(piece));
        }
        if self.out.is_empty() || self.out.len() < least {
            return None;
        }
        let piece = std::mem::take(&mut self.out).into_bytes();
        self.count(&piece);
        Some(piece)
    }

    fn count(&mut self, piece: &[u8]) {
        self.sum.update(piece);
        self.size += piece.len() as u64;
    }

    /// Ends the file: its last piece, its SHA-256 and its size.
    pub fn finish(mut self) -> Result<Ended, DomainError> {
        let last = match self.book.take() {
            Some(book) => book.finish(&format!("{MARK} {}", self.mark))?,
            None => std::mem::take(&mut self.out).into_bytes(),
        };
        self.count(&last);
        Ok(Ended { last, sha256: self.sum.finish(), size: self.size })
    }
}

fn unwritable() -> DomainError {
    DomainError::internal("a row does not serialise")
}

fn json(text: &str) -> Result<String, DomainError> {
    serde_json::to_string(text).map_err(|_| unwritable())
}

fn text_of(value: &SeenValue) -> &str {
    match value {
        SeenValue::Text(text) | SeenValue::Number(text) | SeenValue::Structure(text) => text,
        SeenValue::Bool(true) => "true",
        SeenValue::Bool(false) => "false",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Read;

    use custodian_domain::catalog::customer;

    use super::*;

    fn written(format: Format, values: [Option<&str>; 2]) -> Vec<u8> {
        let fields = ["name", "notes"].map(|key| customer().field(key).unwrap().clone());
        let mut sheet = Sheet::begin(format, &fields, Uuid::from_u128(9), 1).unwrap();
        let values = values.map(|value| value.map(|text| SeenValue::Text(text.to_owned()))).to_vec();
        sheet.line(&Line { id: Uuid::from_u128(1), values }).unwrap();
        let mut all = sheet.take(1).unwrap_or_default();
        let Ended { last, sha256, size } = sheet.finish().unwrap();
        all.extend(last);
        assert_eq!((custodian_crypto::sha256(&all), all.len() as u64), (sha256, size));
        all
    }

    #[test]
    fn a_csv_file_is_read_back_by_a_strict_reader() {
        let text = written(Format::Csv, [Some("Zhang, \"San\"\r\nof Hebei"), Some("＝1+1")]);
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_slice());
        let head: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        assert_eq!(head, ["id", "name", "notes", MARK]);
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        let mark = Uuid::from_u128(9).to_string();
        assert_eq!(rows.len(), 1);
        assert_eq!(
            rows.first().unwrap(),
            &vec![Uuid::from_u128(1).to_string().as_str(), "Zhang, \"San\"\r\nof Hebei", "'＝1+1", &mark]
        );
        assert!(text.ends_with(b"\r\n") && !text.starts_with(b"\xef\xbb\xbf"));
    }

    #[test]
    fn a_line_of_json_says_what_was_stored() {
        let text = written(Format::Ndjson, [Some("=1+1\n"), None]);
        let line: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(line.get("name").unwrap(), "=1+1\n");
        assert!(line.get("notes").unwrap().is_null() && line.get(MARK).is_some());
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 1);
    }

    #[test]
    fn a_workbook_holds_texts_and_no_formula() {
        let file = written(Format::Xlsx, [Some("=1+1"), Some("<a href=\"x\">&\u{1}")]);
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(file)).unwrap();
        assert!(archive.len() == 5 && archive.by_name("[Content_Types].xml").is_ok());
        let mut sheet = String::new();
        archive.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut sheet).unwrap();
        assert!(sheet.contains("<t xml:space=\"preserve\">=1+1</t>") && !sheet.contains("<f>"));
        assert!(sheet.contains("&lt;a href=&quot;x&quot;&gt;&amp;</t>"));
        assert_eq!(sheet.matches("<row>").count(), 2);
        assert!(sheet.ends_with("</worksheet>") && sheet.contains(&format!("{MARK} {}", Uuid::from_u128(9))));
    }
}
