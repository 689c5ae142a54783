//! Cutting the file into records: rows of a table or a workbook, lines of JSON.

use std::io::Read;

use custodian_domain::kernel::{DomainError, Fault};
use custodian_persistence::imports::ImportRow;
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use super::pieces::Pieces;
use super::workbook;
use crate::customers::FieldInput;

/// One record: its line, and its cells by column name, or the code of what is wrong with it as a whole.
pub(super) struct Record {
    /// Record number with the header counted as 1; for NDJSON the line number, for a workbook the number of the row.
    pub line: i64,
    /// Cells in mapping order; `None` where the record has no such column.
    pub cells: Result<Vec<Option<FieldInput>>, &'static str>,
    /// What is wrong with single cells: their place in mapping order, and the code.
    pub faults: Vec<(usize, &'static str)>,
}

impl Record {
    fn of(line: i64, cells: Result<Vec<Option<FieldInput>>, &'static str>) -> Self {
        Self { line, cells, faults: Vec::new() }
    }
}

/// The longest record: longer ones are refused, so that one cannot fill the memory.
const LONGEST: usize = 1024 * 1024;
/// How many lines of JSON are looked at for the names of columns, and the most names.
const LOOKED_AT: usize = 100;
const MOST_COLUMNS: usize = 200;

fn decoded(pieces: Pieces, encoding: &str) -> DecodeReaderBytes<Pieces, Vec<u8>> {
    let encoding = if encoding == "gb18030" { encoding_rs::GB18030 } else { encoding_rs::UTF_8 };
    DecodeReaderBytesBuilder::new()
        .encoding(Some(encoding))
        .utf8_passthru(false)
        .strip_bom(true)
        .bom_override(true)
        .build(pieces)
}

/// Reads every record and hands it on; stops when `take` says so.
pub(super) fn each_record(
    pieces: Pieces,
    row: &ImportRow,
    columns: &[String],
    take: &mut dyn FnMut(Record) -> bool,
) -> Result<(), DomainError> {
    match row.format.as_str() {
        "xlsx" => workbook::each_row(pieces, row.sheet.as_deref(), columns, take),
        "ndjson" => each_line(decoded(pieces, &row.encoding), columns, take),
        _ => each_row(decoded(pieces, &row.encoding), columns, take),
    }
}

/// The names of the file's columns: of the first row, or all those that the first lines of JSON have. A name that stands there twice, or that is
/// empty, is left out.
pub(super) fn headers(pieces: Pieces, row: &ImportRow) -> Result<Vec<String>, DomainError> {
    let all = match row.format.as_str() {
        "xlsx" => workbook::headers(pieces, row.sheet.as_deref())?,
        "ndjson" => members(decoded(pieces, &row.encoding))?,
        _ => {
            let mut rows = table(decoded(pieces, &row.encoding));
            rows.headers().map_err(|error| csv_error(&error))?.iter().map(str::to_owned).collect()
        }
    };
    let once = |name: &&String| all.iter().filter(|other| other.trim() == name.trim()).count() == 1;
    let names = all.iter().filter(once).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    Ok(names.take(MOST_COLUMNS).collect())
}

/// The names of members that the first lines have.
fn members(reader: impl Read) -> Result<Vec<String>, DomainError> {
    let mut names: Vec<String> = Vec::new();
    let mut lines = 0;
    lines_of(reader, &mut |_, text| {
        let members = text.ok().and_then(|text| serde_json::from_slice::<Members>(text).ok());
        for (name, _) in members.map(|members| members.0).unwrap_or_default() {
            if names.len() < MOST_COLUMNS && !names.contains(&name) {
                names.push(name);
            }
        }
        lines += 1;
        lines < LOOKED_AT
    })?;
    Ok(names)
}

/// The place of each column among these headers; every one that is missing or stands there twice is named.
pub(super) fn places(headers: &[String], columns: &[String]) -> Result<Vec<usize>, DomainError> {
    let (mut places, mut faults) = (Vec::with_capacity(columns.len()), Vec::new());
    for column in columns {
        let mut found = headers.iter().enumerate().filter(|(_, header)| header.trim() == column.trim());
        match (found.next(), found.next()) {
            (Some((place, _)), None) => places.push(place),
            (Some(_), Some(_)) => faults.push(Fault::new(column.as_str(), "duplicate_column")),
            (None, _) => faults.push(Fault::new(column.as_str(), "unknown_column")),
        }
    }
    if faults.is_empty() { Ok(places) } else { Err(DomainError::Invalid(faults)) }
}

fn table<R: Read>(reader: R) -> csv::Reader<R> {
    csv::ReaderBuilder::new().flexible(true).has_headers(true).buffer_capacity(64 * 1024).from_reader(reader)
}

fn unreadable(error: &dyn std::fmt::Display) -> DomainError {
    DomainError::unavailable(format!("import file: {error}"))
}

fn each_row(reader: impl Read, columns: &[String], take: &mut dyn FnMut(Record) -> bool) -> Result<(), DomainError> {
    let mut rows = table(reader);
    let headers: Vec<String> = rows.headers().map_err(|error| csv_error(&error))?.iter().map(str::to_owned).collect();
    let places = places(&headers, columns)?;
    let mut record = csv::StringRecord::new();
    let mut line = 1;
    loop {
        line += 1;
        match rows.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                if !take(Record::of(line, Err("invalid_encoding"))) {
                    return Ok(());
                }
                continue;
            }
            Err(error) => return Err(csv_error(&error)),
        }
        let cells = if record.len() != headers.len() {
            Err("wrong_column_count")
        } else if record.as_slice().len() > LONGEST {
            Err("too_long")
        } else {
            Ok(places.iter().map(|place| record.get(*place).map(|cell| FieldInput::Text(cell.to_owned()))).collect())
        };
        if !take(Record::of(line, cells)) {
            return Ok(());
        }
    }
}

