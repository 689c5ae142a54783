//! Tests of sealed.
