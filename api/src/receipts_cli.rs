//! `custodian receipts verify`: checks a receipt with the published keys and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Subcommand;
use custodian_application::consents::RECEIPT_TYP;
use custodian_application::startup::Unfit;
use custodian_crypto::jws;
use serde_json::Value;

/// Receipts of consent.
#[derive(Subcommand)]
pub enum ReceiptsCommand {
    /// Check a receipt against a JWK set, offline; prints what was signed
    Verify {
        /// The receipt: the answer of the service, or the bare JWS
        receipt: PathBuf,
        /// The service's `/.well-known/jwks.json`, saved
        #[arg(long)]
        jwks: PathBuf,
    },
}

/// Runs the check: false when the receipt is not one that a holder of these keys has signed.
pub fn run(command: &ReceiptsCommand, print: &dyn Fn(&str)) -> Result<bool, Unfit> {
    let ReceiptsCommand::Verify { receipt, jwks } = command;
    tell(check(&read(receipt)?, &read(jwks)?), "receipt", print)
}

/// Prints what was signed, or why the thing does not hold.
pub(crate) fn tell(checked: Result<String, &str>, thing: &str, print: &dyn Fn(&str)) -> Result<bool, Unfit> {
    match checked {
        Ok(signed) => {
            print(&signed);
            Ok(true)
        }
        Err(why) => {
            print(&format!("The {thing} does not hold: {why}."));
            Ok(false)
        }
    }
}

pub(crate) fn read(path: &Path) -> Result<String, Unfit> {
    fs::read_to_string(path).map_err(|error| Unfit(format!("{} cannot be read: {error}.", path.display())))
}

/// What was signed, as readable JSON; or why the receipt does not hold.
pub fn check(receipt: &str, jwks: &str) -> Result<String, &'static str> {
    check_signed(receipt, jwks, RECEIPT_TYP, "receipt")
}

/// The same for any signed thing: its type, and the member of the answer that shows it.
pub(crate) fn check_signed(receipt: &str, jwks: &str, typ: &str, member: &str) -> Result<String, &'static str> {
    let answer: Option<Value> = serde_json::from_str(receipt).ok();
    let text = match &answer {
        Some(answer) => answer.get("jws").and_then(Value::as_str).ok_or("it carries no signature")?,
        None => receipt.trim(),
    };
    let keys: Value = serde_json::from_str(jwks).map_err(|_| "the key set is not JSON")?;
    let keys = keys.get("keys").and_then(Value::as_array).ok_or("the key set has no keys")?;
    let public = keys.iter().filter_map(|key| URL_SAFE_NO_PAD.decode(key.get("x")?.as_str()?).ok());
    let mut known = public.filter_map(|key| <[u8; 32]>::try_from(key).ok());
    let payload = known.find_map(|key| jws::open(text, typ, &key)).ok_or("none of these keys has signed it")?;
    let signed: Value = serde_json::from_slice(&payload).map_err(|_| "what was signed is not JSON")?;
    if answer.as_ref().and_then(|answer| answer.get(member)).is_some_and(|shown| *shown != signed) {
        return Err("what it shows is not what was signed");
    }
    serde_json::to_string_pretty(&signed).map_err(|_| "what was signed cannot be shown")
}
