//! What the person sent by a form and nobody has decided about, as a package holds it.

use chrono::{DateTime, Utc};
use custodian_domain::kernel::{DomainError, Language};
use serde::Serialize;
use uuid::Uuid;

use super::content::{FieldLine, Source, csv_of, line};

/// One submission.
#[derive(Serialize)]
pub(super) struct SubmissionLine<'a> {
    id: Uuid,
    form_id: Uuid,
    at: DateTime<Utc>,
    pub fields: Vec<FieldLine<'a>>,
}

/// Those of which something belongs into this package; `shown` takes the names of the fields that do.
pub(super) fn lines<'a>(source: &Source<'a>, shown: &mut Vec<&'static str>) -> Vec<SubmissionLine<'a>> {
    let mut all = Vec::with_capacity(source.submissions.len());
    for sent in source.submissions {
        let found: Vec<_> = sent.values.iter().filter_map(|value| line(source, value)).collect();
        for (field, _) in &found {
            if !shown.contains(&field.name) {
                shown.push(field.name);
            }
        }
        if !found.is_empty() {
            let fields = found.into_iter().map(|(_, line)| line).collect();
            all.push(SubmissionLine { id: sent.id, form_id: sent.form, at: sent.at, fields });
        }
    }
    all
}

/// One line for each value.
pub(super) fn csv(submissions: &[SubmissionLine<'_>]) -> Result<Vec<u8>, DomainError> {
    let rows = submissions.iter().flat_map(|sent| {
        sent.fields.iter().map(|line| {
            let (id, at) = (sent.id.to_string(), sent.at.to_rfc3339());
            [id, at, line.key(), line.label(Language::En), line.label(Language::Zh), line.text()]
        })
    });
    csv_of(&["id", "at", "field", "label_en", "label_zh", "value"], rows)
}
