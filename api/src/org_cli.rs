//! `custodian org`: what an operator does for organisations, on the server, with the owner's database role.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use custodian_application::organizations::{self, Founder, NewDepartment};
use custodian_application::startup::Unfit;
use custodian_application::users::comparable_email;
use custodian_application::{App, auth};
use custodian_domain::catalog::identifiers;
use custodian_domain::kernel::{DomainError, OrganizationId};
use custodian_domain::roles::{built_in, built_in_role};
use custodian_persistence::Database;
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::config::Settings;
use crate::dev;
use crate::state::{self, Wiring};

/// What is done about organisations.
#[derive(clap::Subcommand)]
pub enum OrgCommand {
    /// Found an organisation with its first people and print their passwords once
    Create {
        /// TOML file with settings
        #[arg(long, env = "CUSTODIAN_CONFIG")]
        config: Option<PathBuf>,
        /// Name of the organisation
        #[arg(long)]
        name: String,
        /// Log-in address of the administrator
        #[arg(long)]
        admin_email: Address,
        /// Another person to begin with, such as dpo=privacy@example.com; may be repeated. Nobody gives a role that goes beyond their own, so that an administrator
        /// alone can appoint no data protection officer, no finance and no auditor
        #[arg(long, value_name = "ROLE=ADDRESS")]
        appoint: Vec<Appointment>,
    },
    /// Give somebody who works already one more role, where nobody is left who may
    Appoint {
        /// TOML file with settings
        #[arg(long, env = "CUSTODIAN_CONFIG")]
        config: Option<PathBuf>,
        /// Id of the organisation
        #[arg(long)]
        organization: Uuid,
        /// Log-in address of the person
        #[arg(long)]
        email: Address,
        /// Code of the role
        #[arg(long)]
        role: String,
    },
}

/// An address as it is kept.
#[derive(Clone)]
pub struct Address(String);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        identifiers::email(text).map(Self).ok_or_else(|| "This is no e-mail address.".to_owned())
    }
}

/// A built-in role and who shall have it.
#[derive(Clone)]
pub struct Appointment {
    role: String,
    address: Address,
}

impl FromStr for Appointment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (role, address) = text.split_once('=').ok_or("It must be ROLE=ADDRESS.")?;
        if built_in_role(role).is_none() {
            let codes: Vec<&str> = built_in().iter().map(|role| role.code.as_str()).collect();
            return Err(format!("There is no such role; there are {}.", codes.join(", ")));
        }
        Ok(Self { role: role.to_owned(), address: address.parse()? })
    }
}

/// Runs the command; `print` takes what it answers.
pub fn run(command: &OrgCommand, print: &dyn Fn(&str)) -> Result<(), Unfit> {
    match command {
        OrgCommand::Create { config, name, admin_email, appoint } => {
            create(&Operator::new(config.as_deref())?, name, admin_email, appoint, print)
        }
        OrgCommand::Appoint { config, organization, email, role } => {
            let operator = Operator::new(config.as_deref())?;
            let organization = OrganizationId::from(*organization);
            let appointed = organizations::appoint(&operator.app, &operator.owner, organization, &email.0, role);
            let id = operator.runtime.block_on(appointed).map_err(refusal)?;
            print(&format!("{id} has the role {role}."));
            Ok(())
        }
    }
}

/// The program without its server, beside the owner's connection.
struct Operator {
    runtime: Runtime,
    owner: Database,
    app: App,
}

impl Operator {
    fn new(config: Option<&Path>) -> Result<Self, Unfit> {
        let settings = Settings::load(config, std::env::vars()).map_err(unfit)?;
        let owner = state::owner_database(&settings)?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(unfit)?;
        let app = runtime.block_on(Wiring::new(&settings).start())?;
        Ok(Self { runtime, owner, app })
    }
}

fn unfit(error: impl std::fmt::Display) -> Unfit {
    Unfit(error.to_string())
}

fn refusal(error: DomainError) -> Unfit {
    match error {
        DomainError::NotFound => unfit("Nobody who is active in this organisation logs in with this address."),
        DomainError::Invalid(_) => unfit("This organisation has no such role."),
        DomainError::RefusedAt { faults, .. } => {
            let pairs: Vec<&str> = faults.iter().filter_map(|fault| fault.arg.as_deref()).collect();
            Unfit(format!("These duties may not meet in one person: {}.", pairs.join("; ")))
        }
        other => unfit(other),
    }
}

fn create(
    operator: &Operator,
    name: &str,
    admin: &Address,
    appointed: &[Appointment],
    print: &dyn Fn(&str),
) -> Result<(), Unfit> {
    let first = Appointment { role: "admin".to_owned(), address: admin.clone() };
    let all: Vec<&Appointment> = [&first].into_iter().chain(appointed).collect();
    let addresses: BTreeSet<String> = all.iter().map(|one| comparable_email(&one.address.0)).collect();
    if addresses.len() < all.len() {
        return Err(unfit(
            "Each person needs an address of their own: these duties are parted so that no one has them all.",
        ));
    }
    let passwords: Vec<String> = all.iter().map(|_| dev::password()).collect();
    let founder = |(one, password): (&&Appointment, &String)| Founder {
        email: one.address.0.clone(),
        name: label(&one.role),
        password_hash: auth::hash_password(&operator.app, password),
        roles: vec![one.role.clone()],
        department: Some(0),
        supervisor: None,
    };
    let people: Vec<Founder> = all.iter().zip(&passwords).map(founder).collect();
    let tree = [NewDepartment { name: name.to_owned(), parent: None }];
    let founding = organizations::found(&operator.app, &operator.owner, name, &tree, &people);
    let founded = operator.runtime.block_on(founding).map_err(unfit)?;
    print(&format!("organization_id  {}", founded.organization));
    for (one, password) in all.iter().zip(&passwords) {
        print(&format!("{:<16} {}\npassword         {password}", one.role, one.address.0));
    }
    Ok(())
}

/// What the account is called until the person says otherwise.
fn label(role: &str) -> String {
    built_in_role(role).map_or_else(|| role.to_owned(), |role| role.labels.en.to_string())
}
