//! `custodian audit witness`: what it cosigns, what it refuses with which status, and what it still knows after a crash.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use custodian_crypto::note::{Note, VerifierKey};
use custodian_outbound::{WitnessClient, WitnessError};
use reqwest::StatusCode;

use super::generator::{Log, organization, vkey};
use crate::dev::program::{Folder, Program, run, until};

/// A running witness of the generator's global log.
struct Witness {
    program: Program,
    key: VerifierKey,
    url: String,
}

impl Witness {
    fn start(folder: &Path) -> Self {
        let (folder, log) = (folder.to_str().unwrap(), vkey().to_string());
        let arguments = [
            "audit",
            "witness",
            "--data-dir",
            folder,
            "--bind",
            "127.0.0.1:0",
            "--name",
            "witness.example/w1",
            "--vkey",
            &log,
        ];
        let mut program = Program::start(&arguments, &[]);
        let (key, url) = until("a witness", || {
            assert!(program.runs(), "it ended: {}", program.said());
            let printed = program.printed();
            let (key, url) = printed.strip_suffix('\n')?.split_once('\n')?;
            Some((VerifierKey::parse(key).unwrap(), url.to_owned()))
        });
        Self { program, key, url }
    }

    /// Asks as the server does.
    async fn ask(&self, log: &Log, old: u64, new: u64) -> Result<u64, WitnessError> {
        self.send(old, &log.consistency(old.min(new), new), &log.signed(new)).await
    }

    async fn send(&self, old: u64, proof: &[[u8; 32]], note: &Note) -> Result<u64, WitnessError> {
        let client = WitnessClient::new(&[], Duration::from_secs(60)).unwrap();
        client.add_checkpoint(&self.url, &self.key, old, proof, note).await.map(|cosignature| cosignature.time)
    }

    async fn post(&self, body: String) -> (StatusCode, String, String) {
        let answer =
            reqwest::Client::new().post(format!("{}/add-checkpoint", self.url)).body(body).send().await.unwrap();
        let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        (answer.status(), kind.unwrap_or_default(), answer.text().await.unwrap())
    }
}

/// A global log of so many heads.
fn global(heads: u64) -> Log {
    let (mut own, mut global) = (Log::of(organization(1), 1), Log::new(None));
    for _ in 0..heads {
        global.publish(&own);
        own.grow(1);
    }
    global
}

#[tokio::test]
async fn a_log_that_only_grows_is_cosigned_again_and_again() {
    let (folder, log) = (Folder::new(), global(40));
    let witness = Witness::start(&folder.0.join("w"));
    let mut old = 0;
    for new in [0, 1, 7, 8, 8, 40] {
        assert!(witness.ask(&log, old, new).await.unwrap() > 1_700_000_000, "{old} to {new}");
        old = new;
    }
    let shown = reqwest::get(&witness.url).await.unwrap().text().await.unwrap();
    assert_eq!(shown, format!("{}\n", witness.key));
    let key = folder.0.join("w/witness.key").metadata().unwrap().permissions();
    assert_eq!(key.mode() & 0o777, 0o600);
}

#[tokio::test]
async fn each_refusal_has_the_status_of_the_standard() {
    let (folder, log) = (Folder::new(), global(20));
    let witness = Witness::start(&folder.0);
    let fork = log.rebuilt(1, |texts, _| texts[3] = texts[3].replace("\"size\":4", "\"size\":5"));
    witness.ask(&log, 0, 10).await.unwrap();
    assert_eq!(witness.ask(&log, 0, 12).await, Err(WitnessError::Conflict(10)));
    assert_eq!(witness.ask(&log, 12, 12).await, Err(WitnessError::Conflict(10)));
    assert_eq!(witness.ask(&log, 12, 9).await, Err(WitnessError::Malformed));
    assert_eq!(witness.ask(&fork, 10, 10).await, Err(WitnessError::Conflict(10)));
    assert_eq!(witness.ask(&fork, 10, 20).await, Err(WitnessError::BadProof));
    assert_eq!(witness.send(10, &[], &log.signed(20)).await, Err(WitnessError::BadProof));
    assert_eq!(witness.ask(&log.rebuilt(2, |_, _| ()), 10, 20).await, Err(WitnessError::NotSigned));
    assert_eq!(witness.ask(&Log::of(organization(1), 20), 0, 20).await, Err(WitnessError::UnknownLog));
    let (status, kind, body) = witness.post(format!("old 3\n\n{}", log.note(12))).await;
    assert_eq!((status.as_u16(), kind.as_str(), body.as_str()), (409, "text/x.tlog.size", "10\n"));
    for wrong in [String::new(), "old 10".into(), format!("old 010\n\n{}", log.note(12)), "\u{0}".repeat(100)] {
        assert_eq!(witness.post(wrong).await.0, 400);
    }
    assert_eq!(witness.post("x".repeat(1 << 20)).await.0, 413);
    assert_eq!(reqwest::get(format!("{}/add-checkpoint", witness.url)).await.unwrap().status(), 405);
    witness.ask(&log, 10, 20).await.unwrap();
}

