//! `cargo xtask logs`: the functions' own lines, in order of time.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::args::Args;
use crate::sandbox::{STACK, Sandbox};
use crate::{Outcome, env, progress};

/// Prints the logs of all functions or of one group, all lines or those of one
/// correlation id.
pub fn logs(mut args: Args) -> Outcome {
    let correlation = args.option("--correlation")?;
    let follow = args.flag("--follow");
    let group = args.positional();
    args.done()?;
    let dir = Sandbox::dev(None)?.file("logs");
    let mut read = HashMap::new();
    loop {
        let mut lines = Vec::new();
        for file in files(&dir, group.as_deref())? {
            collect(&file, &mut read, correlation.as_deref(), &mut lines)?;
        }
        // Stable: lines without a time stay behind the line that they follow.
        lines.sort_by(|a: &Line, b| a.time.cmp(&b.time));
        for line in &lines {
            progress::line(format_args!("{:<20} {}", line.function, line.text))?;
        }
        if !follow {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(300));
    }
}

struct Line {
    time: String,
    function: String,
    text: String,
}

/// The log files of a group's functions; the relay belongs to platform.
fn files(dir: &Path, group: Option<&str>) -> Outcome<Vec<PathBuf>> {
    let entries = std::fs::read_dir(dir).map_err(|_| {
        let shown = dir.strip_prefix(env::root()).unwrap_or(dir);
        format!(
            "There are no logs in {}; run `cargo xtask up`.",
            shown.display()
        )
    })?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    if let Some(group) = group {
        files.retain(|file| {
            let name = function(file);
            name.starts_with(group) || (group == "platform" && name == "relay")
        });
        if files.is_empty() {
            return Err(format!("No function of {group:?} has logged anything yet."));
        }
    }
    Ok(files)
}

fn function(file: &Path) -> String {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    name.trim_start_matches(STACK)
        .trim_start_matches('-')
        .to_owned()
}

/// Reads what a file has gained since the last look.
fn collect(
    file: &Path,
    read: &mut HashMap<PathBuf, u64>,
    correlation: Option<&str>,
    lines: &mut Vec<Line>,
) -> Outcome {
    let fail = |err: std::io::Error| format!("{}: {err}", file.display());
    let offset = read.entry(file.to_owned()).or_default();
    let mut source = File::open(file).map_err(fail)?;
    source.seek(SeekFrom::Start(*offset)).map_err(fail)?;
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).map_err(fail)?;
    let complete = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    *offset += complete as u64;
    let mut time = String::new();
    for text in String::from_utf8_lossy(&bytes[..complete]).lines() {
        let json: Option<Value> = serde_json::from_str(text).ok();
        if let Some(stamp) = json.as_ref().and_then(|line| line["timestamp"].as_str()) {
            stamp.clone_into(&mut time);
        }
        if correlation.is_none_or(|id| text.contains(id)) {
            lines.push(Line {
                time: time.clone(),
                function: function(file),
                text: text.to_owned(),
            });
        }
    }
    Ok(())
}
