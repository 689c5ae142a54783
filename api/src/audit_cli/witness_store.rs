//! What a witness keeps in its folder: its key, and the latest checkpoint of each log, on disk before anybody is answered.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use custodian_application::startup::Unfit;
use custodian_crypto::checkpoint::Checkpoint;
use custodian_crypto::merkle::Hash;
use custodian_crypto::note::{KeyKind, Note, VerifierKey, cosign};
use custodian_crypto::{Randomness, SigningKey, sha256};
use custodian_verify::witness::{Refusal, Request};
use zeroize::Zeroizing;

/// The witness: one at a time in its folder.
pub struct Store {
    folder: PathBuf,
    name: String,
    key: SigningKey,
    logs: Vec<VerifierKey>,
    /// Size and root last cosigned, by origin. Held from reading it until the new one is on disk: two requests never pass on one state.
    latest: Mutex<HashMap<String, (u64, Hash)>>,
    /// Holds the lock on the folder.
    _lock: File,
}

/// Why a request is not answered with a cosignature.
pub enum Denied {
    /// The rules say no.
    Refused(Refusal),
    /// The state could not be written; nothing was cosigned.
    Failed(String),
}

fn unfit(path: &Path, what: &str, error: &io::Error) -> Unfit {
    Unfit(format!("{} cannot be {what} ({}).", path.display(), error.kind()))
}

impl Store {
    /// Opens the folder, made with mode 0700 when it is missing, and its key, made when it is missing.
    ///
    /// A state that cannot be read stops it: a witness that forgot what it saw would cosign a fork.
    pub fn open(folder: &Path, name: &str, logs: &[VerifierKey], rng: &dyn Randomness) -> Result<Self, Unfit> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| unfit(folder, "made", &error))?;
        let lock = locked(&folder.join("lock"))?;
        let key = signing_key(&folder.join("witness.key"), rng)?;
        VerifierKey::new(KeyKind::Cosignature, name, key.public())
            .map_err(|_| Unfit(format!("{name:?} is no name for a witness: no spaces, no plus sign.")))?;
        let mut latest = HashMap::new();
        for log in logs {
            if log.kind() != KeyKind::Ed25519 {
                return Err(Unfit(format!("The key of {} is a witness's, not a log's.", log.name())));
            }
            if let Some(known) = read_state(&state_file(folder, log.name()), log.name())? {
                latest.insert(log.name().to_owned(), known);
            }
        }
        let latest = Mutex::new(latest);
        Ok(Self { folder: folder.to_owned(), name: name.to_owned(), key, logs: logs.to_vec(), latest, _lock: lock })
    }

    /// The key that others know this witness by.
    pub fn vkey(&self) -> Result<VerifierKey, Unfit> {
        let key = VerifierKey::new(KeyKind::Cosignature, &self.name, self.key.public());
        key.map_err(|error| Unfit(error.to_string()))
    }

    /// Judges a request, keeps its checkpoint, and gives the cosignature line with its newline. `time` is in seconds since 1970.
    pub fn add_checkpoint(&self, body: &[u8], time: u64) -> Result<String, Denied> {
        let request = Request::parse(body).map_err(Denied::Refused)?;
        let mut latest = self.latest.lock().map_err(|_| Denied::Failed("an earlier request broke off".into()))?;
        let known = latest.get(request.origin()).copied();
        let checkpoint = request.judge(&self.logs, known).map_err(Denied::Refused)?;
        let new = (checkpoint.size, checkpoint.root);
        if known != Some(new) {
            let file = state_file(&self.folder, request.origin());
            replace(&file, request.note().to_string().as_bytes())
                .map_err(|error| Denied::Failed(error.kind().to_string()))?;
            latest.insert(request.origin().to_owned(), new);
        }
        drop(latest);
        let line = cosign(request.note().text(), &self.name, &self.key, time);
        line.map(|line| format!("{line}\n")).map_err(|error| Denied::Failed(error.to_string()))
    }
}

/// One process at a time: two would each hold a state of their own.
fn locked(path: &Path) -> Result<File, Unfit> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    let file = file.map_err(|error| unfit(path, "opened", &error))?;
    file.try_lock().map_err(|_| Unfit(format!("{} is held by another witness.", path.display())))?;
    Ok(file)
}

fn signing_key(path: &Path, rng: &dyn Randomness) -> Result<SigningKey, Unfit> {
    let damaged = || Unfit(format!("{} is not a witness's key.", path.display()));
    match fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) => {
            let seed = STANDARD.decode(text.trim_end()).map(Zeroizing::new).map_err(|_| damaged())?;
            SigningKey::from_secret(&seed).map_err(|_| damaged())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let (key, seed) = SigningKey::generate(rng);
            let text = Zeroizing::new(STANDARD.encode(&seed) + "\n");
            replace(path, text.as_bytes()).map_err(|error| unfit(path, "written", &error))?;
            Ok(key)
        }
        Err(error) => Err(unfit(path, "read", &error)),
    }
}

/// Origins may hold any character, so a log's file is named by a digest; the note inside names it.
fn state_file(folder: &Path, origin: &str) -> PathBuf {
    let name: String = sha256(origin.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    folder.join(format!("{name}.checkpoint"))
}

fn read_state(path: &Path, origin: &str) -> Result<Option<(u64, Hash)>, Unfit> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unfit(path, "read", &error)),
    };
    let note = Note::parse(&text).ok();
    let checkpoint =
        note.and_then(|note| Checkpoint::parse_extended(note.text()).ok().map(|(checkpoint, _)| checkpoint));
    match checkpoint {
        Some(checkpoint) if checkpoint.origin == origin => Ok(Some((checkpoint.size, checkpoint.root))),
        _ => Err(Unfit(format!("{} is not the checkpoint of {origin}.", path.display()))),
    }
}

/// Written whole under another name, synced, then put in place: a crash leaves the old file or the new one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}
