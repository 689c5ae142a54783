//! The command line: each command reads its settings, runs, and says in a sentence what went wrong.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use custodian_api::audit_cli::{self, AuditCommand};
use custodian_api::backups_cli::{self, BackupOptions, RestoreOptions};
use custodian_api::config::{Settings, settings_help};
use custodian_api::erasures_cli::{self, ErasuresCommand};
use custodian_api::org_cli::{self, OrgCommand};
use custodian_api::receipts_cli::{self, ReceiptsCommand};
use custodian_api::server::{self, Server};
use custodian_api::state::{self, Wiring};
use custodian_api::{bench, dev, memory, platform};
use custodian_application::startup::Unfit;
use custodian_application::{SystemClock, auth, keys};
use custodian_persistence::migrations;
use tracing_subscriber::EnvFilter;

/// Customer data under lock: sealed, decided, audited.
#[derive(Parser)]
#[command(name = "custodian", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve with settings from the environment or a TOML file
    #[command(after_long_help = settings_help())]
    Serve {
        /// TOML file with settings; the environment wins over it
        #[arg(long, env = "CUSTODIAN_CONFIG")]
        config: Option<PathBuf>,
    },
    /// Run a private instance with its own Postgres and a demo organisation
    Dev {
        /// Its folder
        #[arg(long, default_value = ".custodian")]
        data_dir: PathBuf,
        /// Where it listens; port 0 takes any
        #[arg(long, default_value = "127.0.0.1:8080")]
        bind: SocketAddr,
        /// People and a partner key, but no customers
        #[arg(long)]
        empty: bool,
        /// A setting of `serve` to differ in, as name=value; may be repeated
        #[arg(long = "set", value_name = "NAME=VALUE")]
        settings: Vec<String>,
    },
    /// Bring the database up to date, as its owner
    Migrate {
        /// TOML file with settings
        #[arg(long, env = "CUSTODIAN_CONFIG")]
        config: Option<PathBuf>,
        /// Take this many migrations back instead; their tables' data is gone
        #[arg(long)]
        down: Option<usize>,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Organisations
    Org {
        #[command(subcommand)]
        command: OrgCommand,
    },
    /// Keys
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Take a backup: a dump and what says what it is; no key goes with it
    Backup(BackupOptions),
    /// Put a backup back into an empty database: what ended since ends again, and nothing is served before everybody who stays was opened
    Restore(RestoreOptions),
    /// The audit log: check it, witness it, look after it
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Receipts of consent
    Receipts {
        #[command(subcommand)]
        command: ReceiptsCommand,
    },
    /// Erasures and their certificates
    Erasures {
        #[command(subcommand)]
        command: ErasuresCommand,
    },
    /// Measure the service against pgbench on a temporary cluster
    Bench(bench::Options),
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Show every bucket key, whether it opens, and how full its bucket is
    Status {
        /// TOML file with settings
        #[arg(long, env = "CUSTODIAN_CONFIG")]
        config: Option<PathBuf>,
    },
    /// Put a new key in the place of those that sessions, letters and links are made with
    RotateTokens {
        /// TOML file with settings
        #[arg(long, env = "CUSTODIAN_CONFIG")]
        config: Option<PathBuf>,
        /// How long what older keys made is still taken; by default until the last of it ends by itself
        #[arg(long)]
        overlap_minutes: Option<u32>,
        /// Somebody else may have the old keys: nothing that they made is taken any more, everybody logs in anew
        #[arg(long, conflicts_with = "overlap_minutes")]
        compromised: bool,
    },
    /// Write a new root key file with mode 0400
    Generate {
        /// The file; must not exist
        file: PathBuf,
    },
}

