//! Settings of `custodian serve`: from a TOML file and from `CUSTODIAN_*`, checked before anything starts.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use custodian_application::auth::IpRange;
use custodian_domain::kernel::Redacted;

/// Prefix of the environment variables.
const PREFIX: &str = "CUSTODIAN_";
/// `CUSTODIAN_CONFIG` names the file itself, `CUSTODIAN_PG_BIN` the programs of a private Postgres; they are no settings.
const NO_SETTINGS: [&str; 2] = ["config", "pg_bin"];

macro_rules! settings {
    ($($name:ident: $kind:ty, $default:expr, $help:literal;)*) => {
        /// Everything an operator may set. Made by [`Settings::load`] alone, so that a value at hand is a valid one.
        #[derive(Clone, Debug)]
        pub struct Settings {
            $(#[doc = $help] pub $name: $kind,)*
        }

        /// Each setting's name, default and meaning. A setting without a default must be set, or may be left out if its meaning says so.
        pub const SETTINGS: &[(&str, Option<&str>, &str)] = &[$((stringify!($name), $default, $help)),*];

        impl Settings {
            fn read(values: &BTreeMap<String, String>, faults: &mut Vec<String>) -> Option<Self> {
                $(let $name = setting::<$kind>(values, stringify!($name), $default, faults);)*
                Some(Self { $($name: $name?,)* })
            }
        }
    };
}

settings! {
    bind: SocketAddr, Some("127.0.0.1:8080"), "Address and port of the API.";
    metrics_bind: SocketAddr, Some("127.0.0.1:9090"), "Address and port of the metrics; keep it off public networks.";
    public_base_url: BaseUrl, Some("http://127.0.0.1:8080"), "Where callers reach the API; links, token issuer and problem types are made of it.";
    database_url: Redacted<String>, None, "PostgreSQL as the server's role: postgres://user:password@host/database.";
    database_ca_file: Option<PathBuf>, None, "PEM file of the authorities that sign the database's certificate; optional.";
    database_pool_size: Bounded<1, 1000>, Some("16"), "Connections for transactions; readers and the audit writer have their own beside them.";
    owner_database_url: Option<Redacted<String>>, None, "PostgreSQL as the owner's role; only for `migrate` and `org`; optional.";
    backup_database_url: Option<Redacted<String>>, None, "PostgreSQL as a role that reads past row-level security (custodian_backup); only for `backup`; optional.";
    root_key_file: PathBuf, None, "File of the root key, readable by this account alone.";
    key_store_dir: PathBuf, None, "Folder of the bucket keys; back it up apart from the database.";
    security_ledger_file: Option<PathBuf>, None, "File of the security ledger, outside the database and its backups; optional, but without it nobody can be erased.";
    keyring_export_dir: Option<PathBuf>, None, "Folder that wrapped keys are exported to, beside the database's backups; optional, but without it no erasure ends.";
    erasure_round_seconds: Bounded<1, 3600>, Some("60"), "How often erasures are taken further: keys rewrapped, old keys destroyed.";
    erasure_grace_seconds: Bounded<0, 3600>, Some("15"), "How long a key that was left is kept for those who are reading by it right now.";
    audit_anchor_file: Option<PathBuf>, None, "File that checkpoints of the audit log are added to, outside the database and its backups; optional, but without it an older copy of the database that is put back whole is not noticed.";
    audit_check_seconds: Bounded<1, 86_400>, Some("60"), "How often the audit log is checked while the service runs.";
    audit_retention_days: Bounded<183, 36_500>, Some("1095"), "How long entries are kept at least; `audit retire` lets older months go. Six months is the least.";
    audit_witnesses: List<WitnessAddress>, Some(""), "Witnesses that cosign checkpoints of the audit log: each an address, a space and its verifier key, separated by commas.";
    tls_certificate_file: Option<PathBuf>, None, "PEM file of the certificate chain; optional, together with tls_key_file.";
    tls_key_file: Option<PathBuf>, None, "PEM file of the certificate's private key; optional, together with tls_certificate_file.";
    opendsr_certificate_file: Option<PathBuf>, None, "PEM file of the certificate that signs answers and callbacks of OpenDSR, issued for the domain of public_base_url; optional, together with opendsr_key_file.";
    opendsr_key_file: Option<PathBuf>, None, "PEM file of that certificate's private key (PKCS #8, RSA or P-256); optional, together with opendsr_certificate_file.";
    opendsr_authorities_file: Option<PathBuf>, None, "PEM file of the authorities that must have issued the certificates of OpenDSR partners, themselves or by certificates that come along; optional: without it those of the web that were known when this was built.";
    workers: Bounded<0, 1024>, Some("0"), "Threads that serve requests; 0 takes one per core.";
    body_limit_bytes: Bounded<1024, 16_777_216>, Some("262144"), "The most bytes of a JSON body.";
    request_timeout_seconds: Bounded<1, 300>, Some("9"), "How long a request may take; for uploads, how long it may stand still.";
    rate_limit_per_minute: Bounded<0, 10_000_000>, Some("6000"), "Requests per caller and minute; 0 turns the limit off.";
    trusted_proxies: List<IpRange>, Some(""), "Addresses or ranges whose X-Forwarded-For is believed, separated by commas.";
    cors_origins: List<Origin>, Some(""), "Origins that browsers may call from, such as https://crm.example.com, separated by commas; empty keeps CORS off.";
    log_level: LogLevel, Some("info"), "error, warn, info, debug or trace.";
    security_contact: Contact, Some("mailto:security@localhost"), "Where to report a weakness: mailto: or https:; shown in security.txt.";
    access_token_minutes: Bounded<1, 60>, Some("15"), "Life of an access token.";
    session_hours: Bounded<1, 720>, Some("12"), "Life of a session, whatever is refreshed in it.";
    login_failures_per_minute: Bounded<1, 10_000>, Some("30"), "Failed log-ins from one address within a minute before it is made to wait.";
    alarm_window_minutes: Bounded<1, 1440>, Some("10"), "The time within which doors that somebody tries are counted together; one alarm about the same is raised within it.";
    alarm_failed_accounts: Bounded<0, 100_000>, Some("20"), "Accounts whose log-in fails from one network address within the window before an alarm is raised; 0 raises none.";
    alarm_failed_accounts_together: Bounded<0, 100_000>, Some("50"), "Accounts of one organisation whose log-in fails within the window, from whatever addresses, before an alarm is raised; three times what is usual there, if that is more; 0 raises none.";
    alarm_refused_customers: Bounded<0, 100_000>, Some("30"), "Different customers or records that one caller is refused within the window before an alarm is raised; 0 raises none.";
    alarm_vain_searches: Bounded<0, 1_000_000>, Some("300"), "Different values that one caller searches for in vain within the window before an alarm is raised; 0 raises none.";
    alarm_backup_hours: Bounded<0, 8760>, Some("26"), "Hours that the last good backup may be old before an alarm is raised, counted from when an organisation was founded where there was none; 0 raises none.";
    alarm_backup_drill_days: Bounded<0, 3650>, Some("31"), "Days for which no backup was put back to try it and stood the trial before an alarm is raised; 0 raises none.";
    reveal_budget_per_day: Bounded<0, 1_000_000>, Some("500"), "People a day whose sensitive fields somebody may see in full, where no role of theirs names a figure.";
    last4_searches_per_day: Bounded<0, 1_000_000>, Some("100"), "Searches a day by the last four characters of a value, where no role names a figure.";
    smtp_url: Option<Redacted<String>>, None, "Mail server: smtps://user:password@host, or smtp://host:587?tls=required for STARTTLS; optional, together with mail_from.";
    mail_from: Option<MailAddress>, None, "Sender of letters, such as custodian@example.com; optional, together with smtp_url.";
    account_url: Option<BaseUrl>, None, "Where a frontend has the pages that letters link to, /invitation and /password-reset; optional: letters then name the calls.";
    invitation_hours: Bounded<1, 720>, Some("72"), "How long an invitation can be accepted.";
    password_reset_minutes: Bounded<5, 1440>, Some("30"), "How long a forgotten password can be replaced with one letter.";
    attachment_max_bytes: Bounded<1024, 1_073_741_824>, Some("20971520"), "The most bytes of one attachment.";
    attachment_types: List<MediaType>, Some("application/pdf,image/png,image/jpeg,image/gif,image/webp,text/plain,application/vnd.openxmlformats-officedocument.wordprocessingml.document,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet,application/vnd.openxmlformats-officedocument.presentationml.presentation"), "Media types of attachments that are taken in, by what a file is and not by its name, separated by commas.";
    attachment_customer_mib: Bounded<1, 1_048_576>, Some("500"), "The most MiB of all attachments of one customer.";
    attachment_total_mib: Bounded<1, 4_294_967_295>, Some("102400"), "The most MiB of all attachments of an organisation.";
    attachment_scanner: Option<ScannerAddress>, None, "host:port or unix:/path of a scanner that speaks clamd's INSTREAM; optional. Without one nobody looks through attachments.";
    attachment_unscanned: Unscanned, Some("refuse"), "What becomes of an attachment while the scanner does not answer: refuse, or hold: taken in, and handed to nobody before the scanner has looked through it.";
    follow_up_hour: Bounded<0, 23>, Some("0"), "The hour of the day, by UTC, from which on people are written to about what is due.";
    merge_undo_days: Bounded<0, 365>, Some("7"), "How long a merge of two customers can be undone.";
    outbound_allow_loopback: Switch, Some("false"), "Whether sign-on providers and webhooks may stand on this very machine, without TLS; for development alone.";
    argon2_memory_kib: Bounded<8192, 4_194_304>, Some("19456"), "Memory of one password hash (Argon2id).";
    argon2_iterations: Bounded<1, 100>, Some("2"), "Passes of one password hash.";
    argon2_parallelism: Bounded<1, 16>, Some("1"), "Lanes of one password hash.";
}

/// A setting that stops the start: every fault with the name of its setting and a sentence.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the settings cannot be used:\n{}", .0.join("\n"))]
pub struct SettingsError(pub Vec<String>);

impl Settings {
    /// Reads the file, if any, and the environment, which wins. Reports all faults at once.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut faults = Vec::new();
        let mut values = BTreeMap::new();
        if let Some(path) = file {
            match std::fs::read_to_string(path) {
                Ok(text) => read_toml(&text, &mut values, &mut faults),
                Err(error) => faults.push(format!("{}: the file cannot be read: {}", path.display(), error.kind())),
            }
        }
        read_environment(environment, &mut values, &mut faults);
        let settings = Self::read(&values, &mut faults);
        if let Some(settings) = &settings {
            settings.check(&mut faults);
        }
        match settings {
            Some(settings) if faults.is_empty() => Ok(settings),
            _ => Err(SettingsError(faults)),
        }
    }

    /// Rules between settings.
    fn check(&self, faults: &mut Vec<String>) {
        match (&self.tls_certificate_file, &self.tls_key_file) {
            (Some(_), None) => {
                faults.push("tls_key_file: it must be set together with tls_certificate_file.".to_owned())
            }
            (None, Some(_)) => {
                faults.push("tls_certificate_file: it must be set together with tls_key_file.".to_owned())
            }
            _ => {}
        }
        if self.opendsr_certificate_file.is_some() != self.opendsr_key_file.is_some() {
            faults.push("opendsr_certificate_file: it must be set together with opendsr_key_file.".to_owned());
        }
        match (&self.smtp_url, &self.mail_from) {
            (Some(_), None) => faults.push("mail_from: it must be set together with smtp_url.".to_owned()),
            (None, Some(_)) => faults.push("smtp_url: it must be set together with mail_from.".to_owned()),
            _ => {}
        }
        if self.bind == self.metrics_bind && self.bind.port() != 0 {
            faults.push("metrics_bind: it must differ from bind.".to_owned());
        }
    }
}

