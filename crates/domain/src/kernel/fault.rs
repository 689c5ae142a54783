//! One fault of a body, by place and code.

/// What is wrong at one place of a request body. Carries no value that the caller sent: a fault may be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// JSON Pointer (RFC 6901) into the body, such as `/fields/mobile`.
    pub pointer: String,
    /// Stable code in `snake_case`.
    pub code: &'static str,
    /// A limit or the allowed list, never the caller's value.
    pub arg: Option<String>,
}

impl Fault {
    /// A fault without an argument.
    pub fn new(pointer: impl Into<String>, code: &'static str) -> Self {
        Self { pointer: pointer.into(), code, arg: None }
    }

    /// The same fault with a limit or an allowed list.
    #[must_use]
    pub fn with_arg(mut self, arg: impl Into<String>) -> Self {
        self.arg = Some(arg.into());
        self
    }
}
