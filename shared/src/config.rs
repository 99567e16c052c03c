//! Configuration: environment variables only (12-factor), read once at cold
//! start, and every fault of it named at once.

use std::fmt::Display;
use std::str::FromStr;

/// What is wrong with the environment; the function does not start.
#[derive(Debug, thiserror::Error)]
#[error("the configuration is wrong: {}", .0.join("; "))]
pub struct ConfigError(Vec<String>);

/// Reads variables and remembers what was wrong with them.
///
/// ```
/// # use shared::config::Env;
/// let mut env = Env::of(&[("TABLE_NAME", "plenary-events"), ("PAGE", "x")]);
/// let table = env.required("TABLE_NAME");
/// let page: u32 = env.or("PAGE", 20);
/// assert_eq!(table, "plenary-events");
/// assert!(env.check().is_err(), "PAGE is no number");
/// # let _ = page;
/// ```
#[derive(Debug, Default)]
pub struct Env {
    given: Option<Vec<(String, String)>>,
    faults: Vec<String>,
}

impl Env {
    /// The process environment.
    pub fn read() -> Self {
        Self::default()
    }

    /// A given environment, for tests.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let given = variables
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Self {
            given: Some(given),
            faults: Vec::new(),
        }
    }

    #[allow(clippy::disallowed_methods)]
    fn lookup(&self, name: &str) -> Option<String> {
        match &self.given {
            None => std::env::var(name).ok(),
            Some(given) => given
                .iter()
                .find(|(k, _)| k == name)
                .map(|(_, v)| v.clone()),
        }
        .filter(|value| !value.trim().is_empty())
    }

    /// A variable that must be there; empty text until [`Env::check`] refuses.
    pub fn required(&mut self, name: &str) -> String {
        self.lookup(name).unwrap_or_else(|| {
            self.faults.push(format!("{name} is not set"));
            String::new()
        })
    }

    /// A variable that may be there.
    pub fn optional(&mut self, name: &str) -> Option<String> {
        self.lookup(name)
    }

    /// A variable of another type, or the default when it is not set.
    pub fn or<T>(&mut self, name: &str, default: T) -> T
    where
        T: FromStr,
        T::Err: Display,
    {
        match self.lookup(name) {
            None => default,
            Some(text) => text.trim().parse().unwrap_or_else(|err| {
                self.faults.push(format!("{name}: {err}"));
                default
            }),
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault found.
    pub fn check(self) -> Result<(), ConfigError> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(ConfigError(self.faults))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OP-11: validated at cold start, all faults at once.
    #[test]
    fn op_11_every_fault_is_named() {
        let mut env = Env::of(&[("A", "x"), ("B", " ")]);
        let _: u16 = env.or("A", 1);
        let _ = env.required("B");
        let _ = env.required("C");
        let text = env.check().unwrap_err().to_string();
        assert!(
            text.contains("A: ") && text.contains("B is not set") && text.contains("C is not set")
        );
    }
}
