//! Known notes, forged notes, and forms that are not notes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;
use crate::rng::SeededRandomness;
use proptest::prelude::*;

/// The key of the Go language's note package, and a note that it signed: another implementation's answer.
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETERS_NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
     — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn key(seed: u64) -> SigningKey {
    SigningKey::generate(&SeededRandomness::new(seed)).0
}

fn vkey(kind: KeyKind, name: &str, seed: u64) -> VerifierKey {
    VerifierKey::new(kind, name, key(seed).public()).unwrap()
}

#[test]
fn another_implementations_note_verifies() {
    let peter = VerifierKey::parse(PETER).unwrap();
    assert_eq!((peter.name(), peter.to_string().as_str()), ("PeterNeumann", PETER));
    let note = Note::parse(PETERS_NOTE).unwrap();
    assert_eq!(note.verify(&[peter]).unwrap(), [Verified { name: "PeterNeumann".into(), time: None }]);
    assert_eq!(note.to_string(), PETERS_NOTE);
}

#[test]
fn text_may_hold_empty_lines_and_the_last_one_parts_it() {
    let text = "a\n\nb\n\n";
    let note = Note::new(text, vec![sign(text, "n", &key(1)).unwrap()]).unwrap();
    assert_eq!(note.text(), text);
    assert!(Note::parse(&note.to_string()).unwrap().verify(&[vkey(KeyKind::Ed25519, "n", 1)]).is_ok());
}

#[test]
fn several_signatures_verify_and_unknown_ones_are_passed_over() {
    let text = "o\n1\n";
    let lines = vec![
        sign(text, "log", &key(1)).unwrap(),
        sign(text, "stranger", &key(2)).unwrap(),
        cosign(text, "witness", &key(3), 1_679_315_147).unwrap(),
        // The right name with another key's id, and the right id's key under another name.
        sign(text, "log", &key(4)).unwrap(),
        sign(text, "other", &key(1)).unwrap(),
    ];
    let note = Note::new(text, lines).unwrap();
    let keys = [vkey(KeyKind::Ed25519, "log", 1), vkey(KeyKind::Cosignature, "witness", 3)];
    let log = Verified { name: "log".into(), time: None };
    let witness = Verified { name: "witness".into(), time: Some(1_679_315_147) };
    assert_eq!(note.verify(&keys).unwrap(), [log, witness]);
    assert_eq!(note.verify(&[vkey(KeyKind::Ed25519, "nobody", 9)]), Err(NoteError::Unsigned));
    assert_eq!(note.verify(&[]), Err(NoteError::Unsigned));
    // A key is of one kind: a log's key does not pass as a witness's.
    assert_eq!(note.verify(&[vkey(KeyKind::Ed25519, "witness", 3)]), Err(NoteError::Unsigned));
}

#[test]
fn one_forged_signature_of_a_known_key_refuses_the_note() {
    let text = "o\n1\n";
    let (mut bad, good) = (sign(text, "log", &key(1)).unwrap(), sign(text, "second", &key(2)).unwrap());
    bad.signature[5] ^= 1;
    let note = Note::new(text, vec![good, bad.clone()]).unwrap();
    let keys = [vkey(KeyKind::Ed25519, "log", 1), vkey(KeyKind::Ed25519, "second", 2)];
    assert_eq!(note.verify(&keys), Err(NoteError::Forged));
    bad.signature.truncate(20);
    assert_eq!(Note::new(text, vec![bad]).unwrap().verify(&keys), Err(NoteError::Forged));
}

#[test]
fn a_cosignature_binds_its_time_and_its_text() {
    let (text, keys) = ("o\n1\nroot\n", [vkey(KeyKind::Cosignature, "w", 1)]);
    let line = cosign(text, "w", &key(1), 7).unwrap();
    assert_eq!(line.signature.len(), 72);
    for at in 0..72 {
        let mut altered = line.clone();
        altered.signature[at] ^= 1;
        assert_eq!(Note::new(text, vec![altered]).unwrap().verify(&keys), Err(NoteError::Forged), "byte {at}");
    }
    assert_eq!(Note::new("o\n2\nroot\n", vec![line]).unwrap().verify(&keys), Err(NoteError::Forged));
    assert!(cosign(text, "w", &key(1), u64::MAX).is_err());
    // A plain signature over the same bytes is not one, nor the other way round.
    let plain = SignatureLine {
        signature: key(1).sign(b"cosignature/v1\ntime 7\no\n1\nroot\n").to_vec(),
        ..cosign(text, "w", &key(1), 7).unwrap()
    };
    assert_eq!(Note::new(text, vec![plain]).unwrap().verify(&keys), Err(NoteError::Forged));
}

