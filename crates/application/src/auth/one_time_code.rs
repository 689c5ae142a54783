//! Short one-time codes: eight digits that somebody types, a keyed digest here. What guards them is that few tries are left to guess.

use uuid::Uuid;
use zeroize::Zeroizing;

use super::token_keys::LETTER;
use crate::App;

/// Codes are below this number.
const BELOW: u64 = 100_000_000;

/// A code, wiped on drop.
pub(crate) struct Code {
    /// Eight digits.
    pub text: Zeroizing<String>,
}

/// Draws a code.
pub(crate) fn draw(app: &App) -> Code {
    let mut bytes = [0_u8; 8];
    app.rng().fill(&mut bytes);
    Code { text: Zeroizing::new(format!("{:08}", u64::from_be_bytes(bytes) % BELOW)) }
}

/// What is kept of a code: a keyed digest, bound to what the code is for and to the contact point that it went to.
pub(crate) fn digest(app: &App, about: Uuid, to: &str, code: &Code) -> [u8; 32] {
    app.macs(LETTER).digest(&bound(about, to, &code.text))
}

/// Whether this is the code of that digest, in constant time; never where there is none. `to` is where a code would go now: one that went anywhere else is
/// not right any more.
pub(crate) fn is_right(app: &App, about: Uuid, to: Option<&str>, text: &str, digest: Option<&[u8]>) -> bool {
    let bound = bound(about, to.unwrap_or_default(), text);
    let known = app.macs(LETTER).verify(bound.as_bytes(), digest.unwrap_or(&[0; 32]));
    known && to.is_some() && digest.is_some()
}

fn bound(about: Uuid, to: &str, text: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("code/{about}/{text}/{to}"))
}
