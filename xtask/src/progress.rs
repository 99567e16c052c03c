//! What the person at the terminal sees while something takes its time.

use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::time::Instant;

use crate::Outcome;

/// Runs a step, saying what it is and how long it took.
pub fn step<T>(what: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    println!("▸ {what} …");
    let started = Instant::now();
    let outcome = work();
    let seconds = started.elapsed().as_secs_f32();
    match &outcome {
        Ok(_) => println!("  done in {seconds:.1} s"),
        Err(_) => println!("  failed after {seconds:.1} s"),
    }
    outcome
}

/// One line of information.
pub fn say(text: &str) {
    println!("  {text}");
}

/// Prints a line of output; an error when nobody reads it any more.
pub fn line(text: impl Display) -> Outcome {
    writeln!(std::io::stdout(), "{text}").map_err(|err| match err.kind() {
        ErrorKind::BrokenPipe => String::new(),
        _ => format!("standard output: {err}"),
    })
}
