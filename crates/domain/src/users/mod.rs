//! Rules about people who work here.

mod famous;
mod passwords;

pub use passwords::{
    LONGEST_PASSWORD, PasswordContext, SHORTEST_PASSWORD, SHORTEST_WITH_SECOND_FACTOR, password_fault,
};
