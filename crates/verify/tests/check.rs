//! Logs that are sound, and logs changed in every way that is known to be tried.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod generator;

use custodian_verify::{Fault, Input, Kind, Report, Text, Verifier};
use generator::{Log, anchor, entry_text, forged, mac_key, organization, signing_key, time, vkey, with};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What an auditor hands in.
#[derive(Default)]
struct Files {
    exports: Vec<String>,
    checkpoints: Vec<String>,
    anchors: Vec<String>,
    proofs: Vec<String>,
    no_key: bool,
    macs: bool,
}

fn texts(kind: &str, texts: Vec<String>) -> Vec<Text> {
    (1..).zip(texts).map(|(at, text): (u32, _)| Text { name: format!("{kind}{at}"), text }).collect()
}

impl Files {
    fn of(exports: &[String]) -> Self {
        Self { exports: exports.to_vec(), ..Self::default() }
    }

    fn check(self) -> Result<Report, Fault> {
        let mut verifier = Verifier::new(if self.no_key { Vec::new() } else { vec![vkey()] });
        for (at, export) in (1..).zip(self.exports) {
            let bytes = Box::new(std::io::Cursor::new(export.into_bytes()));
            verifier.export(Input { name: format!("export{at}"), bytes })?;
        }
        texts("checkpoint", self.checkpoints).iter().try_for_each(|text| verifier.checkpoint(text))?;
        texts("anchor", self.anchors).iter().try_for_each(|text| verifier.anchor(text))?;
        texts("proof", self.proofs).iter().try_for_each(|text| verifier.proof(text))?;
        if self.macs {
            verifier.organizations().into_iter().for_each(|id| verifier.mac_key(id, mac_key()));
        }
        verifier.run(&|_| ())
    }

    #[track_caller]
    fn refused(self, kind: Kind) -> Fault {
        let fault = self.check().expect_err("a forged log is refused");
        assert_eq!(fault.kind, kind, "{fault}");
        fault
    }
}

fn log() -> Log {
    Log::of(organization(1), 700)
}

fn whole(log: &Log) -> String {
    log.export(0, log.size(), log.size(), None)
}

/// The export of a log that was changed and rebuilt with the signing key at hand, beside a checkpoint kept from before.
fn rebuilt(change: impl Fn(&mut Vec<String>, &mut Vec<uuid::Uuid>), kept: u64) -> Files {
    let log = log();
    let export = whole(&log.rebuilt(1, change));
    Files { checkpoints: vec![log.note(kept)], ..Files::of(&[export]) }
}

#[test]
fn a_sound_log_passes_whole_and_in_parts() {
    let log = log();
    let notes: Vec<String> = [0, 1, 255, 256, 600, 700].map(|size| log.note(size)).to_vec();
    let report = Files { checkpoints: notes.clone(), macs: true, ..Files::of(&[whole(&log)]) }.check().unwrap();
    assert_eq!((report.entries, report.macs_checked, report.signatures_checked), (700, 700, true));
    assert_eq!((report.logs[0].checkpoints, report.logs[0].ranges.as_slice()), (6, [(0, 700)].as_slice()));
    let parts = [log.export(0, 300, 650, None), log.export(300, 512, 700, None), log.export(512, 700, 700, None)];
    let report = Files { checkpoints: notes, ..Files::of(&parts) }.check().unwrap();
    assert_eq!((report.entries, report.macs_checked), (700, 0));
    let empty = Log::new(Some(organization(1)));
    assert_eq!(Files::of(&[whole(&empty)]).check().unwrap().entries, 0);
}

#[test]
fn without_a_key_the_report_says_that_nobody_signed() {
    let log = log();
    assert!(!Files { no_key: true, ..Files::of(&[whole(&log)]) }.check().unwrap().signatures_checked);
}

#[test]
fn an_edited_entry_is_found_between_the_checkpoints_around_it() {
    let export = whole(&log());
    let edited = forged(&export, |lines| lines[301] = lines[301].replace("customers.read", "customers.list"));
    let fault =
        Files { checkpoints: vec![log().note(256), log().note(512)], ..Files::of(std::slice::from_ref(&edited)) }
            .refused(Kind::Root);
    assert_eq!(fault.place, Some(256));
    assert!(fault.text.contains("from place 256 to 511"), "{fault}");
    let fault = Files { macs: true, ..Files::of(&[edited]) }.refused(Kind::Mac);
    assert_eq!((fault.line, fault.place, fault.file.as_str()), (Some(302), Some(300), "export1"));
}

