//! `custodian audit`: what an auditor and a witness run, who need no server; and what an operator asks of the log.

mod live;
mod maintenance;
mod verify;
mod witness;
mod witness_store;

use custodian_application::startup::Unfit;
use custodian_crypto::note::VerifierKey;

/// What is done about logs.
#[derive(clap::Subcommand)]
pub enum AuditCommand {
    /// Check exports of a log, or a live database, against checkpoints kept elsewhere; says the first bad place and fails if there is one
    Verify(verify::Options),
    /// Serve as a witness: cosign each checkpoint that follows from the one before (C2SP tlog-witness)
    Witness(witness::Options),
    /// Check the whole log in the database once: every entry, hash, signature and right, and the anchor file
    Fsck(maintenance::Options),
    /// Print the public keys that the log's checkpoints are verified with, oldest first; the last one signs
    Key {
        #[command(flatten)]
        options: maintenance::Options,
        /// Make a new key first, which signs from here on; a running server takes it up with its next check of the log
        #[arg(long)]
        rotate: bool,
    },
    /// Let go of months that are older than audit_retention_days; their hashes stay. Needs the owner's connection
    Retire {
        #[command(flatten)]
        options: maintenance::Options,
        /// Do it; without, the months are only named
        #[arg(long)]
        yes: bool,
    },
}

/// Runs the command; `print` takes what it answers. False means that something was found wrong.
pub fn run(command: &AuditCommand, print: &dyn Fn(&str)) -> Result<bool, Unfit> {
    match command {
        AuditCommand::Verify(options) => verify::run(options, print),
        AuditCommand::Witness(options) => witness::run(options, print).map(|()| true),
        AuditCommand::Fsck(options) => maintenance::fsck(options, print),
        AuditCommand::Key { options, rotate } => maintenance::key(options, *rotate, print),
        AuditCommand::Retire { options, yes } => maintenance::retire(options, *yes, print),
    }
}

/// A verifier key as an argument of the command line.
fn vkey(text: &str) -> Result<VerifierKey, String> {
    VerifierKey::parse(text).map_err(|error| error.to_string())
}
