//! The table of attacks in SECURITY.md: each is tried by a test that exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The rows of the table: the attack, and the tests between backticks.
fn attacks() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let (_, rest) = text.split_once("\n## Attacks that are tried\n").expect("the section is there");
    let section = rest.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    let rows = rows.filter(|line| *line != "| attack | tried by |");
    let cells = rows.map(|row| row.trim_matches('|').split_once(" | ").expect("two columns"));
    cells
        .map(|(attack, tests)| {
            let tests = tests.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            (attack.trim().to_owned(), tests)
        })
        .collect()
}

/// The file of a module: `auth::refresh` is one of ours, and a path that ends in `.rs` is what it says.
fn file(module: &str) -> Option<PathBuf> {
    let beneath = root().join("integration-tests/tests").join(module.replace("::", "/"));
    let places = [root().join(module), beneath.with_extension("rs"), beneath.join("mod.rs")];
    places.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "rs") && path.is_file())
}

/// Whether a test of this name stands in this text.
fn has_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let begins = |line: &&str| line.trim_start_matches("async ").starts_with(&format!("fn {name}("));
    let marked = |at: usize| {
        lines[..at].iter().rev().take_while(|line| line.starts_with("#[")).any(|line| line.contains("test"))
    };
    lines.iter().position(begins).is_some_and(marked)
}

#[test]
fn each_attack_that_is_named_is_tried() {
    let attacks = attacks();
    assert!(attacks.len() > 50, "the table is read wrongly: {} rows", attacks.len());
    let mut faults = Vec::new();
    for (attack, tests) in &attacks {
        if tests.is_empty() {
            faults.push(format!("{attack}: no test"));
        }
        for test in tests {
            let found =
                test.rsplit_once("::").and_then(|(module, name)| Some((fs::read_to_string(file(module)?).ok()?, name)));
            if !found.is_some_and(|(text, name)| has_test(&text, name)) {
                faults.push(format!("{attack}: {test} does not exist"));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    let names: BTreeSet<&String> = attacks.iter().map(|(attack, _)| attack).collect();
    assert_eq!(names.len(), attacks.len(), "an attack stands twice");
}
