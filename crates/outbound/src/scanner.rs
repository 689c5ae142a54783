//! Asks a scanner for malicious software, in the words of clamd (`zINSTREAM`), while a file streams in. Whoever set one up is never served without it.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

/// How long each step may take.
const STEP: Duration = Duration::from_secs(10);
/// How long the verdict may take once all is there.
const VERDICT: Duration = Duration::from_secs(60);
/// Bytes of an answer that are read; a name of something found is short.
const LARGEST_ANSWER: u64 = 4_096;
/// The most bytes that are sent in one piece.
const PIECE: usize = 64 * 1024;

/// Why there is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// No connection, or one that broke.
    #[error("the scanner cannot be reached")]
    Unreachable,
    /// No answer in time.
    #[error("the scanner does not answer in time")]
    Late,
    /// It cannot scan this, for its size or another reason of its own.
    #[error("the scanner refuses the file")]
    Refused,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Clean,
    /// Something; its name is the scanner's own affair.
    Malicious,
}

/// Where a scanner listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanner {
    address: String,
}

impl Scanner {
    /// At `host:port`, or at `unix:/path`.
    pub fn at(address: &str) -> Self {
        Self { address: address.to_owned() }
    }

    /// Begins to have a file looked through.
    pub async fn begin(&self) -> Result<Scan, ScanError> {
        let stream: Line = match self.address.strip_prefix("unix:") {
            Some(path) => Box::new(step(UnixStream::connect(path)).await?),
            None => Box::new(step(TcpStream::connect(&self.address)).await?),
        };
        let mut scan = Scan { stream };
        step(scan.stream.write_all(b"zINSTREAM\0")).await?;
        Ok(scan)
    }
}

trait Both: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}

type Line = Box<dyn Both>;

/// A file on its way to the scanner.
pub struct Scan {
    stream: Line,
}

impl Scan {
    /// The next bytes.
    pub async fn feed(&mut self, bytes: &[u8]) -> Result<(), ScanError> {
        for piece in bytes.chunks(PIECE) {
            match self.send(piece).await {
                // It hangs up on what it does not want, and has said so before.
                Err(ScanError::Unreachable) => return Err(self.reason().await),
                sent => sent?,
            }
        }
        Ok(())
    }

    async fn send(&mut self, piece: &[u8]) -> Result<(), ScanError> {
        let length = u32::try_from(piece.len()).map_err(|_| ScanError::Refused)?;
        step(self.stream.write_all(&length.to_be_bytes())).await?;
        step(self.stream.write_all(piece)).await
    }

    async fn reason(&mut self) -> ScanError {
        let mut answer = Vec::new();
        let mut rest = (&mut self.stream).take(LARGEST_ANSWER);
        let _ = step(rest.read_to_end(&mut answer)).await;
        verdict(&answer).err().unwrap_or(ScanError::Unreachable)
    }

    /// There are no more: the verdict.
    pub async fn finish(mut self) -> Result<Verdict, ScanError> {
        step(self.stream.write_all(&0_u32.to_be_bytes())).await?;
        let mut answer = Vec::new();
        let mut rest = self.stream.take(LARGEST_ANSWER);
        match tokio::time::timeout(VERDICT, rest.read_to_end(&mut answer)).await {
            Ok(Ok(_)) => verdict(&answer),
            Ok(Err(_)) => Err(ScanError::Unreachable),
            Err(_) => Err(ScanError::Late),
        }
    }
}

async fn step<T>(doing: impl Future<Output = std::io::Result<T>>) -> Result<T, ScanError> {
    match tokio::time::timeout(STEP, doing).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(ScanError::Unreachable),
        Err(_) => Err(ScanError::Late),
    }
}

/// Only the very words of a clean verdict are one.
fn verdict(answer: &[u8]) -> Result<Verdict, ScanError> {
    let answer = answer.split(|byte| *byte == 0).next().unwrap_or_default();
    match std::str::from_utf8(answer).map(str::trim) {
        Ok("stream: OK") => Ok(Verdict::Clean),
        Ok(text) if text.ends_with(" FOUND") => Ok(Verdict::Malicious),
        Ok("") => Err(ScanError::Unreachable),
        _ => Err(ScanError::Refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_words_are_a_clean_verdict() {
        assert_eq!(verdict(b"stream: OK\0"), Ok(Verdict::Clean));
        assert_eq!(verdict(b"stream: Win.Test.EICAR_HDB-1 FOUND\0"), Ok(Verdict::Malicious));
        for (answer, error) in [
            (&b""[..], ScanError::Unreachable),
            (b"INSTREAM size limit exceeded. ERROR\0", ScanError::Refused),
            (b"OK", ScanError::Refused),
            (b"stream: OK and more", ScanError::Refused),
            (b"\xff\xfe", ScanError::Refused),
        ] {
            assert_eq!(verdict(answer), Err(error), "{answer:?}");
        }
    }
}
