//! Compact JWS (RFC 7515) with EdDSA (RFC 8037) for documents that must verify offline.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::signing::{SigningKey, verify as verify_signature};

/// Signs a payload. The header holds `alg`, `kid` and `typ` and nothing else.
pub fn sign(key: &SigningKey, typ: &str, payload: &[u8]) -> String {
    let signed = format!("{}.{}", header(typ, &key.key_id()), URL_SAFE_NO_PAD.encode(payload));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The payload, if the text was signed by the holder of `public` as this `typ`; any other header is refused.
pub fn open(text: &str, typ: &str, public: &[u8; 32]) -> Option<Vec<u8>> {
    let (signed, signature) = text.rsplit_once('.')?;
    let (head, payload) = signed.split_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let ours = head == header(typ, &crate::signing::key_id(public));
    (ours && verify_signature(public, signed.as_bytes(), &signature)).then(|| URL_SAFE_NO_PAD.decode(payload).ok())?
}

/// `typ` and `kid` are ours: letters, digits and `+-_/.`, nothing to escape.
fn header(typ: &str, key_id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"EdDSA","kid":"{key_id}","typ":"{typ}"}}"#))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::rng::SeededRandomness;

    #[test]
    fn what_was_signed_opens_and_nothing_else_does() {
        let (key, _) = SigningKey::generate(&SeededRandomness::new(4));
        let (other, _) = SigningKey::generate(&SeededRandomness::new(5));
        let text = sign(&key, "access-review+jws", b"{\"a\":1}");
        assert_eq!(open(&text, "access-review+jws", &key.public()).unwrap(), b"{\"a\":1}");
        assert_eq!(open(&text, "at+jwt", &key.public()), None);
        assert_eq!(open(&text, "access-review+jws", &other.public()), None);
        for at in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            // The last character of a base64url text carries spare bits, which decoding refuses.
            assert_eq!(open(&altered, "access-review+jws", &key.public()), None, "byte {at}");
        }
    }

    #[test]
    fn rfc_8037_appendix_a_4() {
        let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let bytes: Vec<u8> = (0..64).step_by(2).map(|at| u8::from_str_radix(&seed[at..at + 2], 16).unwrap()).collect();
        let key = SigningKey::from_secret(&bytes).ok().unwrap();
        // The example's header is {"alg":"EdDSA"}; the signature over its text is a known answer.
        let signature = key.sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
        let known = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert_eq!(URL_SAFE_NO_PAD.encode(signature), known);
    }
}