/// A table of all settings for `--help`.
pub fn settings_help() -> String {
    let mut text = String::from("Settings, in the TOML file by name or in the environment as CUSTODIAN_<NAME>:\n");
    for (name, default, help) in SETTINGS {
        let default = match default {
            Some("") => " [default: empty]".to_owned(),
            Some(default) => format!(" [default: {default}]"),
            None if help.contains("optional") => String::new(),
            None => " [required]".to_owned(),
        };
        text.push_str(&format!("  {name}\n      {help}{default}\n"));
    }
    text
}

fn read_toml(text: &str, values: &mut BTreeMap<String, String>, faults: &mut Vec<String>) {
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            // The parser's own text would quote the line, and the line may hold a password.
            let at = error.span().map(|span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
            faults.push(format!("the file is not TOML: line {}.", at.unwrap_or(1)));
            return;
        }
    };
    for (name, value) in table {
        match (known(&name), plain(&value)) {
            (false, _) => faults.push(format!("{name}: there is no such setting.")),
            (true, None) => {
                faults.push(format!("{name}: it must be text, a number, true or false, or a list of texts."))
            }
            (true, Some(value)) => drop(values.insert(name, value)),
        }
    }
}

/// A TOML value as the text that the environment would hold.
fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        toml::Value::Array(items) => {
            items.iter().map(|item| item.as_str()).collect::<Option<Vec<_>>>().map(|all| all.join(","))
        }
        _ => None,
    }
}

