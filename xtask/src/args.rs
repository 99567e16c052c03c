//! Command-line arguments, read one by one so that what is left over is an error.

use crate::Outcome;

/// The arguments that have not been taken yet.
#[derive(Debug)]
pub struct Args(Vec<String>);

impl Args {
    /// The arguments of this process.
    pub fn read() -> Self {
        Self(std::env::args().skip(1).collect())
    }

    /// No arguments, for a command that calls another.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Takes the first argument, the command.
    pub fn command(&mut self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    /// Takes a flag; whether it was there.
    pub fn flag(&mut self, name: &str) -> bool {
        let found = self.0.iter().position(|arg| arg == name);
        found.map(|at| self.0.remove(at)).is_some()
    }

    /// Takes `name value` or `name=value`.
    pub fn option(&mut self, name: &str) -> Outcome<Option<String>> {
        let prefix = format!("{name}=");
        if let Some(at) = self.0.iter().position(|arg| arg.starts_with(&prefix)) {
            return Ok(Some(self.0.remove(at).split_off(prefix.len())));
        }
        let Some(at) = self.0.iter().position(|arg| arg == name) else {
            return Ok(None);
        };
        self.0.remove(at);
        if at < self.0.len() {
            Ok(Some(self.0.remove(at)))
        } else {
            Err(format!("{name} needs a value"))
        }
    }

    /// Takes `name value`, which must be there.
    pub fn required(&mut self, name: &str) -> Outcome<String> {
        self.option(name)?
            .ok_or_else(|| format!("{name} is missing"))
    }

    /// Takes the next argument that is not an option.
    pub fn positional(&mut self) -> Option<String> {
        let at = self.0.iter().position(|arg| !arg.starts_with('-'))?;
        Some(self.0.remove(at))
    }

    /// Everything that is left, for a program that this command hands over to.
    pub fn rest(self) -> Vec<String> {
        self.0
    }

    /// Refuses what nobody took.
    pub fn done(self) -> Outcome {
        match self.0.first() {
            None => Ok(()),
            Some(arg) => Err(format!(
                "{arg:?} is not understood here; see cargo xtask help"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> Args {
        Args(text.split(' ').map(str::to_owned).collect())
    }

    #[test]
    fn options_are_taken_in_both_spellings() {
        let mut args = args("logs --port=4 auth --correlation x --follow");
        assert_eq!(args.command().as_deref(), Some("logs"));
        assert_eq!(args.option("--port").unwrap().as_deref(), Some("4"));
        assert_eq!(args.option("--correlation").unwrap().as_deref(), Some("x"));
        assert!(args.flag("--follow") && !args.flag("--follow"));
        assert_eq!(args.positional().as_deref(), Some("auth"));
        assert!(args.done().is_ok());
    }

    #[test]
    fn what_is_left_over_is_refused() {
        assert!(args("--prot 4567").done().is_err());
        assert!(args("--port").option("--port").is_err());
    }
}
