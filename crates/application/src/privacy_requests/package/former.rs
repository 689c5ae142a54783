//! What was kept of the person before, as a package holds it.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{DomainError, Language};
use serde::Serialize;

use super::content::{FieldLine, Source, csv_of, line};

/// One value that another one, or none, replaced.
#[derive(Serialize)]
pub(super) struct FormerLine<'a> {
    #[serde(flatten)]
    line: FieldLine<'a>,
    replaced_at: DateTime<Utc>,
    /// It was kept in a record that is the person's by a merge.
    from_merged_record: bool,
}

/// Those that belong into this package; `shown` takes the names of their fields.
pub(super) fn lines<'a>(source: &Source<'a>, shown: &mut Vec<&'static str>) -> Vec<FormerLine<'a>> {
    let mut all = Vec::with_capacity(source.former.len());
    for former in source.former {
        let Some((field, line)) = line(source, &former.value) else { continue };
        if !shown.contains(&field.name) {
            shown.push(field.name);
        }
        all.push(FormerLine { line, replaced_at: former.replaced_at, from_merged_record: former.merged });
    }
    all
}

/// One line for each.
pub(super) fn csv(former: &[FormerLine<'_>]) -> Result<Vec<u8>, DomainError> {
    let rows = former.iter().map(|FormerLine { line, replaced_at, from_merged_record }| {
        let (at, merged) = (replaced_at.to_rfc3339(), from_merged_record.to_string());
        [line.key(), line.label(Language::En), line.label(Language::Zh), line.text(), at, merged]
    });
    csv_of(&["field", "label_en", "label_zh", "value", "replaced_at", "from_merged_record"], rows)
}