fn read_environment(
    environment: impl IntoIterator<Item = (String, String)>,
    values: &mut BTreeMap<String, String>,
    faults: &mut Vec<String>,
) {
    for (variable, value) in environment {
        let Some(name) = variable.strip_prefix(PREFIX).map(str::to_ascii_lowercase) else {
            continue;
        };
        if known(&name) {
            values.insert(name, value);
        } else if !NO_SETTINGS.contains(&name.as_str()) {
            faults.push(format!("{variable}: there is no such setting."));
        }
    }
}

fn known(name: &str) -> bool {
    SETTINGS.iter().any(|(known, ..)| *known == name)
}

fn setting<T: Setting>(
    values: &BTreeMap<String, String>,
    name: &str,
    default: Option<&str>,
    faults: &mut Vec<String>,
) -> Option<T> {
    let parsed = match values.get(name).map(String::as_str).or(default) {
        Some(text) => T::parse(text.trim()),
        None => T::absent().ok_or_else(|| "it must be set".to_owned()),
    };
    // The value itself stays out of the sentence: it may be a secret.
    parsed.map_err(|why| faults.push(format!("{name}: {why}."))).ok()
}

/// How a setting is read from text.
trait Setting: Sized {
    /// Reads the text, or says in a few words why not, without quoting it.
    fn parse(text: &str) -> Result<Self, String>;

    /// The value when nothing was set.
    fn absent() -> Option<Self> {
        None
    }
}

mod kinds;
pub use kinds::{
    BaseUrl, Bounded, Contact, List, LogLevel, MailAddress, MediaType, Origin, ScannerAddress, Switch, Unscanned,
    WitnessAddress,
};

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