#[test]
fn a_missing_a_second_and_a_moved_line_are_found_at_their_place() {
    let export = whole(&log());
    let of = |change: fn(&mut Vec<String>)| Files::of(&[forged(&export, change)]);
    assert_eq!(of(|lines| drop(lines.remove(11))).refused(Kind::Gap).place, Some(10));
    assert_eq!(of(|lines| lines.swap(11, 12)).refused(Kind::Gap).place, Some(10));
    assert_eq!(of(|lines| lines.insert(11, lines[11].clone())).refused(Kind::Gap).place, Some(11));
    assert_eq!(of(|lines| lines.truncate(600)).refused(Kind::Gap).place, Some(599));
    assert_eq!(
        of(|lines| lines.push(lines[700].replace("\"place\":699", "\"place\":700"))).refused(Kind::Gap).place,
        Some(700)
    );
    let renumbered = forged(&export, |lines| {
        lines.remove(11);
        for (at, line) in lines.iter_mut().enumerate().skip(11) {
            *line = line.replacen(&format!("\"place\":{at}"), &format!("\"place\":{}", at - 1), 1);
        }
    });
    assert_eq!(Files::of(&[renumbered]).refused(Kind::Gap).place, Some(699));
}

#[test]
fn a_log_rebuilt_with_the_signing_key_fails_against_a_kept_checkpoint() {
    rebuilt(|texts, _| texts[5] = texts[5].replace("allowed", "refused"), 300).refused(Kind::Root);
    let fault = rebuilt(|texts, ids| (texts.remove(5), ids.remove(5), ()).2, 300).refused(Kind::Root);
    assert_eq!(fault.place, Some(0));
    rebuilt(|texts, ids| (texts.swap(5, 6), ids.swap(5, 6), ()).2, 300).refused(Kind::Root);
    // Behind the checkpoint nothing is promised yet.
    rebuilt(|texts, _| texts[500] = texts[500].replace("allowed", "refused"), 300).check().unwrap();
    rebuilt(|texts, _| texts[500] = texts[500].replace("allowed", "refused"), 700).refused(Kind::Fork);
    // A tail cut off, or a database put back: the kept checkpoint is larger than all that is there.
    rebuilt(|texts, ids| (texts.truncate(600), ids.truncate(600)).0, 700).refused(Kind::Unconnected);
}

#[test]
fn a_log_signed_by_another_key_is_not_the_log() {
    let other = log().rebuilt(2, |_, _| ());
    let fault = Files::of(&[whole(&other)]).refused(Kind::Signature);
    assert_eq!(fault.line, Some(1));
    Files { checkpoints: vec![other.note(5)], ..Files::of(&[whole(&log())]) }.refused(Kind::Signature);
    Files { no_key: true, ..Files::of(&[whole(&other)]) }.check().unwrap();
}

#[test]
fn an_entry_placed_twice_and_time_going_back_are_found_though_signed() {
    let of = |change: fn(&mut Vec<String>, &mut Vec<uuid::Uuid>)| Files::of(&[whole(&log().rebuilt(1, change))]);
    let twice = of(|texts, ids| (texts[20], ids[20]) = (texts[3].clone(), ids[3])).refused(Kind::Double);
    assert_eq!(twice.place, Some(20));
    let late = |texts: &mut Vec<String>, ids: &mut Vec<uuid::Uuid>| {
        let far = uuid::Uuid::from_u128(ids[20].as_u128() + (120_000 << 80));
        (texts[20], ids[20]) = (entry_text(organization(1), far, &time(120_100)), far);
    };
    assert_eq!(of(late).refused(Kind::Time).place, Some(21));
    let torn = |texts: &mut Vec<String>, ids: &mut Vec<uuid::Uuid>| {
        texts[20] = entry_text(organization(1), ids[20], &time(61_000));
    };
    assert_eq!(of(torn).refused(Kind::Time).place, Some(20));
    of(|texts, ids| texts[20] = entry_text(organization(1), ids[20], &time(59_000))).check().unwrap();
}

