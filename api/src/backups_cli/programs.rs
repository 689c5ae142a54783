//! `pg_dump` and `pg_restore`, run with nothing of the caller's environment and no password on their command line.

use std::path::Path;
use std::process::Stdio;

use custodian_application::startup::Unfit;
use custodian_persistence::migrations;

use super::unfit;
use crate::config::Settings;
use crate::dev::postgres;
use crate::state;

/// Dumps a whole database into a file.
pub(super) fn dump(url: &str, settings: &Settings, file: &Path) -> Result<(), Unfit> {
    let file = file.to_string_lossy();
    let arguments = ["--format=custom", "--no-password", "--lock-wait-timeout=30s", "--file", &file];
    run("pg_dump", url, settings, &arguments)
}

/// Loads a dump into a database in one transaction: whole, or nothing of it.
pub(super) fn load(url: &str, settings: &Settings, file: &Path) -> Result<(), Unfit> {
    let environment = state::database_environment(url, settings)?;
    let name = environment.iter().find(|(name, _)| *name == "PGDATABASE").map_or("", |(_, value)| value.as_str());
    let (name, file) = (format!("--dbname={name}"), file.to_string_lossy());
    let arguments = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-password", &name, &file];
    run("pg_restore", url, settings, &arguments)
}

fn run(name: &str, url: &str, settings: &Settings, arguments: &[&str]) -> Result<(), Unfit> {
    let mut command = postgres::program(name).map_err(unfit)?;
    command.envs(state::database_environment(url, settings)?).args(arguments);
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).output();
    let output = output.map_err(|error| Unfit(format!("{name} cannot be run ({}).", error.kind())))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Unfit(format!("{name} failed: {}.", reason(&String::from_utf8_lossy(&output.stderr)))))
}

/// The first error that was told, without the context in which a server quotes rows.
fn reason(said: &str) -> String {
    let error = said.lines().find_map(|line| line.split_once("error: ").or_else(|| line.split_once("ERROR:")));
    let text = error.map_or("it ended without a word", |(_, text)| text.trim());
    text.trim_end_matches('.').chars().take(300).collect()
}

/// Brings a database that was loaded from an older schema up to date.
pub(super) async fn migrate(owner: &custodian_persistence::Database) -> Result<usize, Unfit> {
    Ok(migrations::up(owner).await?.applied.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_one_sentence_and_quotes_no_row() {
        let said = "pg_restore: while PROCESSING TOC:\npg_restore: error: COPY failed for table \"x\": ERROR:  bad.\nCONTEXT:  COPY x, line 1: \"secret\"\n";
        assert_eq!(reason(said), "COPY failed for table \"x\": ERROR:  bad");
        assert_eq!(reason(""), "it ended without a word");
    }
}