#[tokio::test]
async fn what_was_cosigned_is_known_after_a_crash() {
    let (folder, log) = (Folder::new(), global(20));
    let mut key = None;
    for (old, new) in [(0, 5), (5, 11), (11, 20)] {
        let witness = Witness::start(&folder.0);
        assert_eq!(*key.get_or_insert(witness.key.clone()), witness.key, "the key stays");
        assert_eq!(witness.ask(&log, old + 1, 20).await, Err(WitnessError::Conflict(old)));
        witness.ask(&log, old, new).await.unwrap();
        witness.program.signal("KILL");
        let mut program = witness.program;
        program.ended();
    }
    let state = fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().path());
    let state: Vec<_> = state.filter(|path| path.extension().is_some_and(|kind| kind == "checkpoint")).collect();
    assert_eq!(fs::read_to_string(&state[0]).unwrap(), log.note(20));
    // A witness that cannot read what it saw says so and cosigns nothing.
    fs::write(&state[0], "").unwrap();
    let log_key = vkey().to_string();
    let arguments = [
        "audit",
        "witness",
        "--data-dir",
        folder.0.to_str().unwrap(),
        "--bind",
        "127.0.0.1:0",
        "--name",
        "witness.example/w1",
        "--vkey",
        &log_key,
    ];
    let (code, _, said) = run(&arguments, &[]);
    assert!(code == 1 && said.contains("is not the checkpoint"), "{said}");
}

#[tokio::test]
async fn one_folder_has_one_witness() {
    let folder = Folder::new();
    let _witness = Witness::start(&folder.0);
    let log_key = vkey().to_string();
    let arguments = [
        "audit",
        "witness",
        "--data-dir",
        folder.0.to_str().unwrap(),
        "--bind",
        "127.0.0.1:0",
        "--name",
        "w",
        "--vkey",
        &log_key,
    ];
    let (code, _, said) = run(&arguments, &[]);
    assert!(code == 1 && said.contains("held by another witness"), "{said}");
}

/// Many ask at once from the same size for different ones: the standard's race. One alone may pass from each state, so that no
/// cosigned tree is ever followed by a smaller one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_requests_at_once_one_passes_from_each_state() {
    let (folder, log) = (Folder::new(), std::sync::Arc::new(global(64)));
    let witness = std::sync::Arc::new(Witness::start(&folder.0));
    let mut latest = 0;
    for round in 1..=5u64 {
        let asked = (0..12u64).map(|at| {
            let (witness, log) = (witness.clone(), log.clone());
            let new = latest + 1 + at % 6;
            tokio::spawn(async move { (new, witness.ask(&log, latest, new).await) })
        });
        let mut passed = Vec::new();
        let mut told = Vec::new();
        for answer in asked.collect::<Vec<_>>() {
            match answer.await.unwrap() {
                (new, Ok(_)) => passed.push(new),
                (_, Err(WitnessError::Conflict(size))) => told.push(size),
                (_, Err(other)) => panic!("round {round}: {other}"),
            }
        }
        assert_eq!((passed.len(), told.len()), (1, 11), "round {round}: {passed:?}");
        latest = passed[0];
        assert!(told.iter().all(|size| *size == latest), "{told:?}");
    }
    assert_eq!(witness.ask(&log, 0, 64).await, Err(WitnessError::Conflict(latest)));
}
