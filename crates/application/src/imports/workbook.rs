//! Reading a workbook (XLSX) row by row: one row in memory at a time, beside the table of texts that all rows share.

use std::io::{Read, Seek};

use calamine::{Cell, DataRef, Dimensions, Reader as _, SheetType, SheetVisible, Xlsx};
use custodian_domain::kernel::{DomainError, Fault};

use super::bounds::{check, unreadable};
use super::file::{Record, places};
use crate::customers::FieldInput;

/// Numbers from here on have lost digits when the workbook was written: it keeps fifteen.
const EXACT: f64 = 1e15;

/// Opens a workbook that stays within its bounds.
fn open<R: Read + Seek + Clone>(file: R) -> Result<Xlsx<R>, DomainError> {
    check(file.clone())?;
    Xlsx::new(file).map_err(|_| unreadable())
}

/// The sheet of this name, else the first one that is neither hidden nor a chart.
fn sheet_of<R: Read + Seek>(book: &Xlsx<R>, wanted: Option<&str>) -> Result<String, DomainError> {
    let mut sheets = book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let found = match wanted {
        Some(name) => sheets.find(|sheet| sheet.name == name),
        None => sheets.find(|sheet| sheet.visible == SheetVisible::Visible),
    };
    found
        .map(|sheet| sheet.name.clone())
        .ok_or_else(|| DomainError::Invalid(vec![Fault::new("sheet", "unknown_sheet")]))
}

/// The names of the columns, from the first row that has any.
pub(super) fn headers<R: Read + Seek + Clone>(file: R, sheet: Option<&str>) -> Result<Vec<String>, DomainError> {
    let mut found = None;
    walk(file, sheet, &mut |row| {
        found = Some(names(row));
        false
    })?;
    Ok(found.unwrap_or_default())
}

/// Hands on every row but the first as a record: its line is the number that the sheet shows beside it.
pub(super) fn each_row<R: Read + Seek + Clone>(
    file: R,
    sheet: Option<&str>,
    columns: &[String],
    take: &mut dyn FnMut(Record) -> bool,
) -> Result<(), DomainError> {
    let mut wanted: Option<Result<Vec<usize>, DomainError>> = None;
    walk(file, sheet, &mut |row| match &wanted {
        None => {
            let found = places(&names(row), columns);
            let fine = found.is_ok();
            wanted = Some(found);
            fine
        }
        Some(Ok(places)) => take(record(row, places)),
        Some(Err(_)) => false,
    })?;
    match wanted {
        Some(Err(error)) => Err(error),
        Some(Ok(_)) => Ok(()),
        None => places(&[], columns).map(drop),
    }
}

/// One row: its number from 0, its cells by column, and which of them are covered by a merged region that began in another row.
struct Row {
    number: u32,
    cells: Vec<(u32, Value)>,
    covered: Vec<(u32, u32)>,
}

