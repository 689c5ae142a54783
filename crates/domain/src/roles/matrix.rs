//! The built-in roles as a text that a lawyer can read. After a deliberate change: `UPDATE_GOLDEN=1 cargo test -p custodian-domain matrix`.

use std::fmt::Write as _;

use super::{Permission, Role, built_in};
use crate::access::{View, role_access};
use crate::catalog::{Field, customer};

/// Role by permission, then role by field of a customer: what each role may do, on which customers, and how much of each field it sees.
pub fn render_matrix() -> String {
    let mut text = String::from(
        "What the built-in roles may do, and how much of a customer each of them sees.\n\n\
         Customers that a role reaches\n\n",
    );
    for role in built_in() {
        let _ = writeln!(text, "  {:<10} {:<24} {}", role.code, role.labels.en, role.data_scope.as_str());
    }
    text.push_str("\nPermissions\n\n");
    let header: Vec<&str> = built_in().iter().map(|role| role.code.as_str()).collect();
    row(&mut text, "", header.iter().copied(), 11);
    for permission in Permission::ALL {
        let cells = built_in().iter().map(|role| if role.permissions.contains(permission) { "yes" } else { "-" });
        row(&mut text, permission.code(), cells, 11);
    }
    text.push_str(
        "\nFields of a customer, within those customers\n\n  \
         hidden: not even that it exists; masked: 138****5678; reveal: masked until asked for with a reason,\n  \
         each time on record; read: in full; edit: may be entered or changed, whatever is shown of it\n\n",
    );
    row(&mut text, "", header.iter().copied(), 14);
    for field in &customer().fields {
        let name = format!("{} ({})", field.key, field.classification.as_str());
        row(&mut text, &name, built_in().iter().map(|role| cell(role, field)), 14);
    }
    text
}

fn row(text: &mut String, name: &str, cells: impl Iterator<Item = impl AsRef<str>>, width: usize) {
    let mut line = format!("  {name:<27}");
    for cell in cells {
        let _ = write!(line, " {:<width$}", cell.as_ref());
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

fn cell(role: &Role, field: &Field) -> String {
    let access = role_access(role, Permission::CustomersRead, field);
    match (access.view, access.edit) {
        (View::Hidden, false) => "-".to_owned(),
        (view, false) => view.as_str().to_owned(),
        (view, true) => format!("{}, edit", view.as_str()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_matrix_is_the_committed_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/roles/matrix.txt");
        let rendered = render_matrix();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path, &rendered).unwrap();
        }
        assert_eq!(rendered, std::fs::read_to_string(path).unwrap());
    }
}
