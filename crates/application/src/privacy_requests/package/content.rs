//! What a package holds: the person's own data as JSON with its schema, as CSV, and as a text that can be read.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use custodian_domain::catalog::{Field, Output, without_others};
use custodian_domain::exports::is_formula;
use custodian_domain::kernel::{DomainError, Language};
use custodian_domain::privacy_requests::{
    Jurisdiction, Right, encloses_files, is_free_text, is_judged, is_left_out, is_portable, remedy,
};
use custodian_domain::purposes::Purpose;
use custodian_persistence::consents::Listed;
use custodian_persistence::customers::CustomerRow;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::files::Attached;
use super::former::{self, FormerLine};
use super::records::{self, RecordLine};
use super::submissions::{self, SubmissionLine};
use super::summary::summary;
use crate::customers::FormerValue;
use crate::forms::OwnSubmission;
use crate::records::OwnRecord;

/// The form of `data.json`; changes with its schema.
pub(super) const FORMAT: &str = "custodian.subject-package/3";
const SCHEMA: &str = include_str!("schema.json");

/// Everything that a package is made from.
pub(super) struct Source<'a> {
    pub request: Uuid,
    pub right: Right,
    pub jurisdiction: Jurisdiction,
    pub language: Language,
    pub at: DateTime<Utc>,
    pub row: &'a CustomerRow,
    pub values: &'a [(&'a Field, String)],
    /// What was kept of the person before.
    pub former: &'a [FormerValue<'a>],
    pub purposes: &'a [(String, Purpose)],
    /// Codes of the purposes that the person agrees to.
    pub agreed: &'a [String],
    pub consents: &'a [Listed],
    pub records: &'a [OwnRecord<'a>],
    pub attached: &'a [Attached],
    /// How many files hang on the person that this package leaves out.
    pub files_left_out: usize,
    /// What was sent by a form and waits for a decision.
    pub submissions: &'a [OwnSubmission<'a>],
    /// The person's own identifiers: others' are taken out of free texts.
    pub identifiers: &'a [String],
}

#[derive(Serialize)]
pub(super) struct FieldLine<'a> {
    key: &'a str,
    label: BTreeMap<&'static str, &'a str>,
    category: Value,
    value: Value,
    purposes: Vec<&'a str>,
}

impl FieldLine<'_> {
    /// The value as a cell of a table or a word of a text.
    pub(super) fn text(&self) -> String {
        self.value.as_str().map_or_else(|| self.value.to_string(), str::to_owned)
    }

    pub(super) fn label(&self, language: Language) -> String {
        self.label.get(language.tag()).copied().unwrap_or(self.key).to_owned()
    }

    pub(super) fn key(&self) -> String {
        self.key.to_owned()
    }
}

/// The files of a package, in order.
pub(super) struct Files {
    /// Keys of the fields that are in it.
    pub fields: Vec<&'static str>,
    files: Vec<(&'static str, Vec<u8>)>,
}

impl Files {
    /// How large they are in all.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, content)| content.len() as u64).sum()
    }

    /// Name and content of each.
    pub(super) fn each(self) -> impl Iterator<Item = (&'static str, Vec<u8>)> {
        self.files.into_iter()
    }
}

/// Makes the files.
pub(super) fn files(source: &Source<'_>) -> Result<Files, DomainError> {
    let lines: Vec<(&Field, FieldLine<'_>)> = source.values.iter().filter_map(|one| line(source, one)).collect();
    let mut fields: Vec<&'static str> = lines.iter().map(|(field, _)| field.name).collect();
    let lines: Vec<FieldLine<'_>> = lines.into_iter().map(|(_, line)| line).collect();
    let records = records::lines(source, &mut fields);
    let submissions = submissions::lines(source, &mut fields);
    let former = former::lines(source, &mut fields);
    let data = data(source, &lines, &records, &submissions, &former);
    let unserialised = |_| DomainError::internal("a package does not serialise");
    let files = vec![
        ("data.json", serde_json::to_vec_pretty(&data).map_err(unserialised)?),
        ("schema.json", SCHEMA.as_bytes().to_vec()),
        ("data.csv", data_csv(&lines)?),
        ("former_values.csv", former::csv(&former)?),
        ("records.csv", records::csv(&records)?),
        ("submissions.csv", submissions::csv(&submissions)?),
        ("consents.csv", consents_csv(source.consents)?),
        ("attachments.csv", attachments_csv(source)?),
        ("summary.txt", summary(source, &lines, &records, submissions.len(), former.len()).into_bytes()),
    ];
    Ok(Files { fields, files })
}

/// A value that belongs into this package: for taking along what was given by consent or contract alone, and never what the law leaves out.
pub(super) fn line<'a>(
    source: &Source<'a>,
    (field, text): &'a (&'a Field, String),
) -> Option<(&'a Field, FieldLine<'a>)> {
    if is_left_out(source.jurisdiction, field) {
        return None;
    }
    let uses = |purpose: &Purpose| purpose.fields.as_ref().is_none_or(|keys| keys.iter().any(|key| key == field.name));
    let used: Vec<&(String, Purpose)> = source.purposes.iter().filter(|(_, purpose)| uses(purpose)).collect();
    if source.right == Right::Portability {
        let given =
            |(code, purpose): &&(String, Purpose)| is_portable(&purpose.legal_basis, source.agreed.contains(code));
        used.iter().find(|one| given(one)).filter(|_| !is_judged(field))?;
    }
    let value = match field.present(text) {
        Output::Text(text) if is_free_text(field) => json!(without_others(text, source.identifiers)),
        Output::Text(text) => json!(text),
        Output::Bool(value) => json!(value),
        Output::Number(text) | Output::Structure(text) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
    };
    let label = [Language::En, Language::Zh].map(|language| (language.tag(), field.labels.in_language(language)));
    let line = FieldLine {
        key: field.key,
        label: label.into_iter().collect(),
        category: json!(field.category),
        value,
        purposes: used.iter().map(|(code, _)| code.as_str()).collect(),
    };
    Some((field, line))
}