/// What a cell shows, as text.
enum Value {
    Text(String),
    Fault(&'static str),
}

fn walk<R: Read + Seek + Clone>(
    file: R,
    sheet: Option<&str>,
    take: &mut dyn FnMut(&Row) -> bool,
) -> Result<(), DomainError> {
    let mut book = open(file)?;
    let sheet = sheet_of(&book, sheet)?;
    let mut merged: Vec<Dimensions> = book.merge_cells_by_sheet_name(&sheet).map_err(|_| unreadable())?;
    merged.retain(|region| region.end.0 > region.start.0);
    merged.sort_unstable_by_key(|region| std::cmp::Reverse(region.start.0));
    let mut covers = Covers { ahead: merged, here: Vec::new() };
    let mut reader = book.worksheet_cells_reader(&sheet).map_err(|_| unreadable())?;
    let mut row: Option<Row> = None;
    while let Some(cell) = reader.next_cell().map_err(|_| unreadable())? {
        let (number, column) = cell.get_position();
        if row.as_ref().is_some_and(|row| row.number != number)
            && let Some(whole) = row.take()
            && whole.is_anything()
            && !take(&whole)
        {
            return Ok(());
        }
        let row = row.get_or_insert_with(|| Row { number, cells: Vec::new(), covered: covers.of(number) });
        row.cells.extend(value(&cell).map(|value| (column, value)));
    }
    if let Some(row) = row.filter(Row::is_anything) {
        take(&row);
    }
    Ok(())
}

/// Merged regions over several rows, walked beside the rows: the ones still to come, the first last, and those that have begun.
struct Covers {
    ahead: Vec<Dimensions>,
    here: Vec<Dimensions>,
}

impl Covers {
    /// The columns of this row that a region covers which began above it. Rows come in their order.
    fn of(&mut self, row: u32) -> Vec<(u32, u32)> {
        while let Some(region) = self.ahead.pop_if(|region| region.start.0 < row) {
            self.here.push(region);
        }
        self.here.retain(|region| region.end.0 >= row);
        self.here.iter().map(|region| (region.start.1, region.end.1)).collect()
    }
}

impl Row {
    fn is_anything(&self) -> bool {
        !self.cells.is_empty()
    }
}

fn names(row: &Row) -> Vec<String> {
    let mut names = Vec::new();
    for (column, value) in &row.cells {
        let Ok(column) = usize::try_from(*column) else { continue };
        if names.len() <= column {
            names.resize(column + 1, String::new());
        }
        if let (Some(name), Value::Text(text)) = (names.get_mut(column), value) {
            text.clone_into(name);
        }
    }
    names
}

fn record(row: &Row, places: &[usize]) -> Record {
    let mut faults = Vec::new();
    let cell = |(at, place): (usize, &usize)| {
        let column = u32::try_from(*place).unwrap_or(u32::MAX);
        if row.covered.iter().any(|(first, last)| (*first..=*last).contains(&column)) {
            // The value stands in another row; whether it is meant for this one, nobody can tell.
            faults.push((at, "merged_cell"));
            return None;
        }
        match row.cells.iter().find(|(known, _)| *known == column).map(|(_, value)| value) {
            Some(Value::Text(text)) => Some(FieldInput::Text(text.clone())),
            Some(Value::Fault(code)) => {
                faults.push((at, *code));
                None
            }
            None => None,
        }
    };
    let cells = places.iter().enumerate().map(cell).collect();
    Record { line: i64::from(row.number) + 1, cells: Ok(cells), faults }
}

/// What a cell shows. A formula counts by the value that the workbook keeps of it; it is never computed.
fn value(cell: &Cell<DataRef<'_>>) -> Option<Value> {
    Some(match cell.get_value() {
        DataRef::Empty => return None,
        DataRef::String(text) if text.is_empty() => return None,
        DataRef::String(text) => Value::Text(text.clone()),
        DataRef::SharedString("") => return None,
        DataRef::SharedString(text) => Value::Text((*text).to_owned()),
        DataRef::Int(number) => Value::Text(number.to_string()),
        DataRef::Float(number) => number_text(*number),
        DataRef::Bool(value) => Value::Text(value.to_string()),
        DataRef::DateTime(moment) if moment.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
            Value::Text(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
        }
        DataRef::DateTime(span) => number_text(span.as_f64()),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Value::Text(text.clone()),
        DataRef::Error(_) => Value::Fault("cell_error"),
    })
}

/// A number with the fifteen digits that a workbook keeps, and no artefacts of how it keeps them.
fn number_text(number: f64) -> Value {
    if !number.is_finite() {
        return Value::Fault("cell_error");
    }
    if number.abs() >= EXACT {
        return Value::Fault("digits_lost");
    }
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    Value::Text(rounded.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(number: f64) -> String {
        match number_text(number) {
            Value::Text(text) => text,
            Value::Fault(code) => code.to_owned(),
        }
    }

    #[test]
    fn numbers_are_shown_as_the_sheet_shows_them() {
        assert_eq!(shown(13_812_345_678.0), "13812345678");
        assert_eq!(shown(0.1 + 0.2), "0.3");
        assert_eq!(shown(-12.5), "-12.5");
        assert_eq!(shown(110_105_194_912_310_020.0), "digits_lost");
        assert_eq!(shown(f64::NAN), "cell_error");
    }

    #[test]
    fn a_region_covers_the_rows_below_its_first() {
        let region = |first, last| Dimensions { start: (first, 1), end: (last, 2) };
        let mut covers = Covers { ahead: vec![region(9, 10), region(2, 4)], here: Vec::new() };
        let rows: Vec<usize> = (1..12).map(|row| covers.of(row).len()).collect();
        assert_eq!(rows, [0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0]);
    }
}
