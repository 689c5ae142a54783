//! Backups: taken and put back by the real commands, and nobody who was erased comes back with one.

mod again;
mod alarms;
mod drills;
mod killed;
mod meanwhile;
mod refusals;

use std::path::{Path, PathBuf};

use custodian_domain::kernel::OrganizationId;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::dev::program::{Program, free_port, run, superuser, superuser_url, until};
use crate::support::{Org, Service};

/// A service with commands beside it.
struct Operator<'s> {
    service: &'s Service,
    config: String,
}

impl<'s> Operator<'s> {
    fn of(service: &'s Service) -> Self {
        Self { service, config: service.data_dir.join("custodian.toml").to_str().unwrap().to_owned() }
    }

    /// Where the backups of this service go.
    fn folder(&self) -> PathBuf {
        self.service.data_dir.join("backups")
    }

    /// Takes a backup; answers its folder.
    fn backup(&self) -> PathBuf {
        let to = self.folder();
        let (code, printed, said) = run(&["backup", "--config", &self.config, "--to", to.to_str().unwrap()], &[]);
        assert_eq!(code, 0, "{printed}{said}");
        PathBuf::from(printed.lines().next().unwrap())
    }

    /// A new empty database in the service's cluster.
    async fn empty(&self, name: &str) -> String {
        let sql = superuser(&self.service.data_dir).await;
        sql.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0 OWNER custodian_owner")).await.unwrap();
        self.at(self.service.settings.owner_database_url.as_ref().unwrap().expose(), name)
    }

    /// An address with another database's name.
    fn at(&self, url: &str, name: &str) -> String {
        format!("{}/{name}", url.rsplit_once('/').unwrap().0)
    }

    fn arguments<'a>(&'a self, from: &'a Path, database: &'a str) -> [&'a str; 7] {
        ["restore", "--config", &self.config, "--from", from.to_str().unwrap(), "--database", database]
    }

    /// Puts a backup back, with some settings of now replaced.
    fn restore(&self, from: &Path, database: &str, settings: &[(&str, &str)]) -> (i32, String, String) {
        run(&self.arguments(from, database), settings)
    }

    /// Serves another database of the cluster with the settings of this service.
    fn serve(&self, name: &str) -> (Program, String) {
        let url = self.at(self.service.settings.database_url.expose(), name);
        let address = format!("127.0.0.1:{}", free_port());
        let settings = [
            ("CUSTODIAN_DATABASE_URL", url.as_str()),
            ("CUSTODIAN_BIND", &address),
            ("CUSTODIAN_METRICS_BIND", "127.0.0.1:0"),
            ("CUSTODIAN_ERASURE_ROUND_SECONDS", "1"),
        ];
        let mut program = Program::start(&["serve", "--config", &self.config], &settings);
        until("the listener", || {
            assert!(program.runs(), "it ended: {}", program.said());
            std::net::TcpStream::connect(&address).ok()
        });
        (program, format!("http://{address}"))
    }

    /// What a command says of another database of the cluster.
    fn says_of(&self, arguments: &[&str], name: &str) -> (i32, String, String) {
        let url = self.at(self.service.settings.database_url.expose(), name);
        run(&[arguments, &["--config", &self.config]].concat(), &[("CUSTODIAN_DATABASE_URL", url.as_str())])
    }

    /// Another database of the cluster, past every fence.
    async fn sql(&self, name: &str) -> Client {
        let url = self.at(&superuser_url(&self.service.data_dir), name);
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

/// Two rounds of this service's erasures: left keys are destroyed by the second at the latest, and the ledger tells of every end.
async fn rounds(org: &Org<'_>) {
    let (app, id) = (org.service().app.clone(), OrganizationId::from(org.id));
    org.service()
        .run(async move {
            custodian_application::erasures::settle(&app, id).await.unwrap();
            custodian_application::erasures::settle(&app, id).await.unwrap();
        })
        .await;
}

/// Customers of somebody, and what their names are.
async fn people(person: &crate::support::Person, numbers: std::ops::Range<u64>) -> Vec<(Uuid, serde_json::Value)> {
    let mut made = Vec::new();
    for number in numbers {
        let answer = person.post("/v1/customers", &crate::customers::whole(number)).await.shows(201);
        made.push((answer.id().parse().unwrap(), answer.at("/fields/name")));
    }
    made
}
