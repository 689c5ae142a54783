//! The rules of a witness (C2SP tlog-witness): what it reads, what it refuses and why. It keeps nothing itself.
//!
//! Whoever serves it holds one lock from reading the latest checkpoint of a log to having the new one on disk.

use custodian_crypto::checkpoint::Checkpoint;
use custodian_crypto::merkle::{Hash, ProofError, verify_consistency};
use custodian_crypto::note::{KeyKind, Note, VerifierKey};

use crate::signed::hash;

/// Hashes that a consistency proof may have; no tree needs more.
const MOST_HASHES: usize = 63;

/// Why a witness does not cosign, each with its HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 400: not the form of a request, or the old size is above the new.
    #[error("the request is not of its form")]
    Malformed,
    /// 404: no log of that origin is known here.
    #[error("the log is not known to this witness")]
    UnknownLog,
    /// 403: no known key of the log has signed.
    #[error("no known key of the log has signed the checkpoint")]
    NotSigned,
    /// 409: the latest checkpoint cosigned has this size, and the request begins elsewhere or has another root for it.
    #[error("the latest checkpoint cosigned has {0} entries")]
    Conflict(u64),
    /// 422: the consistency proof does not hold.
    #[error("the consistency proof does not hold")]
    BadProof,
}

impl Refusal {
    /// The status of the answer.
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::NotSigned => 403,
            Self::UnknownLog => 404,
            Self::Conflict(_) => 409,
            Self::BadProof => 422,
        }
    }
}

/// A request to cosign, of the right form; nothing of it may be believed yet.
#[derive(Clone, Debug)]
pub struct Request {
    old: u64,
    proof: Vec<Hash>,
    note: Note,
    checkpoint: Checkpoint,
}

impl Request {
    /// Reads `old <size>`, up to 63 lines of hashes, an empty line and a checkpoint's note.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let body = std::str::from_utf8(body).map_err(|_| Refusal::Malformed)?;
        let (head, note) = body.split_once("\n\n").ok_or(Refusal::Malformed)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(size).ok_or(Refusal::Malformed)?;
        let proof = lines.map(hash).collect::<Option<Vec<_>>>().ok_or(Refusal::Malformed)?;
        let note = Note::parse(note).map_err(|_| Refusal::Malformed)?;
        let (checkpoint, _) = Checkpoint::parse_extended(note.text()).map_err(|_| Refusal::Malformed)?;
        if proof.len() > MOST_HASHES {
            return Err(Refusal::Malformed);
        }
        Ok(Self { old, proof, note, checkpoint })
    }

    /// Which log it says to be of.
    pub fn origin(&self) -> &str {
        &self.checkpoint.origin
    }

    /// The note as it came.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The checkpoint to be kept and cosigned, if the log's keys, the latest checkpoint cosigned and the proof allow it.
    ///
    /// `latest` is the size and root last cosigned for this origin; none counts as size 0.
    pub fn judge(&self, keys: &[VerifierKey], latest: Option<(u64, Hash)>) -> Result<&Checkpoint, Refusal> {
        let own: Vec<VerifierKey> = keys
            .iter()
            .filter(|key| key.name() == self.checkpoint.origin && key.kind() == KeyKind::Ed25519)
            .cloned()
            .collect();
        if own.is_empty() {
            return Err(Refusal::UnknownLog);
        }
        self.note.verify(&own).map_err(|_| Refusal::NotSigned)?;
        let Checkpoint { size, root, .. } = &self.checkpoint;
        if self.old > *size {
            return Err(Refusal::Malformed);
        }
        let (kept, kept_root) = latest.unwrap_or((0, custodian_crypto::merkle::empty_root()));
        if self.old != kept || self.old == *size && kept_root != *root && latest.is_some() {
            return Err(Refusal::Conflict(kept));
        }
        let proven = verify_consistency(kept, &kept_root, *size, root, &self.proof);
        proven.map_err(|_: ProofError| Refusal::BadProof)?;
        Ok(&self.checkpoint)
    }
}

