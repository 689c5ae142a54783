//! A receiver of webhooks: a real server that keeps what it hears and can be told to misbehave.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use custodian_crypto::{Scheme, WebhookSecret};
use serde_json::Value;

/// How long something may take to arrive.
const SOON: Duration = Duration::from_secs(15);

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Heard {
    pub id: String,
    pub timestamp: i64,
    pub signatures: String,
    pub body: Vec<u8>,
}

impl Heard {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether a receiver that was given this secret would take it: `whsec_` as of `POST /v1/webhooks`.
    pub fn verifies(&self, secret: &str) -> bool {
        let bytes = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let secret = WebhookSecret::new(Scheme::Hmac, &bytes).ok().unwrap();
        secret.verifies(&self.id, self.timestamp, &self.body, &self.signatures)
    }
}

/// What it answers.
#[derive(Clone, Debug)]
pub enum Conduct {
    Status(u16),
    /// A status with a header.
    With(u16, &'static str, String),
    /// A body of so many bytes.
    Endless(usize),
    /// Nothing for so long, then 200.
    Slow(Duration),
}

struct Inside {
    heard: Mutex<Vec<Heard>>,
    conduct: Mutex<Conduct>,
}

/// A running receiver. It ends with the process.
pub struct Receiver {
    pub url: String,
    inside: Arc<Inside>,
}

impl Receiver {
    /// Starts one that takes everything.
    pub fn start() -> Self {
        let inside = Arc::new(Inside { heard: Mutex::default(), conduct: Mutex::new(Conduct::Status(204)) });
        let (told, hear) = std::sync::mpsc::channel();
        let own = Data::from(Arc::clone(&inside));
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
                told.send(format!("http://{}/hook", socket.local_addr().unwrap())).unwrap();
                let server = HttpServer::new(move || App::new().app_data(own.clone()).default_service(web::to(hears)));
                server.workers(1).disable_signals().listen(socket).unwrap().run().await.unwrap();
            });
        });
        Self { url: hear.recv().unwrap(), inside }
    }

    /// What it answers from now on.
    pub fn conduct(&self) -> MutexGuard<'_, Conduct> {
        self.inside.conduct.lock().unwrap()
    }

    /// Everything that it has heard.
    pub fn heard(&self) -> Vec<Heard> {
        self.inside.heard.lock().unwrap().clone()
    }

    /// Waits until it has heard so much.
    pub async fn hears(&self, count: usize) -> Vec<Heard> {
        let begun = Instant::now();
        loop {
            let heard = self.heard();
            if heard.len() >= count {
                return heard;
            }
            assert!(begun.elapsed() < SOON, "{} of {count} arrived", heard.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn hears(req: HttpRequest, body: Bytes, inside: Data<Inside>) -> HttpResponse {
    let header = |name: &str| req.headers().get(name).unwrap().to_str().unwrap().to_owned();
    let heard = Heard {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap(),
        signatures: header("webhook-signature"),
        body: body.to_vec(),
    };
    inside.heard.lock().unwrap().push(heard);
    let conduct = inside.conduct.lock().unwrap().clone();
    match conduct {
        Conduct::Status(status) => HttpResponse::build(status.try_into().unwrap()).finish(),
        Conduct::With(status, name, value) => {
            HttpResponse::build(status.try_into().unwrap()).insert_header((name, value)).finish()
        }
        Conduct::Endless(bytes) => HttpResponse::Ok().body(vec![b'x'; bytes]),
        Conduct::Slow(wait) => {
            actix_web::rt::time::sleep(wait).await;
            HttpResponse::Ok().finish()
        }
    }
}
