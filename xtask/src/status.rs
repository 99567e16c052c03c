//! `cargo xtask status`.

use serde_json::{Map, Value};

use crate::args::Args;
use crate::http::Http;
use crate::sandbox::Sandbox;
use crate::tools::Tools;
use crate::{Outcome, cloud};

/// The outputs that the last deployment wrote.
pub fn outputs(sandbox: &Sandbox) -> Outcome<Value> {
    let text = std::fs::read_to_string(&sandbox.outputs)
        .map_err(|_| "Nothing is deployed; run `cargo xtask up`.".to_owned())?;
    serde_json::from_str(&text).map_err(|err| format!("{}: {err}", sandbox.outputs.display()))
}

/// The dev cloud, which must be running.
pub fn running() -> Outcome<Sandbox> {
    let sandbox = Sandbox::dev(None)?;
    if cloud::is_running(&sandbox) {
        Ok(sandbox)
    } else {
        Err("The local cloud is not running; start it with `cargo xtask up`.".to_owned())
    }
}

/// The stack's queues: name and URL.
pub fn queues(sandbox: &Sandbox) -> Outcome<Map<String, Value>> {
    outputs(sandbox)?["queues"]
        .as_object()
        .cloned()
        .ok_or_else(|| "no queues in the outputs".to_owned())
}

/// Prints what runs and what waits.
pub fn status(args: Args) -> Outcome {
    args.done()?;
    let sandbox = running()?;
    println!(
        "The local cloud runs at {} (process {}).",
        sandbox.url(),
        sandbox.read("pid")
    );
    let health = Http::new(&sandbox.url()).get("/v1/health")?;
    println!(
        "Health: {} ({})",
        health.body["status"].as_str().unwrap_or("no answer"),
        health.status
    );
    let tools = Tools::ready()?;
    let queues = queues(&sandbox)?;
    let mut arguments = vec!["depth"];
    arguments.extend(queues.values().filter_map(Value::as_str));
    let depths: Value = serde_json::from_str(&sandbox.aws(&tools, &arguments)?)
        .map_err(|err| format!("queue depths: {err}"))?;
    println!("\n{:<28} {:>8} {:>10}", "queue", "waiting", "in flight");
    for (name, url) in &queues {
        let depth = &depths[url.as_str().unwrap_or_default()];
        let [waiting, in_flight] = ["waiting", "inFlight"].map(|key| depth[key].to_string());
        println!("{name:<28} {waiting:>8} {in_flight:>10}");
    }
    Ok(())
}