#[test]
fn entries_of_another_organisation_or_id_are_found() {
    let export = whole(&log());
    let (one, two) = (organization(1).to_string(), organization(2).to_string());
    let moved = forged(&export, |lines| lines[8] = lines[8].replace(&one, &two));
    assert_eq!(Files::of(&[moved]).refused(Kind::Owner).place, Some(7));
    let (a, b) = (log().ids[7].to_string(), log().ids[8].to_string());
    let renamed = forged(&export, |lines| lines[8] = lines[8].replacen(&a, &b, 1));
    assert_eq!(Files::of(&[renamed]).refused(Kind::Owner).place, Some(7));
    let header = forged(&export, |lines| lines[0] = with(&lines[0], "/organization", json!(two)));
    assert_eq!(Files::of(&[header]).refused(Kind::Owner).line, Some(1));
}

#[test]
fn headers_that_do_not_fit_are_refused() {
    let (export, part) = (whole(&log()), log().export(100, 200, 700, None));
    let header = |export: &str, pointer: &str, value: Value| {
        Files::of(&[forged(export, |lines| lines[0] = with(&lines[0], pointer, value))])
    };
    header(&export, "/v", json!(2)).refused(Kind::Form);
    header(&export, "/to", json!(701)).refused(Kind::Form);
    header(&export, "/from", json!(701)).refused(Kind::Form);
    header(&export, "/from", json!(u64::MAX)).refused(Kind::Form);
    header(&export, "/tree_size", json!(701)).refused(Kind::Root);
    header(&export, "/checkpoint", json!(log().note(699))).refused(Kind::Root);
    header(&export, "/checkpoint", json!("x")).refused(Kind::Form);
    header(&export, "/left", json!(["AAAA"])).refused(Kind::Form);
    header(&export, "/left", log().header(1, 1, 1, None)["left"].clone()).refused(Kind::Form);
    header(&part, "/left", json!([])).refused(Kind::Form);
    header(&part, "/right", json!([])).refused(Kind::Form);
    header(&part, "/left/0", log().header(64, 700, 700, None)["left"][0].clone()).check().unwrap();
    let other = Log::of(organization(2), 700);
    header(&part, "/left/1", other.header(100, 200, 700, None)["left"][1].clone()).refused(Kind::Root);
    header(&part, "/right/0", other.header(100, 200, 700, None)["right"][0].clone()).refused(Kind::Root);
}

#[test]
fn a_file_that_is_cut_or_changed_underway_is_refused() {
    let export = whole(&log());
    for length in [0, 5, 400, export.len() / 2, export.len() - 1] {
        Files::of(&[export[..length].to_owned()]).refused(Kind::Form);
    }
    let without_last = export.lines().take(701).map(|line| format!("{line}\n")).collect::<String>();
    Files::of(&[without_last]).refused(Kind::Form);
    Files::of(&[export.replacen("\"place\":3,", "\"place\": 3,", 1)]).refused(Kind::Form);
    Files::of(&[format!("{export}{{}}\n")]).refused(Kind::Form);
    for line in ["", "{}", "null", "\u{0}"] {
        assert_eq!(Files::of(&[forged(&export, |lines| lines[3] = line.into())]).refused(Kind::Form).place, Some(2));
    }
}

#[test]
fn checkpoints_that_nothing_connects_are_refused_and_a_proof_connects_them() {
    let mut log = Log::of(organization(1), 300);
    let early = log.export(0, 200, 300, None);
    log.grow(700);
    let late = || vec![log.note(1000)];
    let files = |proofs: Vec<String>| Files { checkpoints: late(), proofs, ..Files::of(std::slice::from_ref(&early)) };
    let fault = files(Vec::new()).refused(Kind::Unconnected);
    assert!(fault.text.contains("the consistency proof from 300 to 1000"), "{fault}");
    files(vec![log.proof(300, 1000)]).check().unwrap();
    let inside = forged(&early, |lines| {
        let mut header: Value = serde_json::from_str(&lines[0]).unwrap();
        header["proofs"] = json!([serde_json::from_str::<Value>(&log.proof(300, 1000)).unwrap()]);
        lines[0] = header.to_string();
    });
    Files { checkpoints: late(), ..Files::of(&[inside]) }.check().unwrap();
    files(vec![log.proof(200, 1000)]).refused(Kind::Unconnected);
    files(vec![log.proof(300, 1000).replacen("\"to\":1000", "\"to\":999", 1)]).refused(Kind::Unconnected);
    files(vec![log.proof(300, 900).replacen("\"to\":900", "\"to\":1000", 1)]).refused(Kind::Proof);
    let fork = log.rebuilt(1, |texts, _| texts[7] = texts[7].replace("allowed", "refused"));
    files(vec![fork.proof(300, 1000)]).refused(Kind::Proof);
    let forked = Files {
        checkpoints: vec![fork.note(1000)],
        proofs: vec![fork.proof(300, 1000)],
        ..Files::of(std::slice::from_ref(&early))
    };
    forked.refused(Kind::Proof);
    Files { checkpoints: vec![log.note(1000), fork.note(1000)], ..Files::default() }.refused(Kind::Fork);
}