/// Runs the command of the process's arguments.
pub fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve { config } => serve(config.as_deref()),
        Command::Dev { data_dir, bind, empty, settings } => run_dev(data_dir, bind, empty, &settings),
        Command::Migrate { config, down } => migrate(config.as_deref(), down),
        Command::Openapi => print_openapi(),
        Command::Org { command } => org_cli::run(&command, &print).map(|()| ExitCode::SUCCESS),
        Command::Keys { command: KeysCommand::Status { config } } => keys_status(config.as_deref()),
        Command::Keys { command: KeysCommand::Generate { file } } => generate_key(&file),
        Command::Keys { command: KeysCommand::RotateTokens { config, overlap_minutes, compromised } } => {
            let overlap = overlap_minutes.map(|minutes| chrono::Duration::minutes(i64::from(minutes)));
            rotate_tokens(config.as_deref(), overlap, compromised)
        }
        Command::Receipts { command } => receipts(&command),
        Command::Erasures { command } => erasures(&command),
        Command::Audit { command } => audit(&command),
        Command::Backup(options) => backup(&options),
        Command::Restore(options) => restore(&options),
        Command::Bench(options) => run_bench(&options),
    };
    match outcome {
        Ok(code) => code,
        Err(unfit) => {
            say(&unfit.to_string());
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the person at the terminal is told here")]
fn say(text: &str) {
    eprintln!("custodian: {text}");
}

#[expect(clippy::print_stdout, reason = "the answer of a command")]
fn print(text: &str) {
    println!("{text}");
}

fn unfit(error: impl std::fmt::Display) -> Unfit {
    Unfit(error.to_string())
}

fn load(config: Option<&Path>) -> Result<Settings, Unfit> {
    Settings::load(config, std::env::vars()).map_err(unfit)
}

/// JSON lines on standard error; `RUST_LOG` wins over the setting.
fn start_log(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    // A second start in one process keeps the first log.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}

fn runtime() -> Result<tokio::runtime::Runtime, Unfit> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(unfit)
}

fn serve(config: Option<&Path>) -> Result<ExitCode, Unfit> {
    let settings = load(config)?;
    start_log(settings.log_level.as_str());
    memory::close();
    let tls = match (&settings.tls_certificate_file, &settings.tls_key_file) {
        (Some(certificate), Some(key)) => Some(server::tls(certificate, key).map_err(Unfit)?),
        _ => None,
    };
    let bind = |address: SocketAddr| {
        TcpListener::bind(address)
            .map_err(|error| Unfit(format!("{address} cannot be listened on ({}).", error.kind())))
    };
    let (listener, metrics_listener) = (bind(settings.bind)?, bind(settings.metrics_bind)?);
    let runtime = runtime()?;
    let app = runtime.block_on(Wiring::new(&settings).start())?;
    let server = Server {
        edge: state::edge(&settings),
        platform: state::platform(&app, &settings, None),
        app,
        listener,
        metrics_listener,
        metrics: platform::install_metrics().map_err(unfit)?,
        tls,
        workers: settings.workers.size(),
        signals: true,
    };
    tracing::info!(bind = %settings.bind, metrics = %settings.metrics_bind, "serving");
    actix_web::rt::System::new().block_on(server.run(|_| {})).map_err(unfit)?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

fn run_dev(data_dir: PathBuf, bind: SocketAddr, empty: bool, settings: &[String]) -> Result<ExitCode, Unfit> {
    let settings = settings
        .iter()
        .map(|text| {
            text.split_once('=')
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
                .ok_or_else(|| Unfit(format!("--set {text}: it must be name=value.")))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let level = settings.iter().find(|(name, _)| name == "log_level").map_or("warn", |(_, level)| level);
    start_log(level);
    memory::close();
    let clock = std::sync::Arc::new(SystemClock);
    let options = dev::Options { data_dir, bind, empty, settings, clock, remove_on_exit: false };
    let runtime = runtime()?;
    let instance = runtime.block_on(dev::prepare(&options))?;
    let (server, running) = instance.into_server(platform::install_metrics().map_err(unfit)?);
    let mut announced = Ok(());
    let served = actix_web::rt::System::new().block_on(server.run(|handle| {
        announced = running.announce(&options.data_dir);
        if announced.is_err() {
            actix_web::rt::spawn(handle.stop(false));
        }
    }));
    drop(runtime);
    running.stop()?;
    announced?;
    served.map_err(unfit)?;
    Ok(ExitCode::SUCCESS)
}

fn run_bench(options: &bench::Options) -> Result<ExitCode, Unfit> {
    start_log("warn");
    let good = bench::run(options)?;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn receipts(command: &ReceiptsCommand) -> Result<ExitCode, Unfit> {
    let sound = receipts_cli::run(command, &print)?;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn erasures(command: &ErasuresCommand) -> Result<ExitCode, Unfit> {
    start_log("warn");
    let sound = erasures_cli::run(command, &print)?;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Keys that a backup was wrapped by and that are destroyed are expected where it is put back; the answer says who does not open by any.
const BESIDE_KEYS: &str = "warn,custodian_application::keys=off";

fn backup(options: &BackupOptions) -> Result<ExitCode, Unfit> {
    start_log(BESIDE_KEYS);
    let sound = backups_cli::backup(options, &print)?;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn restore(options: &RestoreOptions) -> Result<ExitCode, Unfit> {
    start_log(BESIDE_KEYS);
    let whole = backups_cli::restore(options, &print)?;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn audit(command: &AuditCommand) -> Result<ExitCode, Unfit> {
    start_log("warn");
    let sound = audit_cli::run(command, &print)?;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn migrate(config: Option<&Path>, down: Option<usize>) -> Result<ExitCode, Unfit> {
    let settings = load(config)?;
    let owner = state::owner_database(&settings)?;
    let names = match down {
        Some(steps) => runtime()?.block_on(migrations::down(&owner, steps))?,
        None => runtime()?.block_on(migrations::up(&owner))?.applied,
    };
    for name in &names {
        print(name);
    }
    print(&format!("{} migration(s) {}.", names.len(), if down.is_some() { "taken back" } else { "applied" }));
    Ok(ExitCode::SUCCESS)
}

fn print_openapi() -> Result<ExitCode, Unfit> {
    let document = server::document("http://127.0.0.1:8080");
    print(&document.to_pretty_json().map_err(unfit)?);
    Ok(ExitCode::SUCCESS)
}

fn keys_status(config: Option<&Path>) -> Result<ExitCode, Unfit> {
    let settings = load(config)?;
    let runtime = runtime()?;
    let app = runtime.block_on(Wiring::new(&settings).start())?;
    let all = runtime.block_on(keys::status(&app)).map_err(unfit)?;
    let mut sound = true;
    print("root key  opens database and key store");
    for organization in all {
        let own = if organization.own_keys_open { "open" } else { "DO NOT OPEN" };
        print(&format!("\n{}  {}  own keys {own}", organization.organization, organization.name));
        print(&format!("  {:>6}  {:>6}  {:>9}  opens", "bucket", "epoch", "places"));
        for bucket in &organization.buckets {
            print(&format!(
                "  {:>6}  {:>6}  {:>5}/256  {}",
                bucket.bucket,
                bucket.epoch,
                bucket.reserved,
                if bucket.opens { "yes" } else { "NO" }
            ));
        }
        for (bucket, epoch) in &organization.unused {
            print(&format!("  {bucket:>6}  {epoch:>6}  unused key in the store"));
        }
        sound &= organization.own_keys_open && organization.buckets.iter().all(|bucket| bucket.opens);
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rotate_tokens(
    config: Option<&Path>,
    overlap: Option<chrono::Duration>,
    compromised: bool,
) -> Result<ExitCode, Unfit> {
    let settings = load(config)?;
    let runtime = runtime()?;
    let app = runtime.block_on(Wiring::new(&settings).start())?;
    let overlap = (!compromised).then(|| overlap.unwrap_or(app.longest_token()));
    let done = runtime.block_on(auth::rotate_token_keys(&app, overlap)).map_err(unfit)?;
    let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    print(&format!("{} makes new tokens from {} on.", done.key_id, time(done.signs_from)));
    let end =
        if compromised { "is taken no more".to_owned() } else { format!("is taken until {}", time(done.taken_until)) };
    print(&format!("What {} older key(s) made {end}.", done.older));
    Ok(ExitCode::SUCCESS)
}

fn generate_key(file: &Path) -> Result<ExitCode, Unfit> {
    dev::write_root_key(file)?;
    print(&format!(
        "{} holds a new root key. Keep a copy apart from the database and the key store: without it nothing opens.",
        file.display()
    ));
    Ok(ExitCode::SUCCESS)
}