#[test]
fn forms_that_are_not_notes_are_refused() {
    let line = sign("t\n", "n", &key(1)).unwrap().to_string();
    for wrong in [
        String::new(),
        "t\n".into(),
        "t\n\n".into(),
        format!("t\n{line}\n"),
        format!("t\n\n{line}"),
        format!("t\n\n{line}\n\n"),
        format!("t\n\n{line}\nmore\n"),
        format!("t\r\n\n{line}\n"),
        format!("t\u{0}\n\n{line}\n"),
        format!("t\t\n\n{line}\n"),
        format!("t\n\n {line}\n"),
        format!("t\n\n{line} \n"),
        format!("t\n\n{}\n", line.replace('—', "-")),
        format!("t\n\n{}\n", line.replace(" n ", "  ")),
        format!("t\n\n{}\n", line.replace(" n ", " a+b ")),
        format!("t\n\n{}\n", line.replace(" n ", " a\u{a0}b ")),
        format!("t\n\n{}\n", line.trim_end_matches('=')),
        "t\n\n— n AAAAAA==\n".into(),
        "t\n\n— n AAAA\n".into(),
        format!("t\n\n{}", format!("{line}\n").repeat(65)),
    ] {
        assert_eq!(Note::parse(&wrong), Err(NoteError::Form), "{wrong:?}");
    }
    assert_eq!(Note::parse(&format!("t\n\n{}", format!("{line}\n").repeat(64))).unwrap().signatures().len(), 64);
    assert!(Note::new("no newline", vec![SignatureLine::parse(&line).unwrap()]).is_err());
    assert!(Note::new("t\n", Vec::new()).is_err());
}

#[test]
fn keys_that_are_not_what_they_say_are_refused() {
    let good = vkey(KeyKind::Cosignature, "w/1", 1).to_string();
    assert_eq!(VerifierKey::parse(&good).unwrap().kind(), KeyKind::Cosignature);
    let (name, rest) = good.split_once('+').unwrap();
    let (id, encoded) = rest.split_once('+').unwrap();
    for wrong in [
        String::new(),
        name.into(),
        format!("{name}+{id}"),
        format!("+{id}+{encoded}"),
        format!("other+{id}+{encoded}"),
        format!("{name}+00000000+{encoded}"),
        format!("{name}+{}+{encoded}", id.to_uppercase() + "0"),
        format!("{name}+{id}+{}", &encoded[4..]),
        format!("{name}+{id}+{encoded}\n"),
        format!("{name}+{id}+{}", encoded.replacen('B', "A", 1)),
        // Another kind of key under the first byte of an ECDSA key.
        format!("{name}+{id}+Ag{}", &encoded[2..]),
    ] {
        assert!(VerifierKey::parse(&wrong).is_err(), "{wrong:?}");
    }
    for name in ["", "a b", "a+b", "a\nb", "a\u{3000}b"] {
        assert!(VerifierKey::new(KeyKind::Ed25519, name, [0; 32]).is_err(), "{name:?}");
        assert!(sign("t\n", name, &key(1)).is_err());
    }
}

proptest! {
    #[test]
    fn no_text_stops_the_reader(text in "(— |[a-c=+]|\n| ){0,40}") {
        if let Ok(note) = Note::parse(&text) {
            prop_assert_eq!(note.to_string(), text);
        }
    }

    #[test]
    fn what_is_signed_verifies_and_nothing_else(text in "([a-z]{0,5}\n){1,5}", other in "([a-z]{0,5}\n){1,5}") {
        let note = Note::new(&text, vec![sign(&text, "n", &key(1)).unwrap()]).unwrap();
        prop_assert_eq!(note.text(), &text);
        let keys = [vkey(KeyKind::Ed25519, "n", 1)];
        prop_assert!(note.verify(&keys).is_ok());
        let moved = Note::new(&other, note.signatures().to_vec()).unwrap();
        prop_assert_eq!(moved.verify(&keys).is_ok(), text == other);
    }
}
