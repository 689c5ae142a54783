//! A client for load: one kept connection, requests sent as ready bytes, answers read as far as their length says.

use std::net::SocketAddr;

use custodian_application::startup::Unfit;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::unfit;

/// The longest head of an answer that is waited for.
const LONGEST_HEAD: usize = 16 * 1024;

/// One connection; its buffer holds the last answer.
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
    head: Head,
}

/// Where an answer's parts end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body begins.
    body: usize,
    /// Where it ends.
    end: usize,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> Result<Self, Unfit> {
        let stream = TcpStream::connect(address).await.map_err(unfit)?;
        stream.set_nodelay(true).map_err(unfit)?;
        Ok(Self { stream, buffer: vec![0; 64 * 1024], filled: 0, head: Head::default() })
    }

    /// Sends one request and reads its whole answer; the status.
    pub(super) async fn send(&mut self, request: &[u8]) -> Result<u16, Unfit> {
        self.filled = 0;
        self.stream.write_all(request).await.map_err(unfit)?;
        loop {
            let head = parse(self.buffer.get(..self.filled).unwrap_or_default())?;
            if let Some(head) = head.filter(|head| head.end <= self.filled) {
                self.head = head;
                return Ok(head.status);
            }
            if head.is_none() && self.filled > LONGEST_HEAD {
                return Err(Unfit("an answer of the server has no end of its head.".into()));
            }
            if self.filled == self.buffer.len() {
                self.buffer.resize(self.filled * 2, 0);
            }
            let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
            match self.stream.read(room).await.map_err(unfit)? {
                0 => return Err(Unfit("the server closed a connection in mid-answer.".into())),
                read => self.filled += read,
            }
        }
    }

    /// The last answer's body.
    pub(super) fn body(&self) -> &[u8] {
        self.buffer.get(self.head.body..self.head.end).unwrap_or_default()
    }

    /// The same as JSON; an answer that is not a success is an error with its status and problem code.
    pub(super) async fn json(&mut self, request: &[u8]) -> Result<Value, Unfit> {
        let status = self.send(request).await?;
        if !(200..300).contains(&status) {
            return Err(Unfit(refusal(status, self.body())));
        }
        serde_json::from_slice(self.body()).map_err(unfit)
    }
}

/// A refusal in a sentence: status, code and where the faults lie, as the rest may repeat what was sent.
pub(super) fn refusal(status: u16, body: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = problem.get("code").and_then(Value::as_str).unwrap_or("no code");
    let faults = problem.get("errors").and_then(Value::as_array).into_iter().flatten();
    let places: String = faults
        .filter_map(|fault| Some(format!(", {} {}", fault.get("pointer")?.as_str()?, fault.get("code")?.as_str()?)))
        .collect();
    format!("the server answered {status} ({code}{places}).")
}

/// The head, once all of it is there. An answer in chunks ends nowhere until its last is there; its body is left in chunks: nobody looks into one.
fn parse(bytes: &[u8]) -> Result<Option<Head>, Unfit> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let malformed = || Unfit("an answer of the server is no HTTP with a length.".into());
    let head = bytes.get(..end).and_then(|head| std::str::from_utf8(head).ok()).ok_or_else(malformed)?;
    let status = head.get(9..12).and_then(|digits| digits.parse().ok()).ok_or_else(malformed)?;
    let body = end + 4;
    let end = match head.split("\r\n").find_map(content_length) {
        Some(length) => body + length,
        None if head.to_ascii_lowercase().contains("\r\ntransfer-encoding: chunked") => {
            last_chunk(bytes, body).unwrap_or(usize::MAX)
        }
        None => return Err(malformed()),
    };
    Ok(Some(Head { status, body, end }))
}

/// Where the chunks that begin here end, once the last of them is there.
fn last_chunk(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let rest = bytes.get(at..)?;
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let digits = std::str::from_utf8(rest.get(..line)?).ok()?;
        let size = usize::from_str_radix(digits.split(';').next()?.trim(), 16).ok()?;
        at = at.checked_add(line + 2)?.checked_add(size)?.checked_add(2)?;
        if size == 0 {
            return (at <= bytes.len()).then_some(at);
        }
    }
}

fn content_length(line: &str) -> Option<usize> {
    let (name, value) = line.split_once(':')?;
    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok()).flatten()
}

/// A request without a body. `credential` is a whole header line.
pub(super) fn get(path: &str, host: &str, credential: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{credential}\r\nAccept: application/json\r\n\r\n").into_bytes()
}

/// A request with a body.
pub(super) fn post(path: &str, host: &str, credential: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\n{credential}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn an_answer_ends_where_its_length_says() {
        let answer = b"HTTP/1.1 201 Created\r\nX-A: b\r\ncontent-length: 5\r\n\r\n12345";
        let head = parse(answer).unwrap().unwrap();
        assert_eq!((head.status, answer.len() - head.body, head.end), (201, 5, answer.len()));
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n").unwrap(), None);
    }

    #[test]
    fn an_answer_in_chunks_ends_with_the_last() {
        let whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n0\r\n\r\n\r\n1;x=y\r\na\r\n0\r\n\r\n";
        assert_eq!(parse(whole).unwrap().unwrap().end, whole.len());
        for cut in 50..whole.len() {
            assert_eq!(parse(&whole[..cut]).unwrap().unwrap().end, usize::MAX, "{cut}");
        }
    }

    #[test]
    fn an_answer_without_a_length_is_refused() {
        assert!(parse(b"HTTP/1.1 200 OK\r\n\r\n0").is_err());
        assert!(parse(b"HTTP/1.1 xyz OK\r\ncontent-length: 1\r\n\r\n0").is_err());
    }

    #[test]
    fn a_refusal_tells_its_code_and_no_more() {
        let told = refusal(409, br#"{"code":"duplicate_value","detail":"13812345678"}"#);
        assert_eq!(told, "the server answered 409 (duplicate_value).");
    }
}
