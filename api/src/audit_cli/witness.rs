//! `custodian audit witness`: the witness's two doors, `POST /add-checkpoint` and `GET /`.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use actix_web::http::StatusCode;
use actix_web::{App, HttpResponse, HttpServer, web};
use custodian_application::startup::Unfit;
use custodian_application::{Clock, SystemClock};
use custodian_crypto::SystemRandomness;
use custodian_crypto::note::VerifierKey;
use custodian_verify::witness::Refusal;

use super::witness_store::{Denied, Store};

/// Bytes of a request: a note at its largest, and 63 hashes.
const LARGEST_REQUEST: usize = (1 << 18) + 4096;

/// Who it is, where it listens, and which logs it watches.
#[derive(clap::Args)]
pub struct Options {
    /// Its folder: the key and the latest checkpoints. Whoever loses it must make a new witness of another name
    #[arg(long)]
    data_dir: PathBuf,
    /// Where it listens; port 0 takes any
    #[arg(long, default_value = "127.0.0.1:8090")]
    bind: SocketAddr,
    /// Its name, such as witness.example.com/w1
    #[arg(long)]
    name: String,
    /// The verifier key of a log to watch; may be repeated
    #[arg(long = "vkey", value_name = "KEY", required = true, value_parser = super::vkey)]
    keys: Vec<VerifierKey>,
}

/// Serves until it is told to stop. The first line printed is the witness's own verifier key, the second its address.
pub fn run(options: &Options, print: &dyn Fn(&str)) -> Result<(), Unfit> {
    let store = Store::open(&options.data_dir, &options.name, &options.keys, &SystemRandomness)?;
    let vkey = store.vkey()?.to_string();
    let unfit = |error: std::io::Error| Unfit(format!("{} cannot be listened on ({}).", options.bind, error.kind()));
    let listener = TcpListener::bind(options.bind).map_err(unfit)?;
    let address = listener.local_addr().map_err(unfit)?;
    let (state, own) = (web::Data::new(store), web::Data::new(vkey.clone()));
    let doors = move || {
        App::new()
            .app_data(state.clone())
            .app_data(own.clone())
            .app_data(web::PayloadConfig::new(LARGEST_REQUEST))
            .route("/", web::get().to(show_key))
            .service(web::resource("/add-checkpoint").route(web::post().to(add_checkpoint)))
    };
    let serving = async move {
        let server = HttpServer::new(doors).workers(2).listen(listener)?.run();
        print(&vkey);
        print(&format!("http://{address}"));
        server.await
    };
    actix_web::rt::System::new().block_on(serving).map_err(unfit)
}

async fn show_key(vkey: web::Data<String>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(format!("{}\n", vkey.get_ref()))
}

async fn add_checkpoint(store: web::Data<Store>, body: web::Bytes) -> HttpResponse {
    let time = u64::try_from(SystemClock.now().timestamp()).unwrap_or(0);
    match web::block(move || store.add_checkpoint(&body, time)).await {
        Ok(Ok(line)) => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(line),
        Ok(Err(Denied::Refused(refusal))) => refused(refusal),
        Ok(Err(Denied::Failed(why))) => {
            tracing::error!(why, "the checkpoint was not kept, so it was not cosigned");
            HttpResponse::InternalServerError().finish()
        }
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

fn refused(refusal: Refusal) -> HttpResponse {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    match refusal {
        Refusal::Conflict(size) => {
            HttpResponse::build(status).content_type("text/x.tlog.size").body(format!("{size}\n"))
        }
        _ => HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(format!("{refusal}\n")),
    }
}
