//! Reading the sealed file back: pieces opened one at a time, decoded, cut into records.

use std::io::Read;
use std::sync::Arc;

use custodian_crypto::DataKey;
use custodian_domain::kernel::{DomainError, Fault, JobId, OrganizationId};
use custodian_persistence::imports::{self as stored, ImportRow};
use custodian_persistence::{Database, Work};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;
use tokio::runtime::Handle;

use crate::customers::FieldInput;
use crate::keys::own_place;

/// One record: its line, and its cells by column name, or the code of what is wrong with it as a whole.
pub(super) struct Record {
    /// Record number with the header counted as 1; for NDJSON the line number.
    pub line: i64,
    /// Cells in mapping order; `None` where the record has no such column.
    pub cells: Result<Vec<Option<FieldInput>>, &'static str>,
}

/// The longest record: longer ones are refused, so that one cannot fill the memory.
const LONGEST: usize = 1024 * 1024;

/// Opens pieces as they are asked for. Used on a blocking thread.
pub(super) struct Pieces {
    pub db: Database,
    pub organization: OrganizationId,
    pub import: JobId,
    pub key: Arc<DataKey>,
    pub count: i32,
    pub runtime: Handle,
    next: i32,
    current: std::io::Cursor<Vec<u8>>,
}

impl Pieces {
    pub(super) fn new(
        db: Database,
        organization: OrganizationId,
        row: &ImportRow,
        key: Arc<DataKey>,
        runtime: Handle,
    ) -> Self {
        Self {
            db,
            organization,
            import: row.id,
            key,
            count: row.chunks,
            runtime,
            next: 0,
            current: std::io::Cursor::default(),
        }
    }

    fn load(&self, sequence: i32) -> Result<Vec<u8>, DomainError> {
        let sealed = self.runtime.block_on(async {
            let work = Work::begin(&self.db, self.organization).await?;
            let sealed = stored::chunk(&work, self.import, sequence).await;
            work.abandon().await;
            sealed
        })?;
        let version = u32::try_from(sequence).map_err(|_| DomainError::Integrity)?;
        let place = own_place(self.organization, "import", self.import.uuid(), "piece", version);
        let opened = custodian_crypto::open(&self.key, &place, &sealed.ok_or(DomainError::Integrity)?)
            .map_err(|_| DomainError::Integrity)?;
        Ok(opened.to_vec())
    }
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let read = self.current.read(out)?;
            if read > 0 || self.next >= self.count {
                return Ok(read);
            }
            self.current = std::io::Cursor::new(self.load(self.next).map_err(std::io::Error::other)?);
            self.next += 1;
        }
    }
}

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
    let reader = decoded(pieces, &row.encoding);
    if row.format == "ndjson" { each_line(reader, columns, take) } else { each_row(reader, columns, take) }
}

fn unreadable(error: &dyn std::fmt::Display) -> DomainError {
    DomainError::unavailable(format!("import file: {error}"))
}

fn each_row(reader: impl Read, columns: &[String], take: &mut dyn FnMut(Record) -> bool) -> Result<(), DomainError> {
    let mut rows =
        csv::ReaderBuilder::new().flexible(true).has_headers(true).buffer_capacity(64 * 1024).from_reader(reader);
    let headers = rows.headers().map_err(|error| csv_error(&error))?.clone();
    let places: Vec<Option<usize>> =
        columns.iter().map(|column| headers.iter().position(|h| h.trim() == column.trim())).collect();
    let named_twice = |column: &&String| headers.iter().filter(|h| h.trim() == column.trim()).count() > 1;
    let twice: Vec<Fault> =
        columns.iter().filter(named_twice).map(|column| Fault::new(column.as_str(), "duplicate_column")).collect();
    if !twice.is_empty() {
        return Err(DomainError::Invalid(twice));
    }
    let missing = columns.iter().zip(&places).filter(|(_, place)| place.is_none());
    let missing: Vec<Fault> = missing.map(|(column, _)| Fault::new(column.as_str(), "unknown_column")).collect();
    if !missing.is_empty() {
        return Err(DomainError::Invalid(missing));
    }
    let mut record = csv::StringRecord::new();
    let mut line = 1;
    loop {
        line += 1;
        match rows.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                if !take(Record { line, cells: Err("invalid_encoding") }) {
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
            Ok(places
                .iter()
                .map(|place| place.and_then(|p| record.get(p)).map(|cell| FieldInput::Text(cell.to_owned())))
                .collect())
        };
        if !take(Record { line, cells }) {
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
        if read == LONGEST && bytes.last() != Some(&b'\n') {
            skip_line(&mut reader)?;
            if !take(Record { line, cells: Err("too_long") }) {
                return Ok(());
            }
            continue;
        }
        let text = bytes.trim_ascii();
        if text.is_empty() {
            continue;
        }
        if !take(Record { line, cells: object_cells(text, columns) }) {
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
