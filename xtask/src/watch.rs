//! One function alone, by cargo-lambda: `watch` serves it and builds it again on every
//! change, `invoke` sends it a payload. It works on the tables of the running cloud.

use std::process::Command;

use crate::args::Args;
use crate::binaries::Workspace;
use crate::sandbox::Sandbox;
use crate::{Outcome, env, run, tools};

/// Serves one function under the routes of the workspace's `Cargo.toml`.
pub fn watch(mut args: Args) -> Outcome {
    let (binary, package) = function(&mut args)?;
    let variables = Sandbox::dev(None)?.file(&format!("watch/{binary}.env"));
    if !variables.exists() {
        return Err("the local cloud is not up: cargo xtask up".to_owned());
    }
    let mut cargo = cargo_lambda()?;
    cargo
        .args(["watch", "--invoke-address", "127.0.0.1", "--env-file"])
        .arg(variables)
        .args(["--package", &package, "--bin", &binary])
        .args(args.rest());
    run::show(&mut cargo)
}

/// Sends a payload of `events/` to the function that `watch` serves.
pub fn invoke(mut args: Args) -> Outcome {
    let (binary, _) = function(&mut args)?;
    let payload = args
        .positional()
        .ok_or("name a payload, such as events/http/events-list.json")?;
    let mut cargo = cargo_lambda()?;
    cargo
        .args(["invoke", &binary, "--invoke-address", "127.0.0.1"])
        .args(["--data-file", &payload])
        .args(args.rest());
    run::show(&mut cargo)
}

fn function(args: &mut Args) -> Outcome<(String, String)> {
    let functions = Workspace::read()?.functions;
    let named = args.positional().unwrap_or_default();
    let found = functions.iter().find(|(binary, _)| *binary == named);
    found.cloned().ok_or_else(|| {
        let all: Vec<&str> = functions.iter().map(|(one, _)| one.as_str()).collect();
        format!("name a function: {}", all.join(", "))
    })
}

fn cargo_lambda() -> Outcome<Command> {
    let bin = tools::cargo_lambda()?;
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(env::root())
        .env("PATH", tools::path_with(&bin))
        .arg("lambda");
    Ok(cargo)
}
