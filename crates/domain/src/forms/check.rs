//! What a form may ask for: no more than its purpose lists, and enough to know whom it is about.

use super::{Form, MOST_FIELDS};
use crate::catalog::{DataType, Field, RecordType, SearchKind};
use crate::kernel::Fault;
use crate::purposes::{ConsentKind, Purpose};

/// Whether a page may have this origin: `https`, or the machine itself, with nothing behind the port.
pub fn is_origin(text: &str) -> bool {
    let local = ["http://localhost", "http://127.0.0.1"].iter().find_map(|known| text.strip_prefix(known));
    let port = |text: &str| text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    let host = |text: &str| {
        let name = text.split(':').next().unwrap_or_default();
        let part = |label: &str| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        name.split('.').all(part) && port(text.get(name.len()..).unwrap_or("?"))
    };
    local.is_some_and(port) || text.strip_prefix("https://").is_some_and(host)
}

/// Whether somebody can be known again by this field.
fn is_contact(field: &Field) -> bool {
    matches!(field.data_type, DataType::Phone | DataType::Email) && field.searchable.contains(&SearchKind::Exact)
}

/// The fields of a form by which somebody is known again, in its order.
pub fn contacts<'c>(form: &Form, of: &'c RecordType) -> Vec<&'c Field> {
    form.fields.iter().filter_map(|asked| of.field(&asked.key)).filter(|field| is_contact(field)).collect()
}

/// Every fault of a form for this purpose; `None` for one that is not in force.
pub fn faults(form: &Form, of: &RecordType, purpose: Option<&Purpose>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let listed = match purpose {
        None => {
            faults.push(Fault::new("/purpose", "unknown_purpose"));
            None
        }
        Some(purpose) => {
            if purpose.consent_kind == ConsentKind::Written {
                faults.push(Fault::new("/purpose", "written_evidence_needed"));
            }
            if purpose.fields.is_none() {
                faults.push(Fault::new("/purpose", "purpose_lists_no_fields"));
            }
            purpose.fields.as_ref()
        }
    };
    if form.fields.is_empty() || form.fields.len() > MOST_FIELDS {
        faults.push(Fault::new("/fields", "out_of_range").with_arg(MOST_FIELDS.to_string()));
    }
    for (at, asked) in form.fields.iter().enumerate() {
        let before = form.fields.iter().take(at).any(|other| other.key == asked.key);
        let closed = listed.is_some_and(|listed| !listed.contains(&asked.key));
        let code = match of.field(&asked.key) {
            None => "unknown_field",
            Some(_) if before => "repeated",
            Some(_) if closed => "purpose_excludes_field",
            Some(field) if field.keeps_unique() && !is_contact(field) => "not_on_a_form",
            Some(field) if field.required && !asked.required => "required_by_catalog",
            Some(_) => continue,
        };
        faults.push(Fault::new(format!("/fields/{at}/key"), code).with_arg(asked.key.clone()));
    }
    let lacks = |field: &&Field| field.required && !form.fields.iter().any(|asked| asked.key == field.key);
    faults.extend(of.fields.iter().filter(lacks).map(|f| Fault::new("/fields", "lacks_required").with_arg(f.key)));
    let known = |asked: &super::Asked| asked.required && of.field(&asked.key).is_some_and(is_contact);
    if !form.fields.iter().any(known) {
        faults.push(Fault::new("/fields", "no_contact_field"));
    }
    let strange = form.origins.iter().enumerate().filter(|(_, origin)| !is_origin(origin));
    faults
        .extend(strange.map(|(at, _)| Fault::new(format!("/origins/{at}"), "invalid_format").with_arg("https://host")));
    faults
}
