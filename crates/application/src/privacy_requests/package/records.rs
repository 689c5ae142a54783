//! What hangs on the person, as a package holds it.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{DomainError, Language};
use serde::Serialize;
use uuid::Uuid;

use super::content::{FieldLine, Source, csv_of, line};

/// One record.
#[derive(Serialize)]
pub(super) struct RecordLine<'a> {
    #[serde(rename = "type")]
    pub code: &'a str,
    pub label: std::collections::BTreeMap<&'static str, &'a str>,
    id: Uuid,
    at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    pub fields: Vec<FieldLine<'a>>,
}

/// The records of which something belongs into this package; `shown` takes the names of the fields that do.
pub(super) fn lines<'a>(source: &Source<'a>, shown: &mut Vec<&'static str>) -> Vec<RecordLine<'a>> {
    let mut all = Vec::with_capacity(source.records.len());
    for record in source.records {
        let mut fields = Vec::with_capacity(record.values.len());
        for (field, line) in record.values.iter().filter_map(|value| line(source, value)) {
            if !shown.contains(&field.name) {
                shown.push(field.name);
            }
            fields.push(line);
        }
        if fields.is_empty() {
            continue;
        }
        let label = [Language::En, Language::Zh].map(|one| (one.tag(), record.of.labels.in_language(one)));
        let (id, at, changed_at) = (record.id, record.at, record.updated_at);
        all.push(RecordLine { code: record.of.code, label: label.into_iter().collect(), id, at, changed_at, fields });
    }
    all
}

/// One line for each value.
pub(super) fn csv(records: &[RecordLine<'_>]) -> Result<Vec<u8>, DomainError> {
    let rows = records.iter().flat_map(|record| {
        record.fields.iter().map(|line| {
            let (code, id, at) = (record.code.to_owned(), record.id.to_string(), record.at.to_rfc3339());
            [code, id, at, line.key(), line.label(Language::En), line.label(Language::Zh), line.text()]
        })
    });
    csv_of(&["type", "id", "at", "field", "label_en", "label_zh", "value"], rows)
}
