//! A workbook (ECMA-376) written from front to back in bounded memory: one sheet, every cell a text, so that none is ever taken for a formula.
//!
//! The library for workbooks that was looked at puts what it writes into temporary files in the clear; this one holds nothing but what was not taken yet.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use custodian_domain::exports::xml_text;
use custodian_domain::kernel::DomainError;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

const TYPES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/><Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/></Types>";
const RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>";
const BOOK: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"Export\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>";
const BOOK_RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>";
const SHEET: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>";

fn broken(_: impl std::error::Error) -> DomainError {
    DomainError::internal("a workbook cannot be written")
}

/// What the archive has written and nobody has taken yet.
#[derive(Clone, Default)]
struct Spool(Arc<Mutex<Vec<u8>>>);

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A workbook that is being written.
pub(super) struct Book {
    archive: ZipWriter<StreamWriter<Spool>>,
    spool: Spool,
    rows: String,
}

/// How much is handed to the archive at once.
const HANDED: usize = 64 * 1024;

impl Book {
    /// With its fixed parts. `large` where the sheet may be of 4 GiB or more: not every program opens such a file.
    pub fn begin(large: bool) -> Result<Self, DomainError> {
        let spool = Spool::default();
        let mut archive = ZipWriter::new_stream(spool.clone());
        // Deflate at its fastest; no time of day, so that the file says nothing of when it was made.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(1))
            .last_modified_time(DateTime::default());
        let parts = [
            ("[Content_Types].xml", TYPES),
            ("_rels/.rels", RELATIONS),
            ("xl/workbook.xml", BOOK),
            ("xl/_rels/workbook.xml.rels", BOOK_RELATIONS),
        ];
        for (name, text) in parts {
            archive.start_file(name, options).map_err(broken)?;
            archive.write_all(text.as_bytes()).map_err(broken)?;
        }
        archive.start_file("xl/worksheets/sheet1.xml", options.large_file(large)).map_err(broken)?;
        archive.write_all(SHEET.as_bytes()).map_err(broken)?;
        Ok(Self { archive, spool, rows: String::with_capacity(HANDED * 2) })
    }

    /// Adds a row.
    pub fn row<'c>(&mut self, cells: impl Iterator<Item = &'c str>) -> Result<(), DomainError> {
        self.rows.push_str("<row>");
        for cell in cells {
            self.rows.push_str("<c t=\"inlineStr\"><is><t xml:space=\"preserve\">");
            xml_text(cell, &mut self.rows);
            self.rows.push_str("</t></is></c>");
        }
        self.rows.push_str("</row>");
        if self.rows.len() >= HANDED { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> Result<(), DomainError> {
        self.archive.write_all(self.rows.as_bytes()).map_err(broken)?;
        self.rows.clear();
        Ok(())
    }

    /// Takes what is written so far.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut *self.spool.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the file with this line beneath each printed page, and takes the rest.
    pub fn finish(mut self, footer: &str) -> Result<Vec<u8>, DomainError> {
        self.rows.push_str("</sheetData><headerFooter><oddFooter>&amp;L");
        xml_text(footer, &mut self.rows);
        self.rows.push_str("</oddFooter></headerFooter></worksheet>");
        self.hand_over()?;
        self.archive.finish().map_err(broken)?;
        Ok(std::mem::take(&mut *self.spool.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
