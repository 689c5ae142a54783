//! Tests of the limits, over real sockets with short times.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, Payload};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use futures_util::StreamExt;

use super::*;
use crate::http::{Connections, Edge, Empty, Problem, fallback, transport};

const REQUEST: Duration = Duration::from_millis(300);
const IDLE: Duration = Duration::from_millis(400);
const STALLED: Duration = Duration::from_secs(5);

/// A server on a thread of its own, stopped when dropped.
struct Served {
    port: u16,
    handle: ServerHandle,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Served {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (started, wait) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let connections = Connections::start(IDLE, STALLED).unwrap();
                let edge = Data::new(Edge::new("http://localhost", 1024, REQUEST));
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(edge.clone())
                        .route("/body", web::post().to(body))
                        .route("/hang", web::get().to(hang))
                        .route("/stream", web::post().to(stream))
                        .route("/ok", web::get().to(async || "four"))
                        .default_service(web::to(fallback))
                        .wrap(from_fn(transport))
                })
                .workers(1)
                .disable_signals()
                .keep_alive(Duration::from_secs(60))
                .shutdown_timeout(1)
                .on_connect(connections.on_connect())
                .listen(listener)
                .unwrap()
                .run();
                started.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        let handle = wait.recv().unwrap();
        Self { port, handle, thread: Some(thread) }
    }

    fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        socket
    }

    /// Sends and reads until the server closes; a read time-out fails the test.
    fn exchange(&self, text: &str) -> String {
        let mut socket = self.connect();
        socket.write_all(text.as_bytes()).unwrap();
        rest(&mut socket)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // The order is given when `stop` is called; only waiting for it would need the future.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn rest(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

async fn body(_: Empty) -> &'static str {
    "read"
}

async fn hang() -> &'static str {
    std::future::pending().await
}

/// Counts what arrives, giving itself time with every chunk.
async fn stream(req: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Problem> {
    let context = Context::of(&req);
    context.pace.set_reading(true);
    let mut total = 0;
    while let Some(Ok(chunk)) = payload.next().await {
        context.pace.extend();
        total += chunk.len();
    }
    context.pace.set_reading(false);
    Ok(HttpResponse::Ok().body(total.to_string()))
}

#[test]
fn a_body_that_does_not_come_is_408_and_the_connection_ends() {
    let server = Served::start();
    let answer =
        server.exchange("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nX-Request-Id: my-request\r\n\r\n{");
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("application/problem+json") && answer.contains("\"code\":\"request_timeout\""), "{answer}");
    assert!(answer.contains("x-request-id: my-request") && answer.contains("cache-control: no-store"), "{answer}");
}

#[test]
fn a_handler_that_hangs_is_503() {
    let answer = Served::start().exchange("GET /hang HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("\"code\":\"audit_unavailable\"") && answer.contains("retry-after: 5"), "{answer}");
}

#[test]
fn idle_sockets_and_dribbled_heads_are_cut_off() {
    let server = Served::start();
    // Nothing sent at all.
    assert_eq!(server.exchange(""), "");
    // The second head on a connection that was used before, a byte at a time.
    let mut socket = server.connect();
    socket.write_all(b"GET /ok HTTP/1.1\r\nHost: x\r\n\r\nGET /ok HTT").unwrap();
    let answer = rest(&mut socket);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("four"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1);
}

#[test]
fn a_stream_may_take_longer_than_one_request_as_long_as_it_moves() {
    let server = Served::start();
    let mut socket = server.connect();
    socket.write_all(b"POST /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8\r\n\r\n").unwrap();
    // The pauses are the slow caller that is tried here, not a wait for the server.
    let pause = std::sync::mpsc::channel::<()>().1;
    for _ in 0..8 {
        assert!(pause.recv_timeout(REQUEST / 4).is_err());
        socket.write_all(b"x").unwrap();
    }
    let answer = rest(&mut socket);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with('8'), "{answer}");
}

#[test]
fn head_is_get_without_its_body() {
    let answer = Served::start().exchange("HEAD /ok HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("content-length: 4") && answer.ends_with("\r\n\r\n"), "{answer}");
}

#[test]
fn compressed_bodies_are_refused_before_they_are_read() {
    let server = Served::start();
    for coding in ["gzip", "br", "zstd", "deflate", "identity, gzip", "x"] {
        let head = format!(
            "POST /body HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Encoding: {coding}\r\nContent-Length: 0\r\n\r\n"
        );
        let answer = server.exchange(&head);
        assert!(answer.starts_with("HTTP/1.1 415"), "{coding}: {answer}");
        assert!(answer.contains("unsupported_content_encoding"), "{coding}: {answer}");
    }
    let head = "POST /body HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Encoding: identity\r\nContent-Length: 0\r\n\r\n";
    assert!(server.exchange(head).starts_with("HTTP/1.1 200"));
}

#[test]
fn the_server_stops_with_sockets_still_open() {
    let server = Served::start();
    let mut open = server.connect();
    open.write_all(b"GET /ok HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    drop(server);
    open.shutdown(Shutdown::Write).ok();
}
