//! A mail server that puts every letter off until it is told to take them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A letter that was put off is tried again after seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// It serves as long as the test runs.
pub struct MailServer {
    /// The setting `smtp_url`.
    pub url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    takes: AtomicBool,
    tries: AtomicUsize,
    letters: Mutex<Vec<String>>,
}

impl MailServer {
    /// One that takes nothing yet.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let state = Arc::new(State::default());
        let own = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(converse(stream, Arc::clone(&own)));
            }
        });
        Self { url, state }
    }

    /// Waits until a letter was put off.
    pub async fn has_refused(&self) {
        until("no letter came", || self.state.tries.load(Ordering::SeqCst) > 0).await;
    }

    /// Takes letters from now on, and waits for the first; all there are.
    pub async fn takes(&self) -> Vec<String> {
        self.state.takes.store(true, Ordering::SeqCst);
        until("no letter is handed over", || !self.state.letters.lock().unwrap().is_empty()).await;
        self.letters()
    }

    /// What was taken.
    pub fn letters(&self) -> Vec<String> {
        self.state.letters.lock().unwrap().clone()
    }
}

async fn until(what: &str, came: impl Fn() -> bool) {
    let begun = Instant::now();
    while !came() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn converse(stream: TcpStream, state: Arc<State>) -> Option<()> {
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
                state.tries.fetch_add(1, Ordering::SeqCst);
                if state.takes.load(Ordering::SeqCst) {
                    state.letters.lock().unwrap().push(letter);
                    b"250 taken\r\n"
                } else {
                    b"451 later\r\n"
                }
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        write.write_all(answer).await.ok()?;
    }
    Some(())
}
