//! Asks a witness to cosign a checkpoint (C2SP tlog-witness, `add-checkpoint`).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use custodian_crypto::merkle::Hash;
use custodian_crypto::note::{KeyKind, Note, SignatureLine, VerifierKey};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// Bytes of an answer that are read; a witness needs a few hundred.
const LARGEST_ANSWER: usize = 1 << 16;

/// A witness's line over a checkpoint, checked with the witness's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// The signature line without its newline, to be stored beneath the checkpoint's note.
    pub line: String,
    /// When the witness saw it, in seconds since 1970.
    pub time: u64,
}

/// Why there is no cosignature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// The address is not an http or https one, or the key is not a witness's.
    #[error("the witness's address or key is not usable")]
    Setting,
    /// No connection, a connection that broke, or a certificate that is not trusted.
    #[error("the witness cannot be reached")]
    Unreachable,
    /// No whole answer in time.
    #[error("the witness does not answer in time")]
    Late,
    /// 400: it finds the request malformed.
    #[error("the witness finds the request malformed")]
    Malformed,
    /// 403: it knows the log but not the key that signed.
    #[error("the witness does not know the key that signed the checkpoint")]
    NotSigned,
    /// 404: it does not watch this log.
    #[error("the witness does not watch this log")]
    UnknownLog,
    /// 409: its latest checkpoint of this log has another size: try again from there. When that is the size that was sent as
    /// the old one and as the new one, it saw another root for it: the log was forked.
    #[error("the latest checkpoint that the witness cosigned has {0} entries")]
    Conflict(u64),
    /// 422: the proof does not show that this log begins with what it saw: the log was forked, or the proof was made wrongly.
    #[error("the witness refuses the consistency proof")]
    BadProof,
    /// Any other status.
    #[error("the witness answers with status {0}")]
    Status(u16),
    /// Not what the standard says, or no line that the witness's key signed.
    #[error("the witness's answer is not a cosignature by its key")]
    Answer,
}

/// Talks to witnesses; keeps connections alive between calls. Cheap to clone.
#[derive(Clone)]
pub struct WitnessClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    patience: Duration,
}

impl WitnessClient {
    /// Trusts the public certificate authorities and these roots, and waits `patience` for a whole answer. Redirects are not followed.
    pub fn new(roots: &[CertificateDer<'static>], patience: Duration) -> Result<Self, WitnessError> {
        let mut trusted = RootCertStore::empty();
        trusted.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        trusted.add_parsable_certificates(roots.iter().cloned());
        let provider = rustls::crypto::ring::default_provider().into();
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.map_err(|_| WitnessError::Setting)?.with_root_certificates(trusted).with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector), patience })
    }

    /// Sends `note` with the proof from `old`, the size that this witness cosigned last (0 when that is not known), to `<url>/add-checkpoint`.
    ///
    /// The line that comes back was checked against `key`, which is of kind 0x04; lines of other keys are passed over.
    pub async fn add_checkpoint(
        &self,
        url: &str,
        key: &VerifierKey,
        old: u64,
        proof: &[Hash],
        note: &Note,
    ) -> Result<Cosignature, WitnessError> {
        let address: Uri =
            format!("{}/add-checkpoint", url.trim_end_matches('/')).parse().map_err(|_| WitnessError::Setting)?;
        if key.kind() != KeyKind::Cosignature || !matches!(address.scheme_str(), Some("http" | "https")) {
            return Err(WitnessError::Setting);
        }
        let body = Full::new(Bytes::from(request_body(old, proof, note)));
        let request = Request::builder().method(Method::POST).uri(address).header("content-type", "text/plain");
        let request = request.body(body).map_err(|_| WitnessError::Setting)?;
        let answer = tokio::time::timeout(self.patience, self.exchange(request)).await;
        let (status, body) = answer.map_err(|_| WitnessError::Late)??;
        read_answer(status, &body, key, note)
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), WitnessError> {
        let answer = self.client.request(request).await.map_err(|_| WitnessError::Unreachable)?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST_ANSWER).collect().await;
        body.map(|body| (status, body.to_bytes())).map_err(|_| WitnessError::Unreachable)
    }
}

fn request_body(old: u64, proof: &[Hash], note: &Note) -> String {
    let hashes: String = proof.iter().map(|hash| STANDARD.encode(hash) + "\n").collect();
    format!("old {old}\n{hashes}\n{note}")
}

fn read_answer(status: StatusCode, body: &[u8], key: &VerifierKey, note: &Note) -> Result<Cosignature, WitnessError> {
    let text = std::str::from_utf8(body).map_err(|_| WitnessError::Answer);
    match status.as_u16() {
        200 => cosignature(text?, key, note),
        400 => Err(WitnessError::Malformed),
        403 => Err(WitnessError::NotSigned),
        404 => Err(WitnessError::UnknownLog),
        409 => Err(text?
            .strip_suffix('\n')
            .and_then(|size| size.parse().ok())
            .map_or(WitnessError::Answer, WitnessError::Conflict)),
        422 => Err(WitnessError::BadProof),
        other => Err(WitnessError::Status(other)),
    }
}

