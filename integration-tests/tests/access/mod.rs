//! The access decision, told to people.

mod explain;
mod who_sees;