/// An instance of two organisations, the global log grown with them; and the notes carried out on the way.
fn instance() -> (Log, Log, Log, Vec<String>) {
    let (mut a, mut b, mut global) = (Log::of(organization(1), 100), Log::of(organization(2), 50), Log::new(None));
    let mut carried = Vec::new();
    for round in 1..20 {
        global.publish(&a);
        global.publish(&b);
        carried.push(global.note(global.size()));
        a.grow(round);
        b.grow(2 * round);
    }
    (a, b, global, carried)
}

#[test]
fn an_instance_passes_with_its_anchor_file_and_its_global_log() {
    let (a, b, global, carried) = instance();
    let exports = [a.export(0, a.size(), a.size(), Some(&global)), b.export(20, 60, b.size(), Some(&global))];
    let report = Files { anchors: vec![anchor(&carried)], ..Files::of(&exports) }.check().unwrap();
    assert_eq!((report.anchors[0].lines, report.anchors[0].cut, report.logs.len()), (19, false, 3));
    let all = [exports.to_vec(), vec![whole(&global)]].concat();
    let report = Files { anchors: vec![anchor(&carried) + "{\"note"], ..Files::of(&all) }.check().unwrap();
    assert!(report.anchors[0].cut);
    assert_eq!(report.heads_compared, 19 + 3, "every head of one, those within its range of the other");
    assert_eq!(report.entries, a.size() + 40 + global.size());
}

#[test]
fn a_head_that_is_not_in_the_global_log_is_found() {
    let (a, b, global, _) = instance();
    let export = a.export(0, a.size(), a.size(), Some(&global));
    let header =
        |pointer: &str, value: Value| Files::of(&[forged(&export, |lines| lines[0] = with(&lines[0], pointer, value))]);
    let first = serde_json::from_str::<Value>(export.lines().next().unwrap()).unwrap();
    header("/global_proof/position", json!(3)).refused(Kind::Proof);
    header("/global_proof/position", json!(u64::MAX)).refused(Kind::Proof);
    header("/global_proof/hashes", json!([])).refused(Kind::Proof);
    header("/global_proof/consistency", json!([])).refused(Kind::Proof);
    header("/global_proof/leaf", json!(b.header(0, 0, b.size(), Some(&global))["global_proof"]["leaf"]))
        .refused(Kind::Owner);
    header("/global_proof/leaf", json!(first["global_proof"]["leaf"].as_str().unwrap().replace("\"v\":1", "\"v\":2")))
        .refused(Kind::Form);
    header("/global_proof", Value::Null).refused(Kind::Form);
    header("/global_checkpoint", json!(global.note(5))).refused(Kind::Proof);
    header("/global_checkpoint", json!(a.note(5))).refused(Kind::Owner);
    let fork = a.rebuilt(1, |texts, _| texts[7] = texts[7].replace("allowed", "refused"));
    let forked = forged(&whole(&fork), |lines| {
        let mut header: Value = serde_json::from_str(&lines[0]).unwrap();
        header["global_checkpoint"] = first["global_checkpoint"].clone();
        header["global_proof"] = first["global_proof"].clone();
        lines[0] = header.to_string();
    });
    Files::of(std::slice::from_ref(&forked)).refused(Kind::Proof);
    Files::of(&[forked, whole(&global)]).refused(Kind::Root);
}

