//! Our calendars, read by parsers that are not ours: the crate `icalendar`
//! here, `PyPI` icalendar and npm ical.js where they are installed (see
//! docs/contributors/local.md).

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use icalendar::parser::{Component, Property, read_calendar, unfold};
use serde_json::{Value, json};

/// A calendar as the crate `icalendar` understands it.
pub fn read(text: &str) -> Value {
    let unfolded = unfold(text);
    let calendar = read_calendar(&unfolded).unwrap_or_else(|err| panic!("{err}\n{text}"));
    let value = |properties: &[Property], name: &str| -> Option<String> {
        let found = properties.iter().find(|property| property.name == name)?;
        Some(found.val.as_str().to_owned())
    };
    let events: Vec<Value> = calendar
        .components
        .iter()
        .map(|component: &Component| {
            assert_eq!(component.name, "VEVENT");
            let get = |name: &str| value(&component.properties, name).unwrap_or_default();
            json!({
                "uid": get("UID"), "sequence": get("SEQUENCE").parse::<u32>().unwrap(),
                "start": get("DTSTART"), "end": get("DTEND"), "summary": get("SUMMARY"),
                "location": get("LOCATION"), "status": get("STATUS"), "transp": get("TRANSP"),
            })
        })
        .collect();
    json!({"method": value(&calendar.properties, "METHOD"), "events": events})
}

/// The foreign parsers that are installed, by name; says which are not.
pub fn foreign() -> Vec<(&'static str, Command)> {
    // The tests of notifications read calendars by this file too.
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/tests/parsers");
    // Beside the build, where nothing is committed: <target>/parsers.
    let installed = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .unwrap()
        .join("parsers");
    let mut found = Vec::new();
    let python: PathBuf = installed.join("py/bin/python3");
    if python.exists() {
        let mut command = Command::new(python);
        command.arg(here.join("read.py"));
        found.push(("PyPI icalendar", command));
    } else {
        eprintln!(
            "LEFT OUT: PyPI icalendar is not installed at {}",
            installed.display()
        );
    }
    if installed.join("node_modules/ical.js").exists() {
        let mut command = Command::new("node");
        command.arg(here.join("read.mjs")).arg(&installed);
        found.push(("npm ical.js", command));
    } else {
        eprintln!(
            "LEFT OUT: npm ical.js is not installed at {}",
            installed.display()
        );
    }
    found
}

/// What a foreign parser understands of a calendar.
pub fn ask(command: &mut Command, text: &str) -> Value {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}\n{text}");
    serde_json::from_slice(&output.stdout).unwrap()
}
