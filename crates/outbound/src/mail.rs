//! Letters on their way out: by SMTP, or into a folder where a private instance shows them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::BoxFuture;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport, Tokio1Executor};
use serde::{Deserialize, Serialize};

/// How long one letter may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A letter in plain text. Holds personal data and, mostly, a one-time token: it prints nothing.
#[derive(Clone, Serialize, Deserialize)]
pub struct Letter {
    /// Stable across retries, so that a receiver can tell a second copy.
    pub id: String,
    /// The address it goes to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
}

/// Why a letter did not go.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The server cannot be reached or asks to try later.
    #[error("the mail server is away: {0}")]
    Away(String),
    /// It will never go: the server or the address refuses it for good.
    #[error("the letter is refused: {0}")]
    Refused(String),
}

/// Hands letters over. A letter may be handed over twice, never not at all without an error.
pub trait Mail: Send + Sync {
    /// Returns once the next server, or the folder, answers for the letter.
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), MailError>>;
}

/// Sends by SMTP.
pub struct SmtpMail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpMail {
    /// `url` is `smtps://user:password@host`, or `smtp://host:587?tls=required` for STARTTLS. Fails with a sentence that quotes neither.
    pub fn new(url: &str, from: &str) -> Result<Self, String> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| "smtp_url: it must be a URL such as smtps://user:password@mail.example.com.".to_owned())?
            .timeout(Some(PATIENCE))
            .build();
        let from = from.parse().map_err(|_| "mail_from: it must be an address.".to_owned())?;
        Ok(Self { transport, from })
    }

    fn message(&self, letter: &Letter) -> Result<Message, MailError> {
        let refused = |what: &str| MailError::Refused(what.to_owned());
        let to: Mailbox = letter.to.parse().map_err(|_| refused("the address is none"))?;
        let host = self.from.email.domain();
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject.clone())
            .message_id(Some(format!("<{}@{host}>", letter.id)))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())
            .map_err(|_| refused("it cannot be written"))
    }
}

impl Mail for SmtpMail {
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), MailError>> {
        Box::pin(async move {
            let message = self.message(letter)?;
            match tokio::time::timeout(PATIENCE, self.transport.send(message)).await {
                Err(_) => Err(MailError::Away("no answer in time".to_owned())),
                Ok(Ok(_)) => Ok(()),
                // The server's words may quote the address; its code says enough.
                Ok(Err(error)) => {
                    let code = error.status().map_or_else(|| "no connection".to_owned(), |code| code.to_string());
                    Err(if error.is_permanent() { MailError::Refused(code) } else { MailError::Away(code) })
                }
            }
        })
    }
}

/// Writes letters into a folder, one file each. For private instances: whoever reads the folder reads the tokens.
pub struct FolderMail(PathBuf);

impl FolderMail {
    /// Makes the folder, open to this account alone.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        Ok(Self(folder.to_owned()))
    }

    fn write(&self, letter: &Letter) -> std::io::Result<()> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let unfinished = self.0.join(format!(".{}", letter.id));
        let mut file =
            std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(&serde_json::to_vec(letter)?)?;
        std::fs::rename(unfinished, self.0.join(format!("{}.json", letter.id)))
    }

    /// Every letter in the folder, newest first: ids are in order of time.
    pub fn letters(folder: &Path) -> std::io::Result<Vec<Letter>> {
        let mut names: Vec<PathBuf> = std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
        names.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        names.sort();
        let read = |path: &PathBuf| serde_json::from_slice(&std::fs::read(path).ok()?).ok();
        Ok(names.iter().rev().filter_map(read).collect())
    }
}

impl Mail for FolderMail {
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), MailError>> {
        let written = self.write(letter).map_err(|error| MailError::Away(error.kind().to_string()));
        Box::pin(async move { written })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn letter(id: &str) -> Letter {
        let text = |text: &str| text.to_owned();
        Letter { id: text(id), to: text("asha@example.com"), subject: text("邀请"), text: text("Line\n第二行") }
    }

    #[test]
    fn a_letter_names_its_id_and_says_chinese_in_ascii() {
        let mail = SmtpMail::new("smtp://127.0.0.1:2525", "Custodian <custodian@example.com>").unwrap();
        let written = String::from_utf8(mail.message(&letter("7")).unwrap().formatted()).unwrap();
        assert!(written.is_ascii() && written.contains("Message-ID: <7@example.com>"), "{written}");
    }

    #[test]
    fn an_address_that_would_split_a_header_is_refused() {
        let mail = SmtpMail::new("smtp://127.0.0.1:2525", "custodian@example.com").unwrap();
        let split = Letter { to: "a@b.example\r\nBcc: c@d.example".to_owned(), ..letter("7") };
        assert!(matches!(mail.message(&split), Err(MailError::Refused(_))));
        let split = Letter { subject: "Hello\r\nBcc: c@d.example".to_owned(), ..letter("7") };
        let written = String::from_utf8(mail.message(&split).unwrap().formatted()).unwrap();
        assert!(!written.contains("\nBcc:"), "{written}");
    }

    #[test]
    fn settings_that_cannot_work_are_told_without_their_values() {
        for (url, from) in [("http://secret", "a@b.example"), ("smtp://localhost", "secret")] {
            assert!(SmtpMail::new(url, from).is_err_and(|why| !why.contains("secret")));
        }
    }
}
