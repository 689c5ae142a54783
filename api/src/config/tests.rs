//! Tests of the settings.

#![allow(clippy::unwrap_used)]
use super::*;

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let needed = [
        ("CUSTODIAN_DATABASE_URL", "postgres://server:hunter2@db/custodian"),
        ("CUSTODIAN_ROOT_KEY_FILE", "/etc/custodian/root.key"),
        ("CUSTODIAN_KEY_STORE_DIR", "/var/lib/custodian/keys"),
    ];
    needed.iter().chain(pairs).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn faults(pairs: &[(&str, &str)]) -> Vec<String> {
    Settings::load(None, environment(pairs)).unwrap_err().0
}

#[test]
fn defaults_fill_what_may_be_left_out() {
    let settings = Settings::load(None, environment(&[("PATH", "/bin"), ("CUSTODIAN_CONFIG", "x.toml")])).unwrap();
    assert_eq!(settings.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.rate_limit_per_minute.get(), 6000);
    assert_eq!(settings.body_limit_bytes.size(), 262_144);
    assert!(settings.trusted_proxies.is_empty() && settings.tls_key_file.is_none());
    assert_eq!(settings.database_url.expose(), "postgres://server:hunter2@db/custodian");
}

#[test]
fn what_is_missing_is_named() {
    let faults = Settings::load(None, []).unwrap_err().0;
    assert_eq!(
        faults,
        ["database_url: it must be set.", "root_key_file: it must be set.", "key_store_dir: it must be set."]
    );
}

#[test]
fn unknown_and_malformed_ones_are_named_all_at_once_without_their_values() {
    let found = faults(&[
        ("CUSTODIAN_BINDD", "secret"),
        ("CUSTODIAN_BIND", "localhost"),
        ("CUSTODIAN_WORKERS", "-1"),
        ("CUSTODIAN_TRUSTED_PROXIES", "10.0.0.0/8, nowhere"),
        ("CUSTODIAN_CORS_ORIGINS", "https://crm.example.com/app"),
        ("CUSTODIAN_LOG_LEVEL", "loud"),
        ("CUSTODIAN_PUBLIC_BASE_URL", "custodian.example.com"),
        ("CUSTODIAN_SECURITY_CONTACT", "me"),
    ]);
    let names: Vec<_> = found.iter().map(|fault| fault.split(':').next().unwrap()).collect();
    assert_eq!(
        names,
        [
            "CUSTODIAN_BINDD",
            "bind",
            "public_base_url",
            "workers",
            "trusted_proxies",
            "cors_origins",
            "log_level",
            "security_contact"
        ]
    );
    for value in ["secret", "localhost", "nowhere", "loud"] {
        assert!(found.iter().all(|fault| !fault.contains(value)), "{found:?}");
    }
}

#[test]
fn rules_between_settings_hold() {
    assert_eq!(
        faults(&[("CUSTODIAN_TLS_KEY_FILE", "/k.pem")]),
        ["tls_certificate_file: it must be set together with tls_key_file."]
    );
    assert_eq!(
        faults(&[("CUSTODIAN_OPENDSR_KEY_FILE", "/k.pem")]),
        ["opendsr_certificate_file: it must be set together with opendsr_key_file."]
    );
    assert_eq!(faults(&[("CUSTODIAN_METRICS_BIND", "127.0.0.1:8080")]), ["metrics_bind: it must differ from bind."]);
}

#[test]
fn toml_is_read_and_the_environment_wins() {
    let (mut values, mut faults) = (BTreeMap::new(), Vec::new());
    read_toml("workers = 4\ncors_origins = [\"https://a.example\", \"https://b.example\"]", &mut values, &mut faults);
    read_environment(environment(&[("CUSTODIAN_WORKERS", "2")]), &mut values, &mut faults);
    let settings = Settings::read(&values, &mut faults).unwrap();
    assert_eq!((settings.workers.get(), settings.cors_origins.len(), faults.len()), (2, 2, 0));
}

#[test]
fn a_broken_file_is_told_by_line_and_not_by_text() {
    let (mut values, mut faults) = (BTreeMap::new(), Vec::new());
    read_toml("workers = 4\ndatabase_url = hunter2", &mut values, &mut faults);
    assert_eq!(faults, ["the file is not TOML: line 2."]);
    faults.clear();
    read_toml("[server]\nbind = 1\n[workers]\nx = 1", &mut values, &mut faults);
    assert!(faults.contains(&"server: there is no such setting.".to_owned()), "{faults:?}");
    assert!(faults.iter().any(|fault| fault.starts_with("workers: it must be text")), "{faults:?}");
}

#[test]
fn secrets_are_not_printed() {
    let settings = Settings::load(None, environment(&[])).unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn help_names_every_setting_with_its_default() {
    let help = settings_help();
    for (name, ..) in SETTINGS {
        assert!(help.contains(&format!("  {name}\n")), "{name}");
    }
    assert!(help.contains("[default: 127.0.0.1:8080]") && help.contains("[required]"));
}

#[test]
fn help_calls_required_what_the_start_asks_for_and_nothing_else() {
    let help = settings_help();
    let lines: Vec<&str> = help.lines().collect();
    let named: Vec<&str> =
        lines.windows(2).filter(|pair| pair[1].ends_with(" [required]")).map(|pair| pair[0].trim()).collect();
    let missing = Settings::load(None, []).unwrap_err().0;
    let missing: Vec<&str> = missing.iter().filter_map(|fault| fault.split(':').next()).collect();
    assert_eq!(named, missing);
}