/// The first line by the witness's key, if it verifies over the note's text.
fn cosignature(text: &str, key: &VerifierKey, note: &Note) -> Result<Cosignature, WitnessError> {
    let lines = text.strip_suffix('\n').ok_or(WitnessError::Answer)?.split('\n').map(SignatureLine::parse);
    let lines = lines.collect::<Result<Vec<_>, _>>().map_err(|_| WitnessError::Answer)?;
    let own = lines.into_iter().find(|line| line.name == key.name() && line.key_id == key.id());
    let own = own.ok_or(WitnessError::Answer)?;
    let alone = Note::new(note.text(), vec![own.clone()]).map_err(|_| WitnessError::Answer)?;
    let verified = alone.verify(std::slice::from_ref(key)).map_err(|_| WitnessError::Answer)?;
    let time = verified.first().and_then(|one| one.time).ok_or(WitnessError::Answer)?;
    Ok(Cosignature { line: own.to_string(), time })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

    use super::*;
    use custodian_crypto::checkpoint::Checkpoint;
    use custodian_crypto::note::cosign;
    use custodian_crypto::{SeededRandomness, SigningKey};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn key(seed: u64) -> SigningKey {
        SigningKey::generate(&SeededRandomness::new(seed)).0
    }

    fn vkey(seed: u64) -> VerifierKey {
        VerifierKey::new(KeyKind::Cosignature, "w", key(seed).public()).unwrap()
    }

    fn note() -> Note {
        Checkpoint { origin: "o".into(), size: 5, root: [7; 32] }.sign(&key(1)).unwrap()
    }

    fn client() -> WitnessClient {
        WitnessClient::new(&[], Duration::from_secs(20)).unwrap()
    }

    /// A witness that gives one answer to one connection, and what it was sent; without an answer it stays silent.
    async fn told(answer: Option<String>, client: WitnessClient) -> (Result<Cosignature, WitnessError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let witness = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut got, mut piece) = (Vec::new(), [0; 4096]);
            while !String::from_utf8_lossy(&got).ends_with("==\n") && !String::from_utf8_lossy(&got).ends_with("=\n") {
                let count = stream.read(&mut piece).await.unwrap();
                got.extend_from_slice(&piece[..count]);
            }
            match answer {
                Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                None => drop(stream.read(&mut piece).await),
            }
            String::from_utf8(got).unwrap()
        });
        let outcome = client.add_checkpoint(&url, &vkey(2), 3, &[[1; 32], [2; 32]], &note()).await;
        (outcome, witness.await.unwrap())
    }

    fn http(status: &str, body: &str) -> Option<String> {
        Some(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()))
    }

    #[tokio::test]
    async fn the_request_is_that_of_the_standard_and_the_own_line_comes_back() {
        let line = |seed| cosign(note().text(), "w", &key(seed), 9).unwrap();
        let (outcome, sent) = told(http("200 OK", &format!("{}\n{}\n", line(3), line(2))), client()).await;
        assert_eq!(outcome, Ok(Cosignature { line: line(2).to_string(), time: 9 }));
        let (head, body) = sent.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /add-checkpoint HTTP/1.1\r\n"), "{head}");
        let hash = |byte| STANDARD.encode([byte; 32]);
        assert_eq!(body, format!("old 3\n{}\n{}\n\n{}", hash(1), hash(2), note()));
    }

    #[tokio::test]
    async fn each_refusal_is_told_apart() {
        for (status, body, error) in [
            ("400 Bad Request", "", WitnessError::Malformed),
            ("403 Forbidden", "", WitnessError::NotSigned),
            ("404 Not Found", "", WitnessError::UnknownLog),
            ("409 Conflict", "17\n", WitnessError::Conflict(17)),
            ("409 Conflict", "17", WitnessError::Answer),
            ("409 Conflict", "many\n", WitnessError::Answer),
            ("422 Unprocessable Entity", "", WitnessError::BadProof),
            ("302 Found", "", WitnessError::Status(302)),
            ("500 Internal Server Error", "", WitnessError::Status(500)),
            ("200 OK", "", WitnessError::Answer),
            ("200 OK", "no line\n", WitnessError::Answer),
        ] {
            assert_eq!(told(http(status, body), client()).await.0, Err(error), "{status} {body:?}");
        }
    }

    #[tokio::test]
    async fn lines_that_the_witness_did_not_sign_are_not_taken() {
        let text = note().text().to_owned();
        let mut forged = cosign(&text, "w", &key(2), 9).unwrap();
        forged.signature[20] ^= 1;
        let strange = cosign(&text, "w", &key(3), 9).unwrap();
        let moved = cosign("o\n6\nroot\n", "w", &key(2), 9).unwrap();
        for line in [forged, strange, moved] {
            assert_eq!(told(http("200 OK", &format!("{line}\n")), client()).await.0, Err(WitnessError::Answer));
        }
    }

    #[tokio::test]
    async fn endless_silent_and_absent_witnesses_end() {
        let endless = http("200 OK", &"x".repeat(LARGEST_ANSWER + 1));
        assert_eq!(told(endless, client()).await.0, Err(WitnessError::Unreachable));
        let hasty = WitnessClient::new(&[], Duration::from_millis(50)).unwrap();
        assert_eq!(told(None, hasty).await.0, Err(WitnessError::Late));
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let absent = client().add_checkpoint(&format!("http://{free}"), &vkey(2), 0, &[], &note()).await;
        assert_eq!(absent, Err(WitnessError::Unreachable));
        for wrong in ["", "not an address", "ftp://x", "/path"] {
            assert_eq!(
                client().add_checkpoint(wrong, &vkey(2), 0, &[], &note()).await,
                Err(WitnessError::Setting),
                "{wrong}"
            );
        }
    }
}
