//! Short one-time codes: eight digits that somebody types, a keyed digest here. What guards them is that few tries are left to guess.

use uuid::Uuid;
use zeroize::Zeroizing;

use super::token_keys::LETTER;
use crate::App;

/// Codes are below this number.
const BELOW: u64 = 100_000_000;

/// A code, wiped on drop, with what is kept of it.
pub(crate) struct Code {
    /// Eight digits.
    pub text: Zeroizing<String>,
    /// Keyed digest, bound to what the code is for.
    pub digest: [u8; 32],
}

/// Draws a code for one thing.
pub(crate) fn draw(app: &App, about: Uuid) -> Code {
    let mut bytes = [0_u8; 8];
    app.rng().fill(&mut bytes);
    let text = Zeroizing::new(format!("{:08}", u64::from_be_bytes(bytes) % BELOW));
    let digest = app.macs(LETTER).digest(&bound(about, &text));
    Code { text, digest }
}

/// Whether this is the code of that digest, in constant time; never where there is none.
pub(crate) fn is_right(app: &App, about: Uuid, text: &str, digest: Option<&[u8]>) -> bool {
    let known = app.macs(LETTER).verify(bound(about, text).as_bytes(), digest.unwrap_or(&[0; 32]));
    known && digest.is_some()
}

fn bound(about: Uuid, text: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("code/{about}/{text}"))
}
