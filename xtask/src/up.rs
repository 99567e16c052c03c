//! `cargo xtask up` and `reset`.

use std::thread;
use std::time::{Duration, Instant};

use crate::args::Args;
use crate::binaries::Workspace;
use crate::http::Http;
use crate::progress::{say, step};
use crate::sandbox::Sandbox;
use crate::tools::Tools;
use crate::{Outcome, cloud, demo, deploy};

const HEALTHY: Duration = Duration::from_mins(1);
/// Until then, degraded may be a start that is not over.
const SETTLED: Duration = Duration::from_secs(10);

/// Brings the local cloud up, or up to date.
pub fn up(mut args: Args) -> Outcome {
    let began = Instant::now();
    let sandbox = Sandbox::dev(args.option("--port")?)?;
    let with_demo = !args.flag("--no-demo");
    let build = !args.flag("--no-build");
    args.done()?;
    let tools = Tools::ready()?;
    if let Some(port) = other_port(&sandbox) {
        return Err(format!(
            "It runs on port {port} already; `cargo xtask down` first."
        ));
    }
    bring_up(&sandbox, &tools, None, build)?;
    if with_demo {
        load_demo(&sandbox)?;
    }
    greet(&sandbox, with_demo);
    println!("\nReady in {:.0} s.", began.elapsed().as_secs_f32());
    Ok(())
}

/// The port this checkout's cloud runs on, when it is not the one asked for.
fn other_port(sandbox: &Sandbox) -> Option<String> {
    let recorded = sandbox.read("port");
    let same = recorded == sandbox.port.to_string();
    (!same && cloud::pid(sandbox).is_some()).then_some(recorded)
}

/// Builds, starts the emulator unless it runs, deploys what changed, waits for health.
pub fn bring_up(sandbox: &Sandbox, tools: &Tools, owner: Option<u32>, build: bool) -> Outcome {
    let workspace = Workspace::read()?;
    if build {
        step("Building the functions", || workspace.build())?;
    }
    if !cloud::is_running(sandbox) {
        cloud::stop(sandbox)?;
        step(
            &format!("Starting the local cloud on port {}", sandbox.port),
            || cloud::start(sandbox, tools, owner),
        )?;
    }
    deploy::local(sandbox, tools, &workspace)?;
    step("Waiting until it is healthy", || wait_healthy(sandbox))
}

/// Loads the demo data, once.
pub fn load_demo(sandbox: &Sandbox) -> Outcome {
    // The marker goes with the emulator's data.
    if !sandbox.read("demo").is_empty() {
        return Ok(());
    }
    step("Loading demo data", || {
        demo::load(&Http::new(&sandbox.url()))
    })?;
    sandbox.write("demo", "loaded")
}

fn wait_healthy(sandbox: &Sandbox) -> Outcome {
    let http = Http::new(&sandbox.url());
    let began = Instant::now();
    let mut last = String::new();
    while began.elapsed() < HEALTHY {
        match http.get("/v1/health") {
            Ok(reply) if reply.status == 200 && reply.body["status"] == "healthy" => return Ok(()),
            // It serves; an operator's matter, such as dead letters, is no reason to fail.
            Ok(reply) if reply.status == 200 && began.elapsed() > SETTLED => {
                say(&format!(
                    "It is {}; see {}/v1/health",
                    reply.body["status"],
                    sandbox.url()
                ));
                return Ok(());
            }
            Ok(reply) => last = format!("{}: {}", reply.status, reply.body),
            Err(err) => last = err,
        }
        thread::sleep(Duration::from_millis(300));
    }
    Err(format!(
        "/v1/health does not become healthy. Its last answer: {last}\nSee cargo xtask logs."
    ))
}

/// Starts over with fresh demo data.
pub fn reset(args: Args) -> Outcome {
    args.done()?;
    let sandbox = Sandbox::dev(None)?;
    step("Stopping the local cloud", || {
        cloud::stop(&sandbox).map(drop)
    })?;
    up(Args::none())
}

fn greet(sandbox: &Sandbox, with_demo: bool) {
    let url = sandbox.url();
    println!("\nThe API      {url}/v1");
    println!("Its docs     {url}/v1/docs");
    println!("Health       {url}/v1/health");
    println!("AWS endpoint {url}");
    println!("Outputs      {}", sandbox.outputs.display());
    if with_demo {
        println!("\n{}", demo::credentials());
    }
    say(&format!("Try: curl {url}/v1/events"));
}
