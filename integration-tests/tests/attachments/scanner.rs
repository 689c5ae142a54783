//! A scanner that is set up: it finds what it knows, and without its answer nothing is taken in.

use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};

use super::{document, hang};
use crate::audit::Ledger;
use crate::support::{Org, Person, fresh_folder, own_instance};

/// The test file of the European Institute for Computer Antivirus Research, in two parts so that no scanner stumbles over this source.
const EICAR: [&str; 2] = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR", "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];
/// What the scanner of these tests does not look into.
const SEALED: &[u8] = b"too much for a scanner";

fn eicar() -> Vec<u8> {
    EICAR.concat().into_bytes()
}

fn holds(seen: &[u8], known: &[u8]) -> bool {
    seen.windows(known.len()).any(|part| part == known)
}

/// Answers one question as a scanner that knows one thing.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut word = [0_u8; 10];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"zINSTREAM\0");
    let mut seen = Vec::new();
    loop {
        let Ok(length) = stream.read_u32().await else { return };
        if length == 0 {
            break;
        }
        let mut piece = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut piece).await.unwrap();
        seen.extend(piece);
    }
    let said: &[u8] = match (holds(&seen, &eicar()), holds(&seen, SEALED)) {
        (true, _) => b"stream: Eicar-Test-Signature FOUND\0",
        (_, true) => b"INSTREAM size limit exceeded. ERROR\0",
        _ => b"stream: OK\0",
    };
    stream.write_all(said).await.unwrap();
}

async fn alarms(org: &Org<'_>) -> Vec<String> {
    let page = org.dpo().await.get("/v1/alerts?state=open").await.shows(200).at("/data");
    page.as_array().unwrap().iter().map(|alarm| alarm["rule"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_scanner_finds_is_refused_and_what_it_clears_is_taken_in() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let scanning = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    let service = own_instance(&[("attachment_scanner", &address)]);
    let org = Org::found_on(&service).await;
    let asha = org.sales_a().await;
    let id = org.customer_of(&asha).await;
    let clean = hang(&asha, &id, "clean.pdf", &document(200_000)).await.shows(201);
    assert_eq!(clean.at("/state"), "ready");
    assert_eq!(alarms(&org).await, Vec::<String>::new());
    let mut ledger = Ledger::of(&org).await;
    hang(&asha, &id, "eicar.txt", &eicar()).await.refuses(422, "file_infected");
    let entries = ledger.new_entries().await;
    let refused = |entry: &&serde_json::Value| entry["action"] == "attachments.refuse";
    assert_eq!(entries.iter().find(refused).unwrap()["rule"], "file_infected");
    assert_eq!(alarms(&org).await, ["malicious_file"], "somebody is told");
    let hidden = [document(150_000), eicar()].concat();
    hang(&asha, &id, "hidden.pdf", &hidden).await.refuses(422, "file_infected");
    let sealed = [document(100), SEALED.to_vec()].concat();
    hang(&asha, &id, "sealed.pdf", &sealed).await.refuses(422, "file_unscannable");
    let left = org.sql().await.query("SELECT DISTINCT attachment_id FROM attachment_chunks", &[]).await.unwrap();
    assert_eq!(left.len(), 1, "nothing of what was refused stays");
    scanning.abort();
    let _ = scanning.await;
    hang(&asha, &id, "later.pdf", &document(100)).await.refuses(503, "scanner_unavailable");
}

/// Waits until a file stands so, or is gone.
async fn until(person: &Person, file: &str, state: &str) {
    for _ in 0..400 {
        let told = person.get(file).await;
        if told.status == 404 && state == "gone" || told.status == 200 && told.at("/state") == state {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("never {state}: {}", person.get(file).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_could_look_through_is_held_back_until_somebody_has() {
    let folder = fresh_folder();
    std::fs::create_dir_all(&folder).unwrap();
    let socket = folder.join("clamd.ctl");
    let address = format!("unix:{}", socket.display());
    let service = own_instance(&[
        ("attachment_scanner", &address),
        ("attachment_unscanned", "hold"),
        ("attachment_customer_mib", "1"),
    ]);
    let org = Org::found_on(&service).await;
    let asha = org.sales_a().await;
    let id = org.customer_of(&asha).await;
    let clean = hang(&asha, &id, "clean.pdf", &document(200_000)).await.shows(201);
    let infected = hang(&asha, &id, "eicar.txt", &eicar()).await.shows(201);
    for file in [&clean, &infected] {
        assert_eq!(file.at("/state"), "held");
        asha.get(&format!("{}/content", file.sent("location"))).await.refuses(409, "attachment_held");
    }
    org.sql().await.execute("UPDATE attachments SET state = 'ready'", &[]).await.unwrap();
    asha.get(&format!("{}/content", infected.sent("location"))).await.refuses(500, "integrity_error");
    org.sql().await.execute("UPDATE attachments SET state = 'held'", &[]).await.unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    let scanning = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    until(&asha, &clean.sent("location"), "ready").await;
    until(&asha, &infected.sent("location"), "gone").await;
    let content = format!("{}/content", clean.sent("location"));
    assert!(asha.get(&content).await.shows(200).bytes == document(200_000));
    assert_eq!(alarms(&org).await, ["malicious_file"]);
    let log = org.auditor().await.get("/v1/audit/entries?action=attachments.clear").await.shows(200);
    assert_eq!(log.at("/data/0/details/attachment"), json!(clean.id()), "{log}");
    // 200,000 bytes are there, and 1 MiB is all that there is room for.
    hang(&asha, &id, "much.pdf", &document(700_000)).await.shows(201);
    hang(&asha, &id, "more.pdf", &document(200_000)).await.refuses(409, "no_room_for_attachments");
    hang(&asha, &org.customer_of(&asha).await, "other.pdf", &document(200_000)).await.shows(201);
    scanning.abort();
    std::fs::remove_dir_all(&folder).unwrap();
}
