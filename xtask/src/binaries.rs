//! The functions' binaries: which there are, building them, laying them where
//! `template.yaml` looks (`target/lambda/<binary>/bootstrap`).
//!
//! Locally that is a plain `cargo build`, whose results are stripped of debug
//! information on the way: it shares its cache with tests and clippy, where
//! `cargo lambda build` has a target and profile of its own, and a stripped debug
//! binary is a fifth of the size to zip. `cargo xtask deploy` uses cargo-lambda.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use serde_json::{Map, Value, json};

use crate::progress::say;
use crate::{Outcome, env, run};

/// What cargo says of the workspace.
#[derive(Debug)]
pub struct Workspace {
    /// Binary and package of every function.
    pub functions: Vec<(String, String)>,
    /// Names of all packages.
    pub packages: Vec<String>,
    target: PathBuf,
}

impl Workspace {
    /// Reads the workspace.
    pub fn read() -> Outcome<Self> {
        let mut cargo = Command::new("cargo");
        cargo
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(env::root());
        let metadata: Value = serde_json::from_str(&run::read(&mut cargo)?)
            .map_err(|err| format!("cargo metadata: {err}"))?;
        let mut found = Self {
            functions: Vec::new(),
            packages: Vec::new(),
            target: PathBuf::from(metadata["target_directory"].as_str().unwrap_or("target")),
        };
        for package in metadata["packages"].as_array().into_iter().flatten() {
            let name = package["name"].as_str().unwrap_or_default();
            found.packages.push(name.to_owned());
            let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
            if manifest.starts_with(env::root().join("functions")) {
                let targets = package["targets"].as_array().into_iter().flatten();
                let binaries = targets.filter(|target| target["kind"][0] == "bin");
                found.functions.extend(binaries.filter_map(|target| {
                    Some((target["name"].as_str()?.to_owned(), name.to_owned()))
                }));
            }
        }
        Ok(found)
    }

    /// Builds all functions in debug and lays them out.
    pub fn build(&self) -> Outcome {
        let mut cargo = Command::new("cargo");
        cargo.arg("build").current_dir(env::root());
        for (binary, package) in &self.functions {
            cargo.args(["--bin", binary, "--package", package]);
        }
        run::show(&mut cargo)?;
        let stamps = env::root().join("target/lambda/stamps.json");
        let mut known: Map<String, Value> = std::fs::read_to_string(&stamps)
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let mut laid = 0;
        for (binary, _) in &self.functions {
            laid += usize::from(lay(
                &self.target.join("debug").join(binary),
                binary,
                &mut known,
            )?);
        }
        say(&format!(
            "{laid} of {} binaries are new",
            self.functions.len()
        ));
        crate::sandbox::write(&stamps, &Value::Object(known).to_string())
    }
}

/// The folder that the template's `CodeUri` of a binary names.
pub fn code_dir(binary: &str) -> PathBuf {
    env::root().join("target/lambda").join(binary)
}

/// Puts one built binary in its place; whether it had changed.
fn lay(built: &Path, binary: &str, known: &mut Map<String, Value>) -> Outcome<bool> {
    let dir = code_dir(binary);
    let bootstrap = dir.join("bootstrap");
    // Both ends: a release build for a deployment takes the same place.
    if known.get(binary) == Some(&json!([age(built), age(&bootstrap)])) && bootstrap.exists() {
        return Ok(false);
    }
    let fail = |err: std::io::Error| format!("{binary}: {err}");
    std::fs::create_dir_all(&dir).map_err(fail)?;
    let fresh = dir.with_extension("new");
    let mut strip = Command::new("strip");
    strip.arg("--strip-debug").arg("-o").arg(&fresh).arg(built);
    if run::read(&mut strip).is_err() {
        // Without binutils it is only larger.
        std::fs::copy(built, &fresh).map_err(fail)?;
    }
    std::fs::rename(&fresh, &bootstrap).map_err(fail)?;
    known.insert(binary.to_owned(), json!([age(built), age(&bootstrap)]));
    Ok(true)
}

/// Length and time of change: enough to see that a file is another.
fn age(path: &Path) -> Value {
    let Ok(metadata) = std::fs::metadata(path) else {
        return Value::Null;
    };
    let changed = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    json!([
        metadata.len(),
        changed.map(|since| since.as_micros().to_string())
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OP-12: changing one group's code changes that group's binaries alone, for
    /// no group is compiled into another; what they share is `shared`, and the
    /// description that the platform group embeds is an asset of its own.
    #[test]
    fn op_12_no_group_is_part_of_another() {
        let mut cargo = Command::new("cargo");
        cargo
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(env::root());
        let metadata: Value = serde_json::from_str(&run::read(&mut cargo).unwrap()).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        let folder = |package: &Value| {
            let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
            manifest.parent().unwrap().to_owned()
        };
        let groups: Vec<&Value> = packages
            .iter()
            .filter(|package| folder(package).starts_with(env::root().join("functions")))
            .collect();
        assert!(groups.len() >= 6);
        for group in groups {
            for dependency in group["dependencies"].as_array().unwrap() {
                let name = dependency["name"].as_str().unwrap();
                let Some(path) = dependency["path"].as_str() else {
                    continue;
                };
                let shared = Path::new(path) == env::root().join("shared");
                assert!(shared, "{} depends on {name}", group["name"]);
            }
        }
    }
}
