//! One error for the whole program: a text that says what was attempted.

use std::fmt::Display;

/// Why a figure could not be taken.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

/// The program's result.
pub type Result<T> = std::result::Result<T, Error>;

macro_rules! from {
    ($($source:ty),*) => {$(
        impl From<$source> for Error {
            fn from(source: $source) -> Self {
                Self(source.to_string())
            }
        }
    )*};
}
from!(
    std::io::Error,
    serde_json::Error,
    hyper::Error,
    hyper::http::Error
);

/// Adds what was attempted to an error.
pub trait Context<T> {
    /// Prefixes the error with `what`.
    fn context(self, what: impl Display) -> Result<T>;
}

impl<T, E: Display> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl Display) -> Result<T> {
        self.map_err(|e| Error(format!("{what}: {e}")))
    }
}

impl<T> Context<T> for Option<T> {
    fn context(self, what: impl Display) -> Result<T> {
        self.ok_or_else(|| Error(what.to_string()))
    }
}
