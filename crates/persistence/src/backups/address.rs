//! The address of a database as PostgreSQL's own programs take it: in their environment, where no list of processes shows it.

use std::path::Path;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::DbError;

/// The variables for an address. Over a network with a certificate authority the certificate and its host name are checked; without one the
/// connection is plain, as the server's own.
pub fn environment(url: &str, ca_file: Option<&Path>) -> Result<Vec<(&'static str, String)>, DbError> {
    let unusable = || DbError::Internal("the database address cannot be parsed".into());
    let config: Config = url.parse().map_err(|_| unusable())?;
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(folder)) => folder.to_string_lossy().into_owned(),
        _ => return Err(unusable()),
    };
    let mut variables = vec![
        ("PGHOST", host),
        ("PGPORT", config.get_ports().first().copied().unwrap_or(5432).to_string()),
        ("PGUSER", config.get_user().ok_or_else(unusable)?.to_owned()),
        ("PGDATABASE", config.get_dbname().ok_or_else(unusable)?.to_owned()),
        ("PGAPPNAME", "custodian".to_owned()),
        ("PGCONNECT_TIMEOUT", "10".to_owned()),
    ];
    if let Some(password) = config.get_password() {
        variables.push(("PGPASSWORD", String::from_utf8(password.to_vec()).map_err(|_| unusable())?));
    }
    match ca_file {
        Some(file) => {
            variables.push(("PGSSLMODE", "verify-full".to_owned()));
            variables.push(("PGSSLROOTCERT", file.to_string_lossy().into_owned()));
        }
        None => variables.push(("PGSSLMODE", "disable".to_owned())),
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(url: &str, ca: Option<&str>, name: &str) -> Option<String> {
        let variables = environment(url, ca.map(Path::new)).unwrap();
        variables.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    #[test]
    fn every_part_of_an_address_has_its_variable() {
        let url = "postgres://own%20er:p%40%2F@db.example.com:6000/cus";
        for (name, value) in [
            ("PGHOST", "db.example.com"),
            ("PGPORT", "6000"),
            ("PGUSER", "own er"),
            ("PGPASSWORD", "p@/"),
            ("PGDATABASE", "cus"),
            ("PGSSLMODE", "disable"),
        ] {
            assert_eq!(of(url, None, name).as_deref(), Some(value), "{name}");
        }
        assert_eq!(of(url, Some("/ca.pem"), "PGSSLMODE").as_deref(), Some("verify-full"));
        assert_eq!(of(url, Some("/ca.pem"), "PGSSLROOTCERT").as_deref(), Some("/ca.pem"));
        assert_eq!(of("postgres://u@%2Frun%2Fpg:6000/c", None, "PGHOST").as_deref(), Some("/run/pg"));
        assert!(environment("no address", None).is_err() && environment("postgres://u@h", None).is_err());
    }
}
