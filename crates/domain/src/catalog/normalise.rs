//! Folding of width, spaces and case.
