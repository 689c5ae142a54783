//! The kit: a service to talk to, an organisation of one's own, people to be, and answers that show themselves when they surprise.

mod answer;
pub mod browser;
mod caller;
mod clock;
mod contract;
mod mail_server;
pub mod mailbox;
mod organization;
mod people;
mod process;
mod raw;
mod service;
mod sign_on;

pub use answer::Answer;
pub use caller::{Caller, Request};
pub use clock::TestClock;
pub use mail_server::MailServer;
pub use organization::{Org, new_key};
pub use people::{Partner, Person, customer, try_log_in};
pub use process::{Process, program};
pub use raw::{Conversation, exchange};
pub use service::{PASSWORD, Service, fresh_folder, own_instance, shared, stopped};
pub use sign_on::{CLIENT, SignOn, Signing};
