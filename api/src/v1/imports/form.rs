//! The parts of an import's form that say how its file is to be read.

use custodian_application::imports::{Format, Mapping, OnConflict, Target, UploadOptions};
use custodian_domain::catalog::{CUSTOMER, Catalog, RecordType};
use custodian_domain::kernel::{DomainError, Fault};

use crate::http::{Problem, read_json};

const PARTS: [&str; 8] = ["mapping", "record_type", "mode", "on_conflict", "dry_run", "format", "sheet", "utc_offset"];

/// The parts as they came in.
pub(super) struct Parts {
    pub has_file: bool,
    /// What the file's name and type say of it.
    pub looks_like: Format,
    texts: [Option<String>; 8],
    faults: Vec<Fault>,
}

impl Default for Parts {
    fn default() -> Self {
        Self { has_file: false, looks_like: Format::Csv, texts: Default::default(), faults: Vec::new() }
    }
}

impl Parts {
    /// Takes a part that is not the file.
    pub(super) fn take(&mut self, name: &str, text: String) {
        let place = PARTS.iter().position(|known| *known == name).and_then(|at| self.texts.get_mut(at));
        match place {
            None => {
                let name: String = name.chars().take(64).collect();
                self.faults.push(Fault::new(format!("/{name}"), "unknown_field"));
            }
            Some(place) => {
                if place.replace(text).is_some() {
                    self.faults.push(Fault::new(format!("/{name}"), "repeated"));
                }
            }
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        let at = PARTS.iter().position(|known| *known == name)?;
        self.texts.get(at)?.as_deref().map(str::trim)
    }

    fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)], default: T) -> T {
        let Some(text) = self.text(name) else { return default };
        match choices.iter().find(|(known, _)| *known == text) {
            Some((_, found)) => *found,
            None => {
                let known: Vec<&str> = choices.iter().map(|(code, _)| *code).collect();
                self.faults.push(Fault::new(format!("/{name}"), "not_a_choice").with_arg(known.join(", ")));
                default
            }
        }
    }

    /// Every fault of the form at once, or how the file is to be read.
    pub(super) fn options(mut self, catalog: &Catalog) -> Result<UploadOptions, Problem> {
        let types: Vec<(&str, &RecordType)> =
            catalog.types().iter().filter(|one| one.in_use).map(|one| (one.code, one)).collect();
        let of = self.choice("record_type", &types, catalog.customer());
        let upsert = self.choice("mode", &[("create", false), ("upsert", true)], false);
        let rules = [OnConflict::Overwrite, OnConflict::Fill, OnConflict::Refuse].map(|rule| (rule.as_str(), rule));
        let on_conflict = self.choice("on_conflict", &rules, OnConflict::Overwrite);
        let dry_run = self.choice("dry_run", &[("false", false), ("true", true)], false);
        let formats = [Format::Csv, Format::Ndjson, Format::Xlsx].map(|format| (format.as_str(), format));
        let format = self.choice("format", &formats, self.looks_like);
        let utc_offset = self.text("utc_offset").unwrap_or("+00:00").to_owned();
        if !is_offset(&utc_offset) {
            self.faults.push(Fault::new("/utc_offset", "invalid_format").with_arg("+08:00"));
        }
        let sheet = self.text("sheet").filter(|name| !name.is_empty()).map(str::to_owned);
        if !self.has_file {
            self.faults.push(Fault::new("/file", "required"));
        }
        let mapping = self.mapping(of, dry_run)?;
        if !mapping.0.is_empty() {
            self.joined(of, &mapping, upsert);
        }
        if self.faults.is_empty() {
            let record_type = of.code;
            Ok(UploadOptions { record_type, mapping, upsert, on_conflict, dry_run, format, sheet, utc_offset })
        } else {
            Err(DomainError::Invalid(self.faults).into())
        }
    }

    /// The mapping; empty where a dry run is to propose one, and where it has faults.
    fn mapping(&mut self, of: &RecordType, dry_run: bool) -> Result<Mapping, Problem> {
        let read = match self.text("mapping") {
            None if dry_run => return Ok(Mapping::default()),
            None => Err("required"),
            Some(text) => read_json(text.as_bytes()).map_err(|_| "malformed_json"),
        };
        match read.map(|value| Mapping::parse(of, &value)) {
            Ok(Ok(mapping)) => return Ok(mapping),
            Ok(Err(DomainError::Invalid(faults))) => self.faults.extend(faults),
            Ok(Err(error)) => return Err(error.into()),
            Err(code) => self.faults.push(Fault::new("/mapping", code)),
        }
        Ok(Mapping::default())
    }

    /// A record is joined to its customer, and what is to be changed is known by something unique.
    fn joined(&mut self, of: &RecordType, mapping: &Mapping, upsert: bool) {
        if of.code != CUSTOMER && !mapping.names(&Target::CustomerNo) {
            self.faults.push(Fault::new("/mapping/customer_no", "required"));
        }
        let known = of.fields.iter().any(|field| field.unique && mapping.names(&Target::Field(field.key)));
        if upsert && of.code == CUSTOMER && !mapping.names(&Target::Field("customer_no")) {
            self.faults.push(Fault::new("/mapping/customer_no", "required"));
        } else if upsert && !known {
            self.faults.push(Fault::new("/mode", "needs_unique_field"));
        }
    }
}

/// Whether it is an offset from UTC such as `+08:00`.
fn is_offset(text: &str) -> bool {
    let hours = text.get(1..3).and_then(|hours| hours.parse::<u8>().ok());
    let minutes = text.get(4..).and_then(|minutes| minutes.parse::<u8>().ok());
    let shaped = text.len() == 6 && text.starts_with(['+', '-']) && text.get(3..4) == Some(":");
    shaped && hours.is_some_and(|hours| hours <= 14) && minutes.is_some_and(|minutes| minutes < 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_hours_and_minutes_with_a_sign() {
        assert!(["+08:00", "-03:30", "+00:00", "+14:00"].into_iter().all(is_offset));
        assert!(!["8", "08:00", "+8:00", "+15:00", "+08:60", "+08-00", "+a8:00", ""].into_iter().any(is_offset));
    }
}
