//! Deploying the template: onto the local cloud, and into an account.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::args::Args;
use crate::binaries::{Workspace, code_dir};
use crate::progress::{say, step};
use crate::sandbox::{ARTIFACTS, MAIL_IDENTITY, STACK, Sandbox};
use crate::tools::{self, Tools};
use crate::{Outcome, env, run};

/// Deploys what differs from what this emulator has: everything when the template is
/// another, else only the code of functions whose binaries are.
pub fn local(sandbox: &Sandbox, tools: &Tools, workspace: &Workspace) -> Outcome {
    let deployed: Map<String, Value> =
        serde_json::from_str(&sandbox.read("deployed")).unwrap_or_default();
    let template = hash_file(&env::root().join("template.yaml"))?
        ^ hash_file(&env::root().join("samconfig.toml"))?;
    let mut current = Map::from_iter([("template".to_owned(), json!(template))]);
    for (binary, _) in &workspace.functions {
        current.insert(
            binary.clone(),
            json!(hash_file(&code_dir(binary).join("bootstrap"))?),
        );
    }
    if deployed == current {
        say("The stack is up to date.");
    } else if deployed.get("template") == current.get("template") && deployed.len() == current.len()
    {
        let changed: Vec<&str> = current
            .iter()
            .filter(|(name, hash)| deployed.get(*name) != Some(hash))
            .map(|(name, _)| name.as_str())
            .collect();
        step(
            &format!("Updating the code of {}", changed.join(", ")),
            || {
                let mut arguments = vec!["update-code", STACK, "target/lambda"];
                arguments.extend(&changed);
                sandbox.aws(tools, &arguments).map(drop)
            },
        )?;
    } else {
        step("Deploying template.yaml", || whole(sandbox, tools))?;
    }
    sandbox.write("deployed", &Value::Object(current).to_string())?;
    write_outputs(sandbox, tools)
}

fn whole(sandbox: &Sandbox, tools: &Tools) -> Outcome {
    sandbox.aws(tools, &["prepare", ARTIFACTS, MAIL_IDENTITY])?;
    let architecture = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    };
    let mut sam = sandbox.command(&tools.sam);
    sam.args([
        "deploy",
        "--config-env",
        "local",
        "--stack-name",
        STACK,
        "--parameter-overrides",
    ])
    .arg("Stage=local")
    .arg(format!("Architecture={architecture}"))
    .arg(format!("PublicUrl={}", sandbox.url()))
    // Passkeys need a name: browsers take none for an IP address.
    .arg("WebauthnRpId=localhost")
    .arg(format!(
        "WebauthnOrigins=http://localhost:3000,http://localhost:5173,http://localhost:{}",
        sandbox.port
    ));
    run::log(&mut sam, &sandbox.file("deploy.log")).map_err(|err| {
        format!("{err}\nA stack that failed to come up cannot be updated: `cargo xtask reset` starts afresh.")
    })
}

fn write_outputs(sandbox: &Sandbox, tools: &Tools) -> Outcome {
    let fail = |err: serde_json::Error| format!("stack outputs: {err}");
    let mut outputs: Value =
        serde_json::from_str(&sandbox.aws(tools, &["outputs", STACK])?).map_err(fail)?;
    outputs["httpUrl"] = sandbox.url().into();
    outputs["webSocketUrl"] = Value::Null;
    outputs["awsEndpointUrl"] = sandbox.url().into();
    let text = serde_json::to_string_pretty(&outputs).map_err(fail)?;
    crate::sandbox::write(&sandbox.outputs, &(text + "\n"))?;
    let environments = sandbox.aws(tools, &["environments", STACK])?;
    let environments: Map<String, Value> = serde_json::from_str(&environments).map_err(fail)?;
    for (binary, variables) in environments {
        write_watch_file(sandbox, &binary, &variables)?;
    }
    Ok(())
}

