//! Bytes on a socket, for requests that no client library would send.

use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Answer, Service};

/// Longer than any limit of the server: what is still open then was not cut off.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to the service.
pub struct Conversation {
    stream: TcpStream,
    opened: Instant,
}

impl Conversation {
    /// Opens one.
    pub async fn open(service: &Service) -> Self {
        Self { stream: TcpStream::connect(service.address()).await.unwrap(), opened: Instant::now() }
    }

    /// Sends bytes; a closed connection is no surprise here.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Everything that comes until the server closes, and how long the connection was open. Stops the test if it never closes.
    pub async fn until_closed(&mut self) -> (Vec<u8>, Duration) {
        let mut bytes = Vec::new();
        // A reset is a way to close too.
        let _ =
            timeout(PATIENCE, self.stream.read_to_end(&mut bytes)).await.expect("the server keeps the connection open");
        (bytes, self.opened.elapsed())
    }

    /// Whether the server has closed; what it said until now is lost.
    pub async fn is_closed(&mut self) -> bool {
        let mut bytes = [0; 4096];
        matches!(self.stream.try_read(&mut bytes), Ok(0)) || self.stream.take_error().ok().flatten().is_some()
    }

    /// What comes next, up to some kilobytes; nothing when the connection is closed.
    pub async fn next(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; 64 * 1024];
        let read = timeout(PATIENCE, self.stream.read(&mut bytes)).await.expect("the server says nothing").unwrap_or(0);
        bytes.truncate(read);
        bytes
    }
}

/// Sends one request as it stands and reads until the server closes; the request should ask for that.
pub async fn exchange(service: &Service, request: impl AsRef<[u8]>) -> Answer {
    let mut conversation = Conversation::open(service).await;
    conversation.send(request.as_ref()).await;
    let (bytes, _) = conversation.until_closed().await;
    let asked = String::from_utf8_lossy(request.as_ref()).lines().next().unwrap_or_default().to_owned();
    parse(asked, &bytes)
}

/// Takes one answer apart.
pub fn parse(asked: String, bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no answer to {asked}: {:?}", String::from_utf8_lossy(bytes)));
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    Answer { asked, status, headers, bytes: bytes[end + 4..].to_vec() }
}
