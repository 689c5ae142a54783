//! `custodian erasures`: checks a certificate with the published keys and nothing else; goes a round by hand.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use custodian_application::erasures::{self, CERTIFICATE_TYP};
use custodian_application::retention::DESTRUCTION_TYP;
use custodian_application::startup::Unfit;

use crate::config::Settings;
use crate::receipts_cli::{check_signed, read, tell};
use crate::state::Wiring;

/// Erasures and their certificates.
#[derive(Subcommand)]
pub enum ErasuresCommand {
    /// Check a certificate of an erasure, or of a round of retention, against a JWK set, offline; prints what was signed
    Verify {
        /// The certificate: the answer of the service, or the bare JWS
        certificate: PathBuf,
        /// The service's `/.well-known/jwks.json`, saved
        #[arg(long)]
        jwks: PathBuf,
    },
    /// Go one round now: rewrap the keys of those who stay, destroy old keys, look for copies, give certificates
    Settle {
        /// TOML file with settings
        #[arg(long, env = "CUSTODIAN_CONFIG")]
        config: Option<PathBuf>,
    },
}

/// Runs the command: false when a certificate is not one that a holder of these keys has signed.
pub fn run(command: &ErasuresCommand, print: &dyn Fn(&str)) -> Result<bool, Unfit> {
    match command {
        ErasuresCommand::Verify { certificate, jwks } => {
            let (certificate, jwks) = (read(certificate)?, read(jwks)?);
            let of_type = |typ| check_signed(&certificate, &jwks, typ, "certificate");
            let checked = of_type(CERTIFICATE_TYP).or_else(|why| of_type(DESTRUCTION_TYP).map_err(|_| why));
            tell(checked, "certificate", print)
        }
        ErasuresCommand::Settle { config } => settle(config.as_deref(), print),
    }
}

fn settle(config: Option<&Path>, print: &dyn Fn(&str)) -> Result<bool, Unfit> {
    let unfit = |error: &dyn std::fmt::Display| Unfit(error.to_string());
    let settings = Settings::load(config, std::env::vars()).map_err(|error| unfit(&error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| unfit(&error))?;
    let app = runtime.block_on(Wiring::new(&settings).start())?;
    let round = runtime.block_on(erasures::settle_all(&app)).map_err(|error| unfit(&error))?;
    print(&format!(
        "{} taken up, {} keys left behind, {} keys destroyed, {} people found nowhere, {} certificates.",
        round.taken_up, round.renewed, round.destroyed, round.clean, round.certified
    ));
    Ok(true)
}
