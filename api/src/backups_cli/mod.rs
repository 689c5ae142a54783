//! `custodian backup` and `custodian restore`: a dump with what says what it is, and a database that nothing came to life in again.

mod files;
mod programs;
mod restore;
mod take;

use std::path::PathBuf;

use custodian_application::startup::Unfit;

pub use restore::RestoreOptions;

/// Where to, and with which settings.
#[derive(clap::Args)]
pub struct BackupOptions {
    /// Folder that the backup goes to, in a folder of its own
    #[arg(long)]
    to: PathBuf,
    /// TOML file with settings
    #[arg(long, env = "CUSTODIAN_CONFIG")]
    config: Option<PathBuf>,
}

/// Takes a backup; `print` takes what it answers.
pub fn backup(options: &BackupOptions, print: &dyn Fn(&str)) -> Result<(), Unfit> {
    take::run(&options.to, options.config.as_deref(), print)
}

/// Puts a backup back. False where somebody who stays cannot be opened: the database stays closed.
pub fn restore(options: &RestoreOptions, print: &dyn Fn(&str)) -> Result<bool, Unfit> {
    restore::run(options, print)
}

fn unfit(error: impl std::fmt::Display) -> Unfit {
    Unfit(error.to_string())
}

fn runtime() -> Result<tokio::runtime::Runtime, Unfit> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(unfit)
}