fn csv_error(error: &csv::Error) -> DomainError {
    // Only kinds are printed: a csv error can quote the record.
    match error.kind() {
        csv::ErrorKind::Io(io) => unreadable(io),
        csv::ErrorKind::Utf8 { .. } => DomainError::invalid("/file", "unknown_encoding"),
        _ => unreadable(&"malformed"),
    }
}

fn each_line(reader: impl Read, columns: &[String], take: &mut dyn FnMut(Record) -> bool) -> Result<(), DomainError> {
    lines_of(reader, &mut |line, text| take(Record::of(line, text.and_then(|text| object_cells(text, columns)))))
}

/// Takes a line with its number, or the code that says why there is none; says whether to go on.
type TakeLine<'a> = dyn FnMut(i64, Result<&[u8], &'static str>) -> bool + 'a;

/// Hands on every line that is not empty with its number; instead of one that is too long, the code that says so.
fn lines_of(reader: impl Read, take: &mut TakeLine<'_>) -> Result<(), DomainError> {
    let mut reader = std::io::BufReader::with_capacity(64 * 1024, reader);
    let mut bytes = Vec::new();
    let mut line = 0;
    loop {
        line += 1;
        bytes.clear();
        let longest = u64::try_from(LONGEST).unwrap_or(u64::MAX);
        let read = std::io::BufRead::read_until(&mut (&mut reader).take(longest), b'\n', &mut bytes)
            .map_err(|error| unreadable(&error))?;
        if read == 0 {
            return Ok(());
        }
        let text = if read == LONGEST && bytes.last() != Some(&b'\n') {
            skip_line(&mut reader)?;
            Err("too_long")
        } else {
            Ok(bytes.trim_ascii())
        };
        if text != Ok(b"".as_slice()) && !take(line, text) {
            return Ok(());
        }
    }
}

fn skip_line(reader: &mut impl std::io::BufRead) -> Result<(), DomainError> {
    reader.skip_until(b'\n').map(drop).map_err(|error| unreadable(&error))
}

fn object_cells(text: &[u8], columns: &[String]) -> Result<Vec<Option<FieldInput>>, &'static str> {
    let members: Members = serde_json::from_slice(text).map_err(|error| match error.classify() {
        Category::Data => "wrong_type",
        _ => "malformed_json",
    })?;
    let mut keys: Vec<&str> = members.0.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    if keys.is_sorted_by(|one, next| one < next) {
        let found = |column: &String| members.0.iter().find(|(key, _)| key == column);
        Ok(columns.iter().map(|column| found(column).and_then(|(_, value)| cell(value))).collect())
    } else {
        Err("duplicate_key")
    }
}

/// The members of an object as they stand: a map would keep the last of two with one name and say nothing.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

fn cell(value: &Value) -> Option<FieldInput> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(FieldInput::Text(text.clone())),
        Value::Number(number) => Some(FieldInput::Number(number.to_string())),
        Value::Bool(value) => Some(FieldInput::Bool(*value)),
        Value::Array(_) | Value::Object(_) => Some(FieldInput::Structure(value.to_string())),
    }
}