/// A size in its one spelling.
fn size(text: &str) -> Option<u64> {
    let size: u64 = text.parse().ok()?;
    (size.to_string() == text).then_some(size)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use custodian_crypto::merkle::{consistency, empty_root, leaf_hash, root};
    use custodian_crypto::note::sign;
    use custodian_crypto::{SeededRandomness, SigningKey};

    const ORIGIN: &str = "log.example/audit";

    fn key(seed: u64) -> SigningKey {
        SigningKey::generate(&SeededRandomness::new(seed)).0
    }

    fn known() -> Vec<VerifierKey> {
        vec![VerifierKey::new(KeyKind::Ed25519, ORIGIN, key(1).public()).unwrap()]
    }

    fn leaves(size: u64) -> Vec<Hash> {
        (0..size).map(|at| leaf_hash(&at.to_be_bytes())).collect()
    }

    fn tree(size: u64) -> Option<(u64, Hash)> {
        Some((size, root(&leaves(size))))
    }

    fn note(origin: &str, size: u64, root: Hash, seed: u64) -> String {
        Checkpoint { origin: origin.into(), size, root }.sign(&key(seed)).unwrap().to_string()
    }

    fn proof(from: u64, to: u64) -> String {
        let all = leaves(to);
        let node = |level, index: u64| {
            Ok::<_, ProofError>(root(&all[(index << level) as usize..((index + 1) << level) as usize]))
        };
        consistency(from, to, node).unwrap().iter().map(|hash| STANDARD.encode(hash) + "\n").collect()
    }

    fn good(from: u64, to: u64) -> String {
        format!("old {from}\n{}\n{}", proof(from, to), note(ORIGIN, to, root(&leaves(to)), 1))
    }

    fn judged(body: &str, latest: Option<(u64, Hash)>) -> Result<u64, u16> {
        let request = Request::parse(body.as_bytes()).map_err(Refusal::status)?;
        request.judge(&known(), latest).map(|checkpoint| checkpoint.size).map_err(Refusal::status)
    }

    #[test]
    fn what_follows_from_the_latest_is_cosigned() {
        for (latest, from, to) in
            [(None, 0, 5), (None, 0, 0), (tree(5), 5, 9), (tree(4), 4, 9), (tree(9), 9, 9), (tree(0), 0, 3)]
        {
            assert_eq!(judged(&good(from, to), latest), Ok(to), "{from} to {to}");
        }
    }

    #[test]
    fn each_refusal_has_its_status() {
        assert_eq!(judged(&format!("old 0\n\n{}", note("another", 5, [1; 32], 1)), None), Err(404));
        assert_eq!(judged(&format!("old 0\n\n{}", note(ORIGIN, 5, [1; 32], 2)), None), Err(403));
        assert_eq!(judged(&format!("old 6\n\n{}", note(ORIGIN, 5, [1; 32], 1)), tree(6)), Err(400));
        let stale = Request::parse(good(3, 9).as_bytes()).unwrap();
        assert_eq!(stale.judge(&known(), tree(5)), Err(Refusal::Conflict(5)));
        assert_eq!(stale.judge(&known(), None), Err(Refusal::Conflict(0)));
        assert_eq!(judged(&good(0, 9), tree(5)), Err(409));
        assert_eq!(judged(&format!("old 5\n\n{}", note(ORIGIN, 5, [1; 32], 1)), tree(5)), Err(409));
        assert_eq!(judged(&format!("old 5\n{}\n{}", proof(5, 9), note(ORIGIN, 9, [1; 32], 1)), tree(5)), Err(422));
        assert_eq!(judged(&good(5, 9), Some((5, [1; 32]))), Err(422));
        assert_eq!(judged(&good(5, 9).replacen('\n', &format!("\n{}", proof(4, 9)), 1), tree(5)), Err(422));
        assert_eq!(judged(&format!("old 0\n{}\n{}", proof(5, 9), note(ORIGIN, 9, [1; 32], 1)), None), Err(422));
        assert_eq!(judged(&format!("old 0\n\n{}", note(ORIGIN, 0, [1; 32], 1)), None), Err(422));
    }

    #[test]
    fn an_unknown_log_is_told_before_anything_else_about_it() {
        assert_eq!(judged(&format!("old 6\n\n{}", note("another", 5, [1; 32], 2)), None), Err(404));
        assert_eq!(judged(&format!("old 6\n\n{}", note(ORIGIN, 5, [1; 32], 2)), None), Err(403));
    }

    #[test]
    fn signatures_of_strangers_do_not_hinder() {
        let checkpoint = Checkpoint { origin: ORIGIN.into(), size: 0, root: empty_root() };
        let text = checkpoint.to_string();
        let lines = vec![sign(&text, "stranger", &key(7)).unwrap(), sign(&text, ORIGIN, &key(1)).unwrap()];
        let body = format!("old 0\n\n{}", Note::new(&text, lines).unwrap());
        assert_eq!(judged(&body, None), Ok(0));
        let extended = format!("{text}extension\n");
        let body =
            format!("old 0\n\n{}", Note::new(&extended, vec![sign(&extended, ORIGIN, &key(1)).unwrap()]).unwrap());
        assert_eq!(judged(&body, None), Ok(0));
    }

    #[test]
    fn other_forms_are_refused() {
        let good = good(5, 9);
        let line = STANDARD.encode([7; 32]) + "\n";
        for wrong in [
            String::new(),
            "old 5".into(),
            "old 5\n\n".into(),
            good.replacen("old 5", "old 05", 1),
            good.replacen("old 5", "old +5", 1),
            good.replacen("old 5", "old -5", 1),
            good.replacen("old 5", "old  5", 1),
            good.replacen("old 5", "OLD 5", 1),
            good.replacen("old 5", "old 5 ", 1),
            good.replacen("old 5", "old 99999999999999999999", 1),
            good.replacen("old 5\n", "old 5\r\n", 1),
            good.replacen("old 5\n", "old 5\nAAAA\n", 1),
            good.replacen("old 5\n", "old 5\n \n", 1),
            good.replacen("old 5\n", &format!("old 5\n{}", line.repeat(64)), 1),
            good.trim_end().to_owned(),
            format!("\n{good}"),
        ] {
            assert_eq!(judged(&wrong, tree(5)), Err(400), "{wrong:?}");
        }
        assert_eq!(Request::parse(&[0xFF, 0xFE]).unwrap_err(), Refusal::Malformed);
        let most = good.replacen("old 5\n", &format!("old 5\n{}", line.repeat(63 - proof(5, 9).lines().count())), 1);
        assert_eq!(judged(&most, tree(5)), Err(422));
    }
}
