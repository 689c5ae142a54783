//! A wire that a test can make silent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections; while silent, bytes vanish into it without an error, and nobody is told.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    silent: Arc<watch::Sender<bool>>,
}

impl Proxy {
    /// To a port on this machine.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (silent, address) = (Arc::new(watch::Sender::new(false)), listener.local_addr().unwrap());
        let state = Arc::clone(&silent);
        tokio::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                let Ok(there) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
                let ((from_here, to_here), (from_there, to_there)) = (here.into_split(), there.into_split());
                tokio::spawn(pump(from_here, to_there, state.subscribe()));
                tokio::spawn(pump(from_there, to_here, state.subscribe()));
            }
        });
        Self { address, silent }
    }

    /// Goes silent, or speaks again.
    pub fn silent(&self, silent: bool) {
        self.silent.send_replace(silent);
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut silent: watch::Receiver<bool>) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        // What was on the wire when it went silent arrives late, as after a lost route.
        let _ = tokio::time::timeout(Duration::from_secs(60), silent.wait_for(|silent| !silent)).await;
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
