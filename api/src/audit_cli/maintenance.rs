//! `custodian audit fsck`, `key` and `retire`: with the server's own settings, beside a running server or without one.

use std::path::PathBuf;

use crate::config::Settings;
use crate::state::{self, Wiring};
use custodian_application::App;
use custodian_application::audit::{self, fsck};
use custodian_application::startup::Unfit;

/// Which service's log.
#[derive(clap::Args)]
pub struct Options {
    /// TOML file with settings
    #[arg(long, env = "CUSTODIAN_CONFIG")]
    config: Option<PathBuf>,
}

fn unfit(error: impl std::fmt::Display) -> Unfit {
    Unfit(error.to_string())
}

/// The application without the comparison with what was carried out: that is what these commands tell in full.
fn open(options: &Options) -> Result<(tokio::runtime::Runtime, App, Settings), Unfit> {
    let settings = Settings::load(options.config.as_deref(), std::env::vars()).map_err(unfit)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(unfit)?;
    let app = runtime.block_on(Wiring::new(&settings).open())?;
    Ok((runtime, app, settings))
}

pub(super) fn fsck(options: &Options, print: &dyn Fn(&str)) -> Result<bool, Unfit> {
    let (runtime, app, _) = open(options)?;
    let report = runtime.block_on(fsck::whole(&app)).map_err(unfit)?;
    for finding in &report.findings {
        print(&finding.to_string());
    }
    print(&format!(
        "{} entries of {} log(s), {} published heads: {} finding(s).",
        report.entries,
        report.logs,
        report.published,
        report.findings.len()
    ));
    if report.waiting > 0 {
        print(&format!(
            "{} log(s) have entries that still wait for their place; a running server gives it.",
            report.waiting
        ));
    }
    if app.log().settings().anchor.is_none() {
        print("No anchor file is set: an older copy of the database that was put back whole would not be noticed.");
    }
    Ok(report.findings.is_empty())
}

pub(super) fn key(options: &Options, rotate: bool, print: &dyn Fn(&str)) -> Result<bool, Unfit> {
    let (runtime, app, _) = open(options)?;
    if rotate {
        runtime.block_on(audit::rotate_key(&app))?;
    }
    for key in app.log().keys().verifiers(app.log().origin()) {
        print(&key.to_string());
    }
    Ok(true)
}

pub(super) fn retire(options: &Options, yes: bool, print: &dyn Fn(&str)) -> Result<bool, Unfit> {
    let (runtime, app, settings) = open(options)?;
    let retention = chrono::Duration::days(i64::from(settings.audit_retention_days.get()));
    let months = runtime.block_on(audit::due(&app, retention)).map_err(unfit)?;
    for month in &months {
        print(&month.table);
    }
    if months.is_empty() || !yes {
        print(&format!("{} partition(s) hold nothing younger than {} days.", months.len(), retention.num_days()));
        return Ok(true);
    }
    let owner = state::owner_database(&settings)?;
    runtime.block_on(audit::retire(&app, &owner, &months)).map_err(unfit)?;
    print(&format!("{} partition(s) let go.", months.len()));
    Ok(true)
}
