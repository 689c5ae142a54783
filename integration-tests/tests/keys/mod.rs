//! Keys and what they seal: nothing readable on disk, nothing moved unnoticed, nothing served under the wrong key.

mod rotation;
mod start_up;
mod status;
mod stolen;
mod swapped;
