//! The built-in roles as a text that a lawyer can read.
/// The matrix.
pub fn render_matrix() -> String {
    unimplemented!()
}
