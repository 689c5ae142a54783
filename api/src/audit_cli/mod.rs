//! `custodian audit`: what an auditor and a witness run. Neither needs the server that they watch.

mod verify;
mod witness;
mod witness_store;

use custodian_application::startup::Unfit;
use custodian_crypto::note::VerifierKey;

/// What is done about logs from outside.
#[derive(clap::Subcommand)]
pub enum AuditCommand {
    /// Check exports of a log against checkpoints kept elsewhere; says the first bad place and fails if there is one
    Verify(verify::Options),
    /// Serve as a witness: cosign each checkpoint that follows from the one before (C2SP tlog-witness)
    Witness(witness::Options),
}

/// Runs the command; `print` takes what it answers. False means that something was found wrong.
pub fn run(command: &AuditCommand, print: &dyn Fn(&str)) -> Result<bool, Unfit> {
    match command {
        AuditCommand::Verify(options) => verify::run(options, print),
        AuditCommand::Witness(options) => witness::run(options, print).map(|()| true),
    }
}

/// A verifier key as an argument of the command line.
fn vkey(text: &str) -> Result<VerifierKey, String> {
    VerifierKey::parse(text).map_err(|error| error.to_string())
}
