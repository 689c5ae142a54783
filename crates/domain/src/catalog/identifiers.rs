//! Checks of identifiers.