#[test]
fn an_anchor_file_shows_forks_shrinking_and_lost_organisations() {
    let (a, b, global, carried) = instance();
    let with_anchor = |exports: &[String], anchor: String| Files { anchors: vec![anchor], ..Files::of(exports) };
    let own = [a.export(0, 10, a.size(), Some(&global))];
    let mut shrunk = carried.clone();
    shrunk.push(carried[3].clone());
    assert_eq!(with_anchor(&own, anchor(&shrunk)).refused(Kind::Fork).line, Some(20));
    // The global log rebuilt without one organisation: the notes carried out are of another tree.
    let mut without = Log::new(None);
    (0..=global.size()).for_each(|more| without.publish(&Log::of(organization(2), 50 + more)));
    with_anchor(&[whole(&without)], anchor(&carried)).refused(Kind::Root);
    with_anchor(&[b.export(0, 10, b.size(), Some(&global))], anchor(&carried[..10])).refused(Kind::Unconnected);
    let tied = Files { proofs: vec![global.proof(20, global.size())], ..with_anchor(&own, anchor(&carried[..10])) };
    tied.check().unwrap();
    with_anchor(&own, String::new()).refused(Kind::Form);
    with_anchor(&[], anchor(&carried)).check().unwrap();
    let unpublished = a.export(0, 10, a.size(), None);
    with_anchor(&[unpublished], anchor(&carried)).refused(Kind::Unconnected);
    let kept = Files { checkpoints: vec![global.note(11)], ..with_anchor(&[], anchor(&carried)) };
    kept.refused(Kind::Unconnected);
    assert_eq!(with_anchor(&own, anchor(&carried) + "{}\n").refused(Kind::Form).line, Some(20));
    assert_eq!(with_anchor(&own, anchor(&carried) + &anchor(&[a.note(5)])).refused(Kind::Owner).line, Some(20));
    let forged_note = custodian_crypto::checkpoint::Checkpoint { root: [1; 32], ..global.checkpoint(38) };
    let stranger = forged_note.sign(&signing_key(2)).unwrap().to_string();
    assert_eq!(with_anchor(&own, anchor(&carried) + &anchor(&[stranger])).refused(Kind::Signature).line, Some(20));
}

#[test]
fn witnesses_that_cosigned_are_named_and_forged_ones_refuse_the_note() {
    use custodian_crypto::note::{KeyKind, Note, VerifierKey, cosign};
    let global = instance().2;
    let signed = global.signed(global.size());
    let line = cosign(signed.text(), "witness.example/w", &signing_key(5), 1_795_305_700).unwrap();
    let mut lines = [signed.signatures().to_vec(), vec![line]].concat();
    let check = |lines: Vec<_>| {
        let witness = VerifierKey::new(KeyKind::Cosignature, "witness.example/w", signing_key(5).public()).unwrap();
        let mut verifier = Verifier::new(vec![vkey(), witness]);
        let text = Note::new(signed.text(), lines).unwrap().to_string();
        verifier.checkpoint(&Text { name: "c".into(), text }).and_then(|()| verifier.run(&|_| ()))
    };
    let cosigned = check(lines.clone()).unwrap().cosigned;
    assert_eq!((cosigned[0].witness.as_str(), cosigned[0].time), ("witness.example/w", 1_795_305_700));
    lines[1].signature[3] ^= 1;
    assert_eq!(check(lines).unwrap_err().kind, Kind::Signature);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_byte_changed_in_an_entry_is_found(place in 0usize..60, at in any::<prop::sample::Index>(), byte in 0x20u8..0x7F) {
        let log = Log::of(organization(1), 60);
        let export = whole(&log);
        let changed = forged(&export, |lines| {
            let mut line = std::mem::take(&mut lines[place + 1]).into_bytes();
            let at = at.index(line.len());
            line[at] = byte;
            lines[place + 1] = String::from_utf8(line).unwrap();
        });
        if changed != export {
            let verdict = Files { macs: true, ..Files::of(&[changed]) }.check();
            prop_assert!(verdict.is_err());
        }
    }

    #[test]
    fn any_range_of_any_tree_passes(size in 1u64..400, a in 0u64..400, b in 0u64..400) {
        let log = Log::of(organization(1), size);
        let (a, b) = (a.min(size), b.min(size));
        let (from, to) = (a.min(b), a.max(b));
        let kept = vec![log.note(from), log.note(to)];
        prop_assert_eq!(Files { checkpoints: kept, ..Files::of(&[log.export(from, to, size, None)]) }.check().unwrap().entries, to - from);
    }
}
