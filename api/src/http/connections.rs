//! Open sockets: those that stand idle, or dribble a second request, are shut.

use std::any::Any;
use std::net::Shutdown;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::{SockRef, Socket};

/// How long a socket may stand without a request in progress. The framework times only the first head of a connection.
pub const IDLE: Duration = Duration::from_secs(8);
/// How long a streamed answer may go without the caller taking any of it.
pub const STALLED: Duration = Duration::from_secs(30);
/// How often the sockets are looked at.
const ROUND: Duration = Duration::from_millis(500);

/// One accepted socket. Lives exactly as long as its connection.
#[derive(Debug)]
pub struct Connection {
    socket: Socket,
    opened: Instant,
    busy: AtomicUsize,
    /// Milliseconds after `opened`.
    last: AtomicU64,
}

impl Connection {
    fn touch(&self) {
        let elapsed = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(elapsed, Ordering::Release);
    }

    fn quiet_for(&self) -> Duration {
        self.opened.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Acquire)))
    }
}

/// A request in progress on a connection, from its head to the last byte of its answer.
#[derive(Debug)]
pub struct Busy(Arc<Connection>);

impl Busy {
    /// Marks the connection busy until dropped.
    pub fn new(connection: Arc<Connection>) -> Self {
        connection.busy.fetch_add(1, Ordering::AcqRel);
        connection.touch();
        Self(connection)
    }

    /// Says that the caller took or sent something.
    pub fn touch(&self) {
        self.0.touch();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        // Touched first: a reaper between the two lines must not see an old time on an idle socket.
        self.0.touch();
        self.0.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

/// All sockets of a server. The reaper ends with the last handle.
#[derive(Clone, Debug)]
pub struct Connections {
    open: Arc<Mutex<Vec<Weak<Connection>>>>,
}

impl Connections {
    /// Starts the reaper.
    pub fn start(idle: Duration, stalled: Duration) -> std::io::Result<Self> {
        let open = Arc::<Mutex<Vec<Weak<Connection>>>>::default();
        let watched = Arc::downgrade(&open);
        std::thread::Builder::new().name("connection-reaper".into()).spawn(move || {
            while let Some(open) = watched.upgrade() {
                reap(&open, idle, stalled);
                drop(open);
                std::thread::sleep(ROUND);
            }
        })?;
        Ok(Self { open })
    }

    /// For `HttpServer::on_connect`, over TCP and over TLS.
    pub fn on_connect(&self) -> impl Fn(&dyn Any, &mut Extensions) + Clone + Send + Sync + 'static {
        let open = Arc::clone(&self.open);
        move |io, extensions| {
            let Some(socket) = socket_of(io) else {
                return;
            };
            let connection = Arc::new(Connection {
                socket,
                opened: Instant::now(),
                busy: AtomicUsize::new(0),
                last: AtomicU64::new(0),
            });
            open.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&connection));
            extensions.insert(connection);
        }
    }
}

fn socket_of(io: &dyn Any) -> Option<Socket> {
    type Tls = actix_tls::accept::rustls_0_23::TlsStream<TcpStream>;
    let plain = io.downcast_ref::<TcpStream>();
    let stream = plain.or_else(|| io.downcast_ref::<Tls>().map(|tls| tls.get_ref().0))?;
    SockRef::from(stream).try_clone().ok()
}

fn reap(open: &Mutex<Vec<Weak<Connection>>>, idle: Duration, stalled: Duration) {
    open.lock().unwrap_or_else(PoisonError::into_inner).retain(|connection| {
        let Some(connection) = connection.upgrade() else {
            return false;
        };
        let patience = if connection.busy.load(Ordering::Acquire) == 0 { idle } else { stalled };
        if connection.quiet_for() > patience {
            // Gone already is as good as shut.
            let _ = connection.socket.shutdown(Shutdown::Both);
        }
        true
    });
}
