//! Prerequisites, and the pinned tools in virtual environments of their own.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::progress::step;
use crate::{Outcome, env, run};

const RUST: (u32, u32) = (1, 95);
const PYTHON: (u32, u32) = (3, 10);
const DENY: &str = "0.20.2";

/// Where the tools are.
#[derive(Debug)]
pub struct Tools {
    /// The interpreter that runs the emulator and `local/*.py`.
    pub cloud_python: PathBuf,
    /// SAM CLI and cfn-lint.
    pub sam: PathBuf,
    /// cfn-lint.
    pub cfn_lint: PathBuf,
}

impl Tools {
    /// Checks what must be there and installs what is pinned.
    pub fn ready() -> Outcome<Self> {
        check_rust()?;
        let cloud = venv("cloud", "the emulator")?;
        let tools = venv("tools", "SAM CLI and cfn-lint")?;
        Ok(Self {
            cloud_python: cloud.join("python"),
            sam: tools.join("sam"),
            cfn_lint: tools.join("cfn-lint"),
        })
    }
}

/// Whether there is a browser for the tests that need one.
pub fn has_chromium() -> bool {
    [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ]
    .iter()
    .any(|name| {
        let version = Command::new(name).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    })
}

/// The folder of cargo-lambda, which cross-compiles with the Zig beside it.
pub fn cargo_lambda() -> Outcome<PathBuf> {
    check_rust()?;
    venv("build", "cargo-lambda and Zig")
}

/// The search path with `bin` at its head.
pub fn path_with(bin: &Path) -> String {
    let path = env::var("PATH").unwrap_or_default();
    format!("{}:{path}", bin.display())
}

/// cargo-deny: the pinned one, built once into the user's cache.
pub fn cargo_deny() -> Outcome<PathBuf> {
    let home = env::var("HOME").ok_or("HOME is not set")?;
    let root = PathBuf::from(home).join(".cache/plenary-tools");
    let binary = root.join("bin/cargo-deny");
    let version = Command::new(&binary).arg("--version").output();
    let there = version.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains(DENY));
    if !there {
        step(&format!("Building cargo-deny {DENY}, once"), || {
            let mut install = Command::new("cargo");
            install
                .args([
                    "install",
                    "cargo-deny",
                    "--locked",
                    "--debug",
                    "--force",
                    "--version",
                    DENY,
                ])
                .arg("--root")
                .arg(&root)
                .env("CARGO_PROFILE_DEV_DEBUG", "0")
                .env("CARGO_TARGET_DIR", root.join("target"));
            run::show(&mut install)?;
            std::fs::remove_dir_all(root.join("target")).map_err(|err| format!("cargo-deny: {err}"))
        })?;
    }
    Ok(binary)
}

/// cargo-nextest must be installed; it is no library of ours to pin.
pub fn check_nextest() -> Outcome {
    run::read(Command::new("cargo").args(["nextest", "--version"]))
        .map(drop)
        .map_err(|_| "cargo-nextest is missing: cargo install --locked cargo-nextest".to_owned())
}

fn check_rust() -> Outcome {
    let text = run::read(Command::new("rustc").arg("--version"))
        .map_err(|_| "Rust is missing: install it from your distribution or rustup".to_owned())?;
    match version(&text) {
        Some(found) if found >= RUST => Ok(()),
        _ => Err(format!(
            "Rust {}.{} or later is needed; this is {text}",
            RUST.0, RUST.1
        )),
    }
}

/// The first `major.minor` in a text such as `rustc 1.95.0 (5980…)`.
fn version(text: &str) -> Option<(u32, u32)> {
    text.split([' ', '-', '\n']).find_map(|word| {
        let mut parts = word.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    })
}

/// A Python that is recent enough and can make virtual environments.
fn python() -> Outcome<&'static str> {
    for name in [
        "python3",
        "python3.13",
        "python3.12",
        "python3.11",
        "python3.10",
    ] {
        let Ok(text) = run::read(Command::new(name).arg("--version")) else {
            continue;
        };
        let able = || run::read(Command::new(name).args(["-c", "import venv, ensurepip"])).is_ok();
        if version(&text).is_some_and(|found| found >= PYTHON) && able() {
            return Ok(name);
        }
    }
    Err(format!(
        "Python {}.{} or later with its venv module is needed (Debian: apt install python3-venv)",
        PYTHON.0, PYTHON.1
    ))
}

/// The `bin` folder of a virtual environment that holds exactly what
/// `local/requirements-<name>.txt` says; made again when that file changes.
fn venv(name: &str, what: &str) -> Outcome<PathBuf> {
    let requirements = env::root().join(format!("local/requirements-{name}.txt"));
    let wanted = fingerprint(&requirements)?;
    let dir = env::root().join(format!(".local/venv-{name}"));
    let stamp = dir.join("plenary-requirements");
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == wanted) {
        return Ok(dir.join("bin"));
    }
    step(
        &format!("Installing {what} into .local/venv-{name}"),
        || {
            let python = python()?;
            run::read(
                Command::new(python)
                    .args(["-m", "venv", "--clear"])
                    .arg(&dir),
            )?;
            let mut pip = Command::new(dir.join("bin/python"));
            pip.args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ]);
            run::show(pip.arg(&requirements))?;
            crate::sandbox::write(&stamp, &wanted)
        },
    )?;
    Ok(dir.join("bin"))
}

fn fingerprint(file: &Path) -> Outcome<String> {
    let text = std::fs::read_to_string(file).map_err(|err| format!("{}: {err}", file.display()))?;
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    // A checkout that was moved has environments that point to the old place.
    env::root().hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_print() {
        assert_eq!(
            version("rustc 1.95.0 (59807616e 2026-04-14)"),
            Some((1, 95))
        );
        assert_eq!(version("Python 3.11.7\n"), Some((3, 11)));
        assert_eq!(version("rustc 1.96.0-nightly"), Some((1, 96)));
        assert_eq!(version("nothing"), None);
    }
}
