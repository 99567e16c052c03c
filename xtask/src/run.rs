//! Running other programs.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Outcome;

/// Runs a program that talks to the terminal itself.
pub fn show(command: &mut Command) -> Outcome {
    let name = describe(command);
    let status = command.status().map_err(|err| format!("{name}: {err}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{name} failed ({status})"))
    }
}

/// Runs a program and returns what it printed; its errors become ours.
pub fn read(command: &mut Command) -> Outcome<String> {
    let name = describe(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|err| format!("{name}: {err}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(format!(
            "{name} failed ({}):\n{}",
            output.status,
            errors.trim()
        ))
    }
}

/// Runs a program with its output in a file, and shows the end of it on failure.
pub fn log(command: &mut Command, file: &Path) -> Outcome {
    let name = describe(command);
    let open = || File::create(file).map_err(|err| format!("{}: {err}", file.display()));
    let out = open()?;
    let errors = out
        .try_clone()
        .map_err(|err| format!("{}: {err}", file.display()))?;
    let status = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(errors)
        .status()
        .map_err(|err| format!("{name}: {err}"))?;
    if status.success() {
        return Ok(());
    }
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(40)..].join("\n");
    Err(format!(
        "{tail}\n{name} failed ({status}); all of it: {}",
        file.display()
    ))
}

fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy();
    match command.get_args().next() {
        Some(first) => format!("{name} {}", first.to_string_lossy()),
        None => name.into_owned(),
    }
}
