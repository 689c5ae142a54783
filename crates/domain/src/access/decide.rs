//! The decision.
use super::{Caller, Decision, Facts, FieldAccess};
use crate::catalog::Field;
use crate::roles::Permission;

/// Decides.
pub fn decide<'a>(_facts: &Facts<'a>) -> Decision<'a> {
    unimplemented!()
}
/// Decides with reasons.
pub fn decide_explained<'a>(_facts: &Facts<'a>) -> Decision<'a> {
    unimplemented!()
}
/// The widest access.
pub fn widest_field_access(_caller: &Caller, _permission: Permission, _field: &Field) -> FieldAccess {
    unimplemented!()
}
