//! `cargo xtask redrive`, `replay` and `rotate-keys`, for the local cloud or, with `--env`, for a
//! deployment in the account that the AWS credentials belong to.

use std::process::Command;

use serde_json::{Map, Value, json};

use crate::args::Args;
use crate::deploy::Environment;
use crate::progress::say;
use crate::sandbox::{STACK, Sandbox};
use crate::tools::Tools;
use crate::{Outcome, env, run, status};

/// The stack that a command is for.
pub struct Target {
    tools: Tools,
    sandbox: Option<Sandbox>,
    stack: String,
    /// The stack's outputs.
    pub outputs: Value,
}

impl Target {
    /// The stack that `--env` names, or the local one.
    pub fn of(args: &mut Args) -> Outcome<Self> {
        Self::named(args.option("--env")?)
    }

    /// The stack of an environment, or the local one.
    pub fn named(environment: Option<String>) -> Outcome<Self> {
        let tools = Tools::ready()?;
        let Some(name) = environment else {
            let sandbox = status::running()?;
            return Ok(Self {
                tools,
                outputs: status::outputs(&sandbox)?,
                sandbox: Some(sandbox),
                stack: STACK.to_owned(),
            });
        };
        let mut target = Self {
            tools,
            sandbox: None,
            stack: Environment::read(&name)?.stack,
            outputs: Value::Null,
        };
        target.outputs = parsed(&target.aws(&["outputs", &target.stack])?)?;
        Ok(target)
    }

    /// Calls `local/aws.py` and returns what it printed.
    pub fn aws(&self, arguments: &[&str]) -> Outcome<String> {
        run::read(&mut self.command(arguments))
    }

    /// A call of `local/aws.py`.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let script = env::root().join("local/aws.py");
        let mut command = if let Some(sandbox) = &self.sandbox {
            sandbox.command(&self.tools.cloud_python)
        } else {
            let mut command = Command::new(&self.tools.cloud_python);
            command.current_dir(env::root());
            command
        };
        command.arg(script).args(arguments);
        command
    }

    /// The function of an output.
    pub fn function(&self, output: &str) -> Outcome<&str> {
        self.outputs[output]
            .as_str()
            .ok_or_else(|| format!("the stack has no {output}: deploy it again"))
    }

    fn queues(&self) -> Outcome<&Map<String, Value>> {
        let queues = self.outputs["queues"].as_object();
        queues.ok_or_else(|| "no queues in the outputs".to_owned())
    }
}

fn parsed(text: &str) -> Outcome<Value> {
    serde_json::from_str(text).map_err(|err| format!("{text}: {err}"))
}

/// Puts dead letters back: of one queue, or of every queue that has some.
pub fn redrive(mut args: Args) -> Outcome {
    let target = Target::of(&mut args)?;
    let wanted = args.positional();
    args.done()?;
    let queues = target.queues()?;
    let name = wanted.as_deref().map(|name| name.trim_end_matches("-dlq"));
    let mut sources = queues.iter().filter_map(|(dlq, url)| {
        let source = dlq.strip_suffix("-dlq")?;
        let queue = queues.get(source)?;
        Some((source, url.as_str()?, queue.as_str()?))
    });
    let chosen: Vec<_> = match name {
        Some(name) => vec![
            sources
                .find(|(source, ..)| *source == name)
                .ok_or_else(|| format!("there is no queue {name:?} with a dead-letter queue"))?,
        ],
        None => sources.collect(),
    };
    for (source, dlq, queue) in chosen {
        let moved = parsed(&target.aws(&["redrive", dlq, queue])?)?;
        say(&format!("{source}: {} put back", moved["moved"]));
    }
    if name.is_none() {
        say("What the relay set aside publishes again by itself, or with cargo xtask replay.");
    }
    Ok(())
}

/// Has the relay publish the events of a span again.
pub fn replay(mut args: Args) -> Outcome {
    let span = json!({"replay": {"from": args.required("--from")?, "to": args.required("--to")?}});
    let target = Target::of(&mut args)?;
    args.done()?;
    let relay = target.outputs["relayFunction"].as_str().unwrap_or_default();
    println!(
        "{}",
        target.aws(&["invoke", relay, &span.to_string()])?.trim()
    );
    Ok(())
}

/// Gives the deployment another key for its access tokens, or for the tickets
/// of its events.
pub fn rotate_keys(mut args: Args) -> Outcome {
    let immediately = args.flag("--immediately");
    let target = Target::of(&mut args)?;
    let (group, overlap) = match args.positional().as_deref() {
        None | Some("tokens") => (
            "auth",
            "The one before verifies its tokens until the last has expired.",
        ),
        Some("tickets") => (
            "events",
            "Tickets that the one before signed stay good until it is withdrawn.",
        ),
        Some(other) => {
            return Err(format!(
                "there are keys of tokens and of tickets, not {other}"
            ));
        }
    };
    args.done()?;
    let function = format!("{}-{group}-api", target.stack);
    let operation = json!({"rotateSigningKey": {"immediately": immediately}}).to_string();
    let rotation = parsed(&target.aws(&["invoke", &function, &operation])?)?;
    let text = |name: &str| rotation[name].as_str().unwrap_or_default().to_owned();
    say(&match text("state").as_str() {
        "published" => format!(
            "The key {} is published and signs from {} on, by itself. {overlap}",
            text("kid"),
            text("signsFrom")
        ),
        "signing" => format!("The key {} signs.", text("kid")),
        _ => return Err(format!("{function} answered {rotation}")),
    });
    Ok(())
}
