//! Checkpoints on their way to witnesses: signed by those who answer, and nobody waits for those who do not.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use custodian_crypto::note::{KeyKind, Note, VerifierKey};

use super::reader::{keys, opened, settled};
use super::scene::{Scene, until};
use crate::dev::program::{Folder, Program, free_port, until as soon};
use crate::support::{Person, own_instance};

const NAME: &str = "witness.example/w1";

/// `custodian audit witness` in a folder, watching these logs; answers when it listens.
fn witness(folder: &Path, port: u16, logs: &[VerifierKey]) -> (Program, VerifierKey) {
    let (bind, folder) = (format!("127.0.0.1:{port}"), folder.to_str().unwrap());
    let logs: Vec<String> = logs.iter().map(ToString::to_string).collect();
    let mut arguments = vec!["audit", "witness", "--data-dir", folder, "--bind", &bind, "--name", NAME];
    logs.iter().for_each(|log| arguments.extend(["--vkey", log]));
    let mut program = Program::start(&arguments, &[]);
    let key = soon("a witness", || {
        assert!(program.runs(), "it ended: {}", program.said());
        let printed = program.printed();
        let (key, _) = printed.strip_suffix('\n')?.split_once('\n')?;
        Some(VerifierKey::parse(key).unwrap())
    });
    (program, key)
}

/// The key of a witness before the log that it will watch exists.
fn key_of(folder: &Path) -> VerifierKey {
    let (mut program, key) = witness(folder, 0, &[super::generator::vkey()]);
    program.signal("KILL");
    program.ended();
    key
}

/// Listens, and does this with everybody who comes, until the test ends.
fn stranger(answer: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().for_each(|stream| answer(stream.unwrap())));
    port
}

fn other_key(name: &str) -> VerifierKey {
    VerifierKey::new(KeyKind::Cosignature, name, *super::generator::vkey().public()).unwrap()
}

/// The newest checkpoint of all logs that a witness has signed: its size, and when the witness saw it.
async fn witnessed(person: &Person, logs: &[VerifierKey], key: &VerifierKey) -> (u64, u64) {
    let answer = settled(person, "/v1/audit/log/checkpoint?witnessed=true").await.shows(200);
    let size = opened(logs, answer.text()).size;
    let verified = Note::parse(answer.text()).unwrap().verify(std::slice::from_ref(key)).unwrap();
    assert_eq!((verified.len(), verified[0].name.as_str()), (1, NAME), "{}", answer.text());
    (size, verified[0].time.unwrap())
}

#[tokio::test]
async fn a_checkpoint_carries_the_line_of_the_witness_that_answers_and_nobody_waits_for_the_others() {
    let folder = Folder::new();
    let (key, port) = (key_of(&folder.0), free_port());
    // One takes the connection and never answers; behind the other nobody listens.
    let held = std::sync::Mutex::new(Vec::new());
    let slow = stranger(move |stream| held.lock().unwrap().push(stream));
    let witnesses = format!(
        "http://127.0.0.1:{slow} {},http://127.0.0.1:{} {},http://127.0.0.1:{port} {key}",
        other_key("witness.example/slow"),
        free_port(),
        other_key("witness.example/down"),
    );
    let service = own_instance(&[("audit_witnesses", &witnesses)]);
    let scene = Scene::with(&service, 3).await;
    let (logs, person) = (keys(&service).await, scene.org.auditor().await);
    // None of the three answers yet: calls are as fast as ever, and heads are published.
    for _ in 0..10 {
        let begun = Instant::now();
        person.get("/v1/me").await.shows(200);
        assert!(begun.elapsed() < Duration::from_secs(9), "a witness is waited for 10 s: {:?}", begun.elapsed());
    }
    scene.grow(1).await;
    person.get("/v1/audit/log/checkpoint?witnessed=true").await.refuses(409, "not_yet_placed");
    let (_witness, same) = witness(&folder.0, port, &logs);
    assert_eq!(same, key);
    scene.grow(1).await;
    let (size, time) = witnessed(&person, &logs, &key).await;
    assert!(size > 0 && time > 1_700_000_000);
    // It goes on with the log.
    until("a later checkpoint that was signed", async || {
        scene.grow(1).await;
        (witnessed(&person, &logs, &key).await.0 > size).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_witness_that_knows_more_than_we_remember_is_caught_up_with() {
    let folder = Folder::new();
    let (key, port) = (key_of(&folder.0), free_port());
    let service = own_instance(&[("audit_witnesses", &format!("http://127.0.0.1:{port} {key}"))]);
    let scene = Scene::with(&service, 1).await;
    let (logs, person) = (keys(&service).await, scene.org.auditor().await);
    let (_witness, _) = witness(&folder.0, port, &logs);
    scene.grow(1).await;
    let (size, _) = witnessed(&person, &logs, &key).await;
    // Its lines are lost, as with an older copy of that table: it answers 409 with the size that it knows.
    scene.sql.batch_execute("DELETE FROM audit_log_cosignatures").await.unwrap();
    scene.grow(1).await;
    assert!(witnessed(&person, &logs, &key).await.0 > size);
    assert_eq!(alarms(&scene).await, 0);
}

#[tokio::test]
async fn a_witness_that_has_seen_a_longer_log_raises_the_alarm() {
    let port = stranger(|mut stream| {
        // What was asked is read as far as it came; a witness answers whatever it was.
        let _ = stream.read(&mut [0; 1 << 16]);
        let body = "1000000\n";
        let head = format!("content-type: text/x.tlog.size\r\ncontent-length: {}\r\nconnection: close", body.len());
        let _ = write!(stream, "HTTP/1.1 409 Conflict\r\n{head}\r\n\r\n{body}");
    });
    let witnesses = format!("http://127.0.0.1:{port} {}", other_key(NAME));
    let service = own_instance(&[("audit_witnesses", &witnesses)]);
    let scene = Scene::with(&service, 3).await;
    until("an alarm", async || (alarms(&scene).await > 0).then_some(())).await;
    let person = scene.org.auditor().await;
    person.get("/v1/me").await.shows(200);
    person.get("/v1/audit/log/checkpoint?witnessed=true").await.refuses(409, "not_yet_placed");
}

/// How many alarms about witnesses stand in the log.
async fn alarms(scene: &Scene<'_>) -> i64 {
    let text = "SELECT count(*) FROM audit_entries WHERE organization_id = $1 AND action = 'audit.alarm' \
        AND convert_from(entry, 'UTF8')::jsonb #>> '{details,finding}' = 'witness'";
    scene.sql.query_one(text, &[&scene.org.id]).await.unwrap().get(0)
}
