//! `custodian backup` and `custodian restore`: a dump with what says what it is, and a database that nothing came to life in again.

mod drill;
mod files;
mod programs;
mod restore;
mod take;

use std::path::PathBuf;

use custodian_application::startup::Unfit;

pub use drill::DrillOptions;
pub use restore::RestoreOptions;

/// Where to, and with which settings; or another thing that is done with backups.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BackupOptions {
    #[command(subcommand)]
    command: Option<BackupCommand>,
    /// Folder that the backup goes to, in a folder of its own
    #[arg(long, required = true)]
    to: Option<PathBuf>,
    /// TOML file with settings
    #[arg(long, env = "CUSTODIAN_CONFIG")]
    config: Option<PathBuf>,
}

/// What else is done with backups.
#[derive(clap::Subcommand)]
enum BackupCommand {
    /// Put the newest back into a cluster beside, with everything that a restore does, and note whether it stood the trial
    Drill(DrillOptions),
}

/// Takes a backup, or tries one; `print` takes what it answers. False where the trial was not passed.
pub fn backup(options: &BackupOptions, print: &dyn Fn(&str)) -> Result<bool, Unfit> {
    match (&options.command, &options.to) {
        (Some(BackupCommand::Drill(drill)), _) => drill::run(drill, print),
        (None, Some(to)) => take::run(to, options.config.as_deref(), print).map(|()| true),
        (None, None) => Err(unfit("--to must name a folder.")),
    }
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
