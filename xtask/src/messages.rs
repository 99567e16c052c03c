//! `cargo xtask redrive` and `replay`.

use serde_json::{Value, json};

use crate::args::Args;
use crate::progress::say;
use crate::tools::Tools;
use crate::{Outcome, status};

/// Puts dead letters back: of one queue, or of every queue that has some.
pub fn redrive(mut args: Args) -> Outcome {
    let wanted = args.positional();
    args.done()?;
    let sandbox = status::running()?;
    let tools = Tools::ready()?;
    let queues = status::queues(&sandbox)?;
    let name = wanted.as_deref().map(|name| name.trim_end_matches("-dlq"));
    let mut sources = queues.iter().filter_map(|(dlq, url)| {
        let source = dlq.strip_suffix("-dlq")?;
        let target = queues.get(source)?;
        Some((source, url.as_str()?, target.as_str()?))
    });
    let chosen: Vec<_> = match name {
        Some(name) => vec![
            sources
                .find(|(source, ..)| *source == name)
                .ok_or_else(|| format!("there is no queue {name:?} with a dead-letter queue"))?,
        ],
        None => sources.collect(),
    };
    for (source, dlq, target) in chosen {
        let answer = sandbox.aws(&tools, &["redrive", dlq, target])?;
        let moved =
            serde_json::from_str::<Value>(&answer).map_err(|err| format!("redrive: {err}"))?;
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
    args.done()?;
    let sandbox = status::running()?;
    let tools = Tools::ready()?;
    let outputs = status::outputs(&sandbox)?;
    let relay = outputs["relayFunction"].as_str().unwrap_or_default();
    println!(
        "{}",
        sandbox
            .aws(&tools, &["invoke", relay, &span.to_string()])?
            .trim()
    );
    Ok(())
}