/// Whether a purpose uses anything that is handed over.
pub(super) fn is_used(code: &str, lines: &[FieldLine<'_>], records: &[RecordLine<'_>]) -> bool {
    let all = lines.iter().chain(records.iter().flat_map(|record| &record.fields));
    all.into_iter().any(|line| line.purposes.contains(&code))
}

fn data(
    source: &Source<'_>,
    lines: &[FieldLine<'_>],
    records: &[RecordLine<'_>],
    submissions: &[SubmissionLine<'_>],
    former: &[FormerLine<'_>],
) -> Value {
    let used = |code: &str| is_used(code, lines, records);
    let purposes = source.purposes.iter().filter(|(code, _)| used(code)).map(|(code, purpose)| {
        json!({"code": code, "labels": purpose.labels, "description": purpose.description, "legal_basis": purpose.legal_basis,
            "recipients": purpose.recipients, "retention_days": purpose.retention_days})
    });
    let consents = source.consents.iter().map(|listed| {
        let consent = &listed.consent;
        json!({"purpose": consent.purpose, "channel": consent.channel, "outcome": consent.outcome, "state": listed.state, "at": consent.at,
            "changed_at": listed.changed_at, "expires_at": consent.expires_at, "notice_id": consent.notice})
    });
    let [en, zh] = remedy(source.jurisdiction);
    json!({
        "format": FORMAT,
        "request_id": source.request,
        "right": source.right.as_str(),
        "jurisdiction": source.jurisdiction.as_str(),
        "generated_at": source.at,
        "person": {"fields": lines, "source": source.row.source, "held_since": source.row.created_at, "changed_at": source.row.updated_at,
            "restricted": source.row.restricted},
        "former_values": former,
        "records": records,
        "attachments": source.attached.iter().map(|one| one.told(encloses_files(source.jurisdiction))).collect::<Vec<_>>(),
        "submissions": submissions,
        "purposes": purposes.collect::<Vec<_>>(),
        "consents": consents.collect::<Vec<_>>(),
        "remedy": {"en": en, "zh-CN": zh},
    })
}

fn data_csv(lines: &[FieldLine<'_>]) -> Result<Vec<u8>, DomainError> {
    let rows = lines.iter().map(|line| {
        [line.key(), line.label(Language::En), line.label(Language::Zh), line.text(), line.purposes.join(" ")]
    });
    csv_of(&["field", "label_en", "label_zh", "value", "purposes"], rows)
}

fn attachments_csv(source: &Source<'_>) -> Result<Vec<u8>, DomainError> {
    let enclosed = encloses_files(source.jurisdiction);
    let rows = source.attached.iter().map(|one| one.cells(enclosed));
    csv_of(&["id", "name", "media_type", "size", "at", "file"], rows)
}

fn consents_csv(consents: &[Listed]) -> Result<Vec<u8>, DomainError> {
    let rows = consents.iter().map(|listed| {
        let consent = &listed.consent;
        let at = consent.at.to_rfc3339();
        [consent.purpose.clone(), consent.channel.clone(), consent.outcome.clone(), listed.state.clone(), at]
    });
    csv_of(&["purpose", "channel", "outcome", "state", "at"], rows)
}

pub(super) fn csv_of<const N: usize>(
    head: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<Vec<u8>, DomainError> {
    let failed = |_| DomainError::internal("a table does not serialise");
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(head).map_err(failed)?;
    for row in rows {
        writer.write_record(row.map(harmless)).map_err(failed)?;
    }
    writer.into_inner().map_err(|_| DomainError::internal("a table does not serialise"))
}

/// What a spreadsheet would take for a formula gets an apostrophe before it; numbers and telephone numbers stay as they are.
fn harmless(cell: String) -> String {
    let plain =
        |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b' ' | b'-'));
    let number = cell.strip_prefix(['+', '-']).is_some_and(plain);
    if is_formula(&cell) && !number { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_spreadsheet_finds_no_formula_and_a_person_their_own_number() {
        for formula in ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd", "\t=1", "-"] {
            assert_eq!(harmless(formula.to_owned()), format!("'{formula}"));
        }
        for plain in ["+8613800000000", "-12.5", "Zhang", "", "a=b"] {
            assert_eq!(harmless(plain.to_owned()), plain);
        }
    }

    #[test]
    fn the_schema_is_one_and_names_the_form() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        assert_eq!(schema["properties"]["format"]["const"], FORMAT);
    }
}
