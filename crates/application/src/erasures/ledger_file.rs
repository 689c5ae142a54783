//! The whole security ledger, read back: every line signed by the service, and each naming the one before it.

use chrono::{DateTime, SecondsFormat, Utc};
use custodian_crypto::{jws, sha256};
use custodian_domain::backups::{LedgerAt, LedgerGap, LedgerKind, ledger_gap};
use custodian_outbound::AnchorFile;
use uuid::Uuid;

use super::ledger::{LEDGER_TYP, LedgerLine};

/// Every line, in order, each with its digest.
#[derive(Debug)]
pub struct Ledger {
    lines: Vec<LedgerLine>,
    digests: Vec<String>,
}

impl Ledger {
    /// Reads a file. Blocks. A sentence where a line is not one that the holder of the key has signed, or does not follow the one before.
    pub fn read(file: &AnchorFile, public: &[u8; 32]) -> Result<Self, String> {
        let unreadable = |error: std::io::Error| format!("{}: {}.", file.path().display(), error.kind());
        let mut ledger = Self { lines: Vec::new(), digests: Vec::new() };
        for line in file.lines().map_err(unreadable)? {
            ledger.add(&line.map_err(unreadable)?, public)?;
        }
        Ok(ledger)
    }

    fn add(&mut self, text: &str, public: &[u8; 32]) -> Result<(), String> {
        let number = self.sequence() + 1;
        let wrong =
            || format!("Line {number} of the security ledger is damaged, not the service's own, or out of order.");
        let signed = jws::open(text, LEDGER_TYP, public).ok_or_else(wrong)?;
        let line: LedgerLine = serde_json::from_slice(&signed).map_err(|_| wrong())?;
        let before = self.digests.last().map_or("", String::as_str);
        if line.sequence != number || line.previous != before {
            return Err(wrong());
        }
        self.digests.push(sha256(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect());
        self.lines.push(line);
        Ok(())
    }

    /// Whom it says were erased in an organisation.
    pub fn all_erased(&self, organization: Uuid) -> impl Iterator<Item = Uuid> + '_ {
        let theirs =
            move |line: &&LedgerLine| line.organization == organization && line.kind == LedgerKind::Erased.as_str();
        self.lines.iter().filter(theirs).map(|line| line.object)
    }

    /// Whether it says that somebody was erased.
    pub fn erased(&self, organization: Uuid, customer: Uuid) -> bool {
        self.all_erased(organization).any(|id| id == customer)
    }

    /// Adds a line in memory alone, for a trial: the file does not know of it.
    pub fn plant(&mut self, organization: Uuid, erased: Uuid, at: DateTime<Utc>) {
        let line = LedgerLine {
            at: at.to_rfc3339_opts(SecondsFormat::Micros, true),
            kind: LedgerKind::Erased.as_str().to_owned(),
            object: erased,
            organization,
            previous: self.digests.last().cloned().unwrap_or_default(),
            sequence: self.sequence() + 1,
            v: 1,
        };
        self.digests.push(String::new());
        self.lines.push(line);
    }

    /// The lines, in order.
    pub fn lines(&self) -> &[LedgerLine] {
        &self.lines
    }

    /// The number of the last line; 0 without any.
    pub fn sequence(&self) -> u64 {
        u64::try_from(self.lines.len()).unwrap_or(u64::MAX)
    }

    /// How far it is.
    pub fn position(&self) -> LedgerAt {
        LedgerAt { sequence: self.sequence(), sha256: self.digests.last().cloned().unwrap_or_default() }
    }

    /// What is missing of it, as somebody else says how far it was.
    pub fn gap(&self, told: &LedgerAt) -> Option<LedgerGap> {
        let digest = |sequence: u64| {
            let at = usize::try_from(sequence.checked_sub(1)?).ok()?;
            self.digests.get(at).cloned()
        };
        ledger_gap(self.sequence(), digest, told)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use custodian_crypto::rng::SeededRandomness;
    use custodian_crypto::{RootKey, Secret32};

    fn line(sequence: u64, previous: &str) -> LedgerLine {
        LedgerLine {
            at: "2026-11-23T00:00:00.000000Z".into(),
            kind: "erased".into(),
            object: Uuid::from_u128(9),
            organization: Uuid::from_u128(1),
            previous: previous.into(),
            sequence,
            v: 1,
        }
    }

    fn digest(text: &str) -> String {
        sha256(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn each_line_must_be_signed_and_name_the_one_before() {
        let rng = SeededRandomness::new(4);
        let root = RootKey::from_bytes(Secret32::generate(&rng), 1);
        let key = super::super::ledger_key(&root).unwrap();
        let foreign = super::super::ledger_key(&RootKey::from_bytes(Secret32::generate(&rng), 1)).unwrap();
        let sign = |key, line: &LedgerLine| jws::sign(key, LEDGER_TYP, &serde_json::to_vec(line).unwrap());
        let first = sign(&key, &line(1, ""));
        let second = sign(&key, &line(2, &digest(&first)));
        let dir = std::env::temp_dir().join(format!("custodian-ledger-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("ledger");
        let read = |lines: &[&str]| {
            std::fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
            Ledger::read(&AnchorFile::open(&path).unwrap(), &key.public())
        };
        let whole = read(&[&first, &second]).unwrap();
        assert_eq!((whole.sequence(), whole.lines()[1].sequence), (2, 2));
        assert_eq!(whole.position(), LedgerAt { sequence: 2, sha256: digest(&second) });
        let cut = read(&[&first]).unwrap();
        assert_eq!(cut.gap(&whole.position()), Some(LedgerGap::Short { has: 1, needs: 2 }));
        assert_eq!(whole.gap(&cut.position()), None);
        assert_eq!(read(&[]).unwrap().position(), LedgerAt { sequence: 0, sha256: String::new() });
        for (bad, number) in [
            (vec![second.as_str()], 1),
            (vec![&first, &first], 2),
            (vec![&first, &sign(&foreign, &line(2, &digest(&first)))], 2),
            (vec![&first, &sign(&key, &line(3, &digest(&first)))], 2),
            (vec![&first, "no line"], 2),
        ] {
            let said = read(&bad).unwrap_err();
            assert!(said.contains(&format!("Line {number} ")), "{said}");
        }
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
