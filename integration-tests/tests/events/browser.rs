//! What browsers do with a stream: an `EventSource` by the book (HTML, "server-sent events"), a wire that can be cut, and a real browser where there is one.

use std::collections::VecDeque;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, mpsc};

use crate::support::{Org, fresh_folder, own_instance};

const PATIENCE: Duration = Duration::from_secs(30);

/// A way to the service that breaks when it is told to.
pub struct Cutting {
    /// Where it begins.
    pub base_url: String,
    scissors: broadcast::Sender<()>,
}

impl Cutting {
    /// In front of an address.
    pub async fn before(address: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let (scissors, _) = broadcast::channel(1);
        let (cuts, address) = (scissors.clone(), address.to_owned());
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (mut cut, address) = (cuts.subscribe(), address.clone());
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(address).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = cut.recv() => {}
                    }
                });
            }
        });
        Self { base_url, scissors }
    }

    /// Breaks every connection.
    pub fn cut(&self) {
        let _ = self.scissors.send(());
    }
}

/// What an `EventSource` tells its page.
enum Told {
    Opened,
    Message(Value),
}

/// An `EventSource`: it comes back to the same address with the last id that it heard, until an answer is no stream.
pub struct EventSource {
    told: mpsc::UnboundedReceiver<Told>,
}

impl EventSource {
    /// `new EventSource(url)`.
    pub fn open(url: &str) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        tokio::spawn(follow(url.to_owned(), tell));
        Self { told }
    }

    async fn told(&mut self) -> Told {
        tokio::time::timeout(PATIENCE, self.told.recv()).await.expect("something is heard").expect("it goes on")
    }

    /// `onopen`.
    pub async fn opened(&mut self) {
        while !matches!(self.told().await, Told::Opened) {}
    }

    /// The data of the next message.
    pub async fn next(&mut self) -> Value {
        loop {
            if let Told::Message(data) = self.told().await {
                return data;
            }
        }
    }
}

async fn follow(url: String, tell: mpsc::UnboundedSender<Told>) {
    let (client, mut last, mut pause) = (reqwest::Client::new(), String::new(), Duration::from_millis(300));
    loop {
        let request = client.get(&url).header("accept", "text/event-stream").header("cache-control", "no-store");
        let request = if last.is_empty() { request } else { request.header("last-event-id", &last) };
        if let Ok(mut answer) = request.send().await {
            if answer.status() != 200 || answer.headers()["content-type"] != "text/event-stream" {
                return;
            }
            let _ = tell.send(Told::Opened);
            let mut text = String::new();
            while let Ok(Some(bytes)) = answer.chunk().await {
                text.push_str(std::str::from_utf8(&bytes).unwrap());
                while let Some((block, rest)) = text.split_once("\n\n").map(|(a, b)| (a.to_owned(), b.to_owned())) {
                    text = rest;
                    dispatch(&block, &mut last, &mut pause, &tell);
                }
            }
        }
        if tell.is_closed() {
            return;
        }
        tokio::time::sleep(pause.min(Duration::from_millis(300))).await;
    }
}

fn dispatch(block: &str, last: &mut String, pause: &mut Duration, tell: &mpsc::UnboundedSender<Told>) {
    let mut data = String::new();
    for line in block.lines().filter(|line| !line.starts_with(':')) {
        let (field, value) = line.split_once(':').map_or((line, ""), |(field, value)| (field, value.trim_start()));
        match field {
            "id" => *last = value.to_owned(),
            "retry" => *pause = Duration::from_millis(value.parse().unwrap()),
            "data" => data.push_str(value),
            _ => {}
        }
    }
    if !data.is_empty() {
        let _ = tell.send(Told::Message(serde_json::from_str(&data).unwrap()));
    }
}

/// A page of another origin, and what its script reports by `POST`.
struct Page {
    reports: mpsc::UnboundedReceiver<(String, Value)>,
}

impl Page {
    fn serve(listener: TcpListener, html: String) -> Self {
        let (tell, reports) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (tell, html) = (tell.clone(), html.clone());
                tokio::spawn(async move {
                    if let Some((path, body)) = request(&mut stream).await {
                        let answer = match path.as_str() {
                            "/" => format!(
                                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{html}",
                                html.len()
                            ),
                            _ => "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_owned(),
                        };
                        let _ = stream.write_all(answer.as_bytes()).await;
                        let _ = tell.send((path, serde_json::from_slice(&body).unwrap_or(Value::Null)));
                    }
                });
            }
        });
        Self { reports }
    }

    /// The next report of this kind.
    async fn report(&mut self, wanted: &str) -> Value {
        let mut others = VecDeque::new();
        loop {
            let next = tokio::time::timeout(PATIENCE, self.reports.recv()).await;
            let (path, body) = next.unwrap_or_else(|_| panic!("no {wanted}, but {others:?}")).unwrap();
            if path == wanted {
                return body;
            }
            others.push_back((path, body));
        }
    }
}

async fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let mut some = [0; 4096];
        let count = stream.read(&mut some).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&some[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        if bytes.len() >= end + 4 + length {
            let path = head.split(' ').nth(1)?.to_owned();
            return Some((path, bytes[end + 4..end + 4 + length].to_vec()));
        }
    }
}

/// A browser without a window; killed when dropped.
struct Browser(Child);

impl Browser {
    fn show(url: &str) -> Option<Self> {
        let profile = format!("--user-data-dir={}", fresh_folder().display());
        let mut command = Command::new("chromium");
        command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", &profile, url]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok().map(Self)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A page of a front end's origin in Chromium, where Chromium is installed.
#[tokio::test]
async fn a_real_browser_follows_across_origins_and_comes_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let service = own_instance(&[("cors_origins", &origin)]);
    let org = Org::found_on(&service).await;
    let asha = org.sales_a().await;
    let wire = Cutting::before(service.address()).await;
    let settings = json!({"base": wire.base_url, "token": asha.access_token});
    let mut page = Page::serve(listener, PAGE.replace("SETTINGS", &settings.to_string()));
    let Some(_browser) = Browser::show(&format!("{origin}/")) else { return };
    page.report("/opened").await;
    for _ in 0..2 {
        let heard = org.customer_of(&asha).await;
        assert_eq!(page.report("/heard").await["data"]["data"]["customer_id"], json!(heard));
        wire.cut();
        let missed = org.customer_of(&asha).await;
        assert_eq!(page.report("/heard").await["data"]["data"]["customer_id"], json!(missed), "it came back by itself");
    }
    asha.act("/v1/auth/logout").await;
    loop {
        let closed = page.report("/error").await["state"] == 2;
        if closed {
            break;
        }
    }
}

const PAGE: &str = "<!doctype html><script>
const {base, token} = SETTINGS;
const report = (what, told) => fetch('/' + what, {method: 'POST', body: JSON.stringify(told)});
fetch(base + '/v1/events/stream-tickets', {method: 'POST', headers: {Authorization: 'Bearer ' + token}})
  .then(answer => answer.json()).then(({url}) => {
    const source = new EventSource(base + url);
    source.onopen = () => report('opened', {});
    source.onerror = () => report('error', {state: source.readyState});
    source.addEventListener('customers.created', event => report('heard', {id: event.lastEventId, data: JSON.parse(event.data)}));
  }).catch(error => report('failed', {error: String(error)}));
</script>";
