//! Rules of the sources that no compiler knows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Files longer than allowed. May only get shorter.
const LONGER: [&str; 0] = [];
const LONGEST_FILE: usize = 400;
/// Functions longer than allowed. May only get shorter.
const LONGER_FUNCTIONS: [&str; 0] = [];
const LONGEST_FUNCTION: usize = 50;
/// A test tells one story from beginning to end.
const LONGEST_TEST: usize = 100;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file beneath these folders, by its path from the root, with its text.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in folders {
        collect(&root().join(folder), &mut found);
    }
    assert!(found.len() > 10, "the sources were not found");
    found
}

fn collect(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

const EVERYTHING: [&str; 3] = ["api", "crates", "integration-tests"];

#[test]
fn every_file_opens_by_saying_what_it_is() {
    let silent: Vec<String> =
        sources(&EVERYTHING).into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(name, _)| name).collect();
    assert_eq!(silent, Vec::<String>::new(), "begin with a //! line");
}

#[test]
fn no_file_is_long() {
    let long: Vec<String> = sources(&EVERYTHING)
        .into_iter()
        .filter(|(_, text)| text.lines().count() >= LONGEST_FILE)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(long, LONGER, "part it by step, with a name for each");
}

/// The document keeps one schema of each name: a second would silently take the place of the first.
#[test]
fn no_two_bodies_share_a_name() {
    let (mut known, mut twice) = (BTreeSet::new(), Vec::new());
    for (file, text) in sources(&["api"]).into_iter().filter(|(file, _)| !file.ends_with("_tests.rs")) {
        let lines: Vec<&str> = text.lines().collect();
        for (at, _) in lines.iter().enumerate().filter(|(_, line)| line.contains("ToSchema") && line.contains("derive"))
        {
            let declared = lines[at..].iter().find_map(|line| {
                let mut words = line.split_whitespace().skip_while(|word| !matches!(*word, "struct" | "enum"));
                words.nth(1)
            });
            let name: String = declared.unwrap().chars().take_while(|c| c.is_alphanumeric()).collect();
            if !known.insert(name.clone()) {
                twice.push(format!("{file}::{name}"));
            }
        }
    }
    assert!(known.len() > 100, "the bodies were not found");
    assert_eq!(twice, Vec::<String>::new(), "give each its own name");
}

#[test]
fn no_function_is_long() {
    let long: Vec<String> = sources(&EVERYTHING).iter().flat_map(|(name, text)| long_functions(name, text)).collect();
    assert_eq!(long, LONGER_FUNCTIONS, "part it by step, with a name for each; or shorten this list");
}

/// The functions of a file that are longer than allowed, as `file::function`. Layout is rustfmt's: a function ends where its own indentation closes.
fn long_functions(file: &str, text: &str) -> Vec<String> {
    let longest = if file.contains("test") { LONGEST_TEST } else { LONGEST_FUNCTION };
    let lines: Vec<&str> = text.lines().collect();
    let mut long = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = begun_function(line) else { continue };
        let closing = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
        let length = lines[at..].iter().position(|line| **line == closing).map_or(1, |end| end + 1);
        if length > longest && !line.trim_end().ends_with([';', '}']) {
            long.push(format!("{file}::{name}"));
        }
    }
    long
}

/// The name of the function that begins on this line.
fn begun_function(line: &str) -> Option<&str> {
    let words = ["pub ", "pub(crate) ", "pub(super) ", "async ", "const "];
    let mut rest = line.trim_start();
    while let Some(next) = words.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = next;
    }
    rest.strip_prefix("fn ")?.split(['(', '<']).next()
}

/// Code with its tests cut off, and no comments.
fn code(text: &str) -> String {
    let own = text.split("#[cfg(test)]").next().unwrap_or_default();
    own.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Files that use one of these words outside tests, but for these and those beneath these folders.
fn users_of(folders: &[&str], words: &[&str], but: &[&str]) -> Vec<String> {
    let uses = |text: &str| words.iter().any(|word| code(text).contains(word));
    let own = sources(folders)
        .into_iter()
        .filter(|(name, _)| !but.iter().any(|known| name.starts_with(known)) && !name.contains("tests"));
    own.filter(|(_, text)| uses(text)).map(|(name, _)| name).collect()
}

#[test]
fn only_the_command_line_prints() {
    let words = ["println!", "print!(", "eprintln!", "eprint!(", "dbg!("];
    let told = [
        "api/src/cli.rs",
        "api/src/dev/banner.rs",
        "api/src/bench/mod.rs",
        "crates/crypto/src/rng.rs",
        "crates/verify/benches/",
    ];
    let printers = users_of(&["api", "crates"], &words, &told);
    assert_eq!(printers, Vec::<String>::new(), "say it to the log, or answer it");
}

#[test]
fn time_is_read_in_one_place() {
    let readers = users_of(
        &["api", "crates"],
        &["Utc::now(", "Local::now(", "SystemTime::now("],
        &["crates/application/src/clock.rs"],
    );
    assert_eq!(readers, Vec::<String>::new(), "ask the Clock that was handed in");
}

#[test]
fn sql_is_written_in_one_crate() {
    let words = ["\"SELECT ", "\"INSERT INTO", "\"UPDATE ", "\"DELETE FROM", "tokio_postgres", "deadpool_postgres"];
    let folders = ["api", "crates/application", "crates/domain", "crates/crypto", "crates/outbound"];
    // The bench measures us against plain SQL.
    let writers = users_of(&folders, &words, &["api/src/bench/"]);
    assert_eq!(writers, Vec::<String>::new(), "the queries live in crates/persistence");
}

/// Names of the modules of a folder.
fn modules(folder: &str) -> BTreeSet<String> {
    let names = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let stem = |path: PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    names.map(stem).filter(|name| !["lib", "mod", "main"].contains(&name.as_str())).collect()
}

#[track_caller]
fn all_among(names: &BTreeSet<String>, known: &BTreeSet<String>, besides: &[&str]) {
    let strangers: Vec<_> =
        names.iter().filter(|name| !known.contains(*name) && !besides.contains(&name.as_str())).collect();
    assert!(strangers.is_empty(), "{strangers:?} have no counterpart of their name");
}

#[test]
fn a_capability_has_one_name_in_every_layer() {
    let (routes, cases) = (modules("api/src/v1"), modules("crates/application/src"));
    let plumbing = ["admin", "checks", "connect", "error", "migrations", "work"];
    all_among(&routes, &cases, &[]);
    all_among(&modules("crates/persistence/src"), &cases, &plumbing);
    all_among(&modules("crates/domain/src"), &cases, &["kernel"]);
    all_among(&modules("integration-tests/tests"), &cases, &["dev", "faults", "house", "http", "support"]);
}

#[test]
fn a_migration_is_named_for_its_capability() {
    let cases = modules("crates/application/src");
    for name in modules("migrations").iter().filter(|name| *name != "README") {
        let (time, rest) = name.split_once('_').unwrap();
        assert!(time.len() == 14 && time.bytes().all(|byte| byte.is_ascii_digit()), "{name}");
        assert!(cases.iter().any(|case| rest.starts_with(&format!("{case}_"))), "{name} names no capability");
        for way in ["up.sql", "down.sql"] {
            assert!(root().join("migrations").join(name).join(way).exists(), "{name} lacks {way}");
        }
    }
}
