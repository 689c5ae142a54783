//! Where partners are called back: a real server that keeps what it hears.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::Value;

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Heard {
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Heard {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }
}

struct Inside {
    heard: Mutex<Vec<Heard>>,
    status: AtomicU16,
}

/// A running one. It ends with the process.
pub struct Listener {
    pub url: String,
    inside: Arc<Inside>,
}

impl Listener {
    pub fn start() -> Self {
        let inside = Arc::new(Inside { heard: Mutex::default(), status: AtomicU16::new(202) });
        let (told, hear) = std::sync::mpsc::channel();
        let own = Data::from(Arc::clone(&inside));
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
                told.send(format!("http://{}/status", socket.local_addr().unwrap())).unwrap();
                let server = HttpServer::new(move || App::new().app_data(own.clone()).default_service(web::to(hears)));
                server.workers(1).disable_signals().listen(socket).unwrap().run().await.unwrap();
            });
        });
        Self { url: hear.recv().unwrap(), inside }
    }

    /// Answers this from now on.
    pub fn answers(&self, status: u16) {
        self.inside.status.store(status, Ordering::SeqCst);
    }

    /// Waits until it has heard so much.
    pub async fn hears(&self, count: usize) -> Vec<Heard> {
        let begun = Instant::now();
        loop {
            let heard = self.inside.heard.lock().unwrap().clone();
            if heard.len() >= count {
                return heard;
            }
            assert!(begun.elapsed() < Duration::from_secs(15), "{} of {count} arrived", heard.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn hears(req: HttpRequest, body: Bytes, inside: Data<Inside>) -> HttpResponse {
    let header = |(name, value): (&actix_web::http::header::HeaderName, &actix_web::http::header::HeaderValue)| {
        (name.as_str().to_owned(), value.to_str().unwrap().to_owned())
    };
    let heard = Heard { headers: req.headers().iter().map(header).collect(), body: body.to_vec() };
    inside.heard.lock().unwrap().push(heard);
    HttpResponse::build(inside.status.load(Ordering::SeqCst).try_into().unwrap()).finish()
}
