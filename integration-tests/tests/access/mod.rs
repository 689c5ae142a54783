//! The access decision, told to people.

mod budget;
mod explain;
mod one_connection;
mod who_sees;
mod worlds;
