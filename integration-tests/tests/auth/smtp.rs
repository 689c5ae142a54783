//! Letters by SMTP: handed over once the server is there, and again when it was not sure.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Org, own_instance};

type Inbox = Arc<Mutex<Vec<String>>>;

/// A mail server that puts the first letter off and takes every further one.
async fn serve(listener: TcpListener, inbox: Inbox) {
    let tries = Arc::new(Mutex::new(0));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(converse(stream, Arc::clone(&inbox), Arc::clone(&tries)));
    }
}

async fn converse(stream: TcpStream, inbox: Inbox, tries: Arc<Mutex<u32>>) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 test\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        let verb = line.get(..4).unwrap_or_default().to_uppercase();
        let answer: &[u8] = match verb.as_str() {
            "EHLO" | "HELO" => b"250 test\r\n",
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                let mut letter = String::new();
                while let Some(line) = lines.next_line().await.ok()?.filter(|line| line != ".") {
                    letter.push_str(&line);
                    letter.push('\n');
                }
                let first = {
                    let mut tries = tries.lock().unwrap();
                    *tries += 1;
                    *tries == 1
                };
                if first {
                    b"451 later\r\n"
                } else {
                    inbox.lock().unwrap().push(letter);
                    b"250 taken\r\n"
                }
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        write.write_all(answer).await.ok()?;
    }
    Some(())
}

#[tokio::test]
async fn a_letter_that_was_put_off_arrives_once_and_leaves_no_row() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let inbox = Inbox::default();
    tokio::spawn(serve(listener, Arc::clone(&inbox)));
    let service = own_instance(&[
        ("smtp_url", &url),
        ("mail_from", "Custodian <custodian@example.com>"),
        ("account_url", "https://crm.example.com/account"),
    ]);
    let org = Org::found_on(&service).await;
    let body = json!({"email": org.email("wren"), "name": "Wren"});
    org.admin().await.post("/v1/users", &body).await.shows(201);
    let sql = org.sql().await;
    let begun = std::time::Instant::now();
    while sql.query_one("SELECT count(*) FROM mail_queue", &[]).await.unwrap().get::<_, i64>(0) > 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the letter is not taken out");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let letters = inbox.lock().unwrap().clone();
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(letters[0].contains("Message-ID: <") && letters[0].contains(&format!("To: {}", org.email("wren"))));
    assert_eq!(sql.query_one("SELECT count(*) FROM mail_outbox", &[]).await.unwrap().get::<_, i64>(0), 0);
}