/// The environment in which `cargo lambda watch` serves one function against this cloud.
fn write_watch_file(sandbox: &Sandbox, binary: &str, variables: &Value) -> Outcome {
    let mut lines = vec![
        format!("AWS_ENDPOINT_URL={}", sandbox.url()),
        "AWS_ACCESS_KEY_ID=local".to_owned(),
        "AWS_SECRET_ACCESS_KEY=local".to_owned(),
        "AWS_SESSION_TOKEN=local".to_owned(),
        format!("AWS_REGION={}", crate::sandbox::REGION),
    ];
    for (name, value) in variables.as_object().into_iter().flatten() {
        // Quoted: a bare `|` or `=` ends a value.
        lines.push(format!("{name}=\"{}\"", value.as_str().unwrap_or_default()));
    }
    sandbox.write(&format!("watch/{binary}.env"), &(lines.join("\n") + "\n"))
}

fn hash_file(path: &Path) -> Outcome<u64> {
    let bytes = std::fs::read(path).map_err(|err| format!("{}: {err}", path.display()))?;
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    Ok(hasher.finish())
}

/// `cargo xtask deploy`: a release build and `sam deploy` into the account that the AWS
/// credentials in the environment belong to.
pub fn release(mut args: Args) -> Outcome {
    let environment = Environment::read(&args.required("--env")?)?;
    let rest = args.rest();
    let workspace = Workspace::read()?;
    let tools = Tools::ready()?;
    step("Building the functions for release", || {
        build_release(&workspace, environment.x86)
    })?;
    let mut sam = Command::new(&tools.sam);
    sam.current_dir(env::root())
        .args(["deploy", "--config-env", &environment.name])
        .args(rest);
    run::show(&mut sam)
}

/// An environment of `samconfig.toml`, where its parameters are.
#[derive(Debug, PartialEq, Eq)]
pub struct Environment {
    name: String,
    /// The stack's name.
    pub stack: String,
    x86: bool,
}

impl Environment {
    /// Reads the environment `name`.
    pub fn read(name: &str) -> Outcome<Self> {
        let path = env::root().join("samconfig.toml");
        let text =
            std::fs::read_to_string(&path).map_err(|err| format!("{}: {err}", path.display()))?;
        Self::parse(&text, name)
    }

    fn parse(text: &str, name: &str) -> Outcome<Self> {
        if name == "local" {
            return Err("the local cloud is `cargo xtask up`".to_owned());
        }
        let config: toml::Table = text
            .parse()
            .map_err(|err| format!("samconfig.toml: {err}"))?;
        let parameters = &config
            .get(name)
            .ok_or_else(|| format!("samconfig.toml has no environment {name:?}"))?["deploy"]["parameters"];
        let stack = parameters["stack_name"]
            .as_str()
            .ok_or_else(|| format!("samconfig.toml: {name} has no stack_name"))?;
        // A string or a list of strings.
        let overrides = format!("{:?}", parameters.get("parameter_overrides"));
        Ok(Self {
            name: name.to_owned(),
            stack: stack.to_owned(),
            x86: overrides.contains("Architecture=x86_64"),
        })
    }
}

fn build_release(workspace: &Workspace, x86: bool) -> Outcome {
    let bin = tools::cargo_lambda()?;
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(env::root())
        // cargo-lambda asks the first python3 on the path for Zig.
        .env("PATH", tools::path_with(&bin))
        .args([
            "lambda",
            "build",
            "--release",
            "--lambda-dir",
            "target/lambda",
        ])
        .arg(if x86 { "--x86-64" } else { "--arm64" });
    for (binary, package) in &workspace.functions {
        cargo.args(["--bin", binary, "--package", package]);
    }
    run::show(&mut cargo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_read_from_samconfig() {
        let text = "[dev.deploy.parameters]\nstack_name = \"a\"\n\
                    parameter_overrides = \"Stage=dev Architecture=x86_64\"\n\
                    [prod.deploy.parameters]\nstack_name = \"b\"\n\
                    parameter_overrides = [\"Stage=prod\"]\n";
        let dev = Environment::parse(text, "dev").unwrap();
        assert_eq!((dev.stack.as_str(), dev.x86), ("a", true));
        let prod = Environment::parse(text, "prod").unwrap();
        assert_eq!((prod.stack.as_str(), prod.x86), ("b", false));
        assert!(Environment::parse(text, "stage").is_err());
        assert!(Environment::parse(text, "local").is_err());
    }

    #[test]
    fn the_environments_of_this_checkout_are_complete() {
        for name in ["dev", "prod"] {
            assert!(Environment::read(name).is_ok());
        }
    }
}
