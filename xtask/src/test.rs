//! `cargo xtask test`, and the commands that hand over to another crate.

use std::path::Path;
use std::process::Command;

use crate::args::Args;
use crate::progress::{say, step};
use crate::sandbox::Sandbox;
use crate::tools::{self, Tools};
use crate::{Outcome, cloud, env, run, up};

/// The crate whose tests need the stack.
const STACK_TESTS: &str = "plenary-tests";

/// Everything that CI checks, cheapest first; the runner's own summary comes last.
pub fn test(mut args: Args) -> Outcome {
    let fast = args.flag("--fast");
    args.done()?;
    let tools = Tools::ready()?;
    tools::check_nextest()?;
    sources()?;
    template(&tools)?;
    step("Unit and group tests", || {
        let mut nextest = cargo("nextest");
        nextest.args(["run", "--workspace", "-E", "not package(plenary-tests)"]);
        run::show(&mut nextest)
    })?;
    if tools::has_chromium() {
        step("Tests in a browser", || {
            let mut nextest = cargo("nextest");
            nextest.args(["run", "--workspace", "--run-ignored", "only"]);
            run::show(nextest.args(["-E", "test(/^browser::/)"]))
        })?;
    } else {
        say("Chromium is not installed: the tests in a browser are left out.");
    }
    step("Documentation tests", || {
        run::show(cargo("test").args(["--quiet", "--doc", "--workspace"]))
    })?;
    if fast {
        // Last, so that the run ends as every run does; these need no stack.
        return run::show(cargo("nextest").args([
            "run",
            "--workspace",
            "-E",
            "package(plenary-tests) & kind(lib)",
        ]));
    }
    stack(&tools)
}

fn cargo(command: &str) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.arg(command).current_dir(env::root());
    cargo
}

fn sources() -> Outcome {
    step("Formatting", || {
        run::show(cargo("fmt").args(["--all", "--", "--check"]))
    })?;
    step("Clippy", || {
        run::show(cargo("clippy").args([
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    let deny = tools::cargo_deny()?;
    step("Licences, bans and sources", || {
        let mut check = Command::new(&deny);
        check.current_dir(env::root()).args([
            "--log-level",
            "error",
            "check",
            "bans",
            "licenses",
            "sources",
        ]);
        run::show(&mut check)
    })
}

fn template(tools: &Tools) -> Outcome {
    let python = |script: &str| {
        let mut command = Command::new(&tools.cloud_python);
        command
            .current_dir(env::root())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(script);
        command
    };
    step("Template: sam validate --lint", || {
        let mut sam = Command::new(&tools.sam);
        sam.current_dir(env::root())
            .env("SAM_CLI_TELEMETRY", "0")
            .env("AWS_DEFAULT_REGION", "us-east-1");
        run::read(sam.args(["validate", "--lint"])).map(drop)
    })?;
    step("Template: cfn-lint", || {
        run::show(
            Command::new(&tools.cfn_lint)
                .current_dir(env::root())
                .arg("template.yaml"),
        )
    })?;
    step("Template: what the linters miss", || {
        run::show(&mut python("local/check_template.py"))
    })?;
    step("Template: those checks themselves", || {
        run::show(&mut python("local/test_check_template.py"))
    })
}

/// Runs the end-to-end tests against a stack of their own (OP-03: the one that
/// `up` brings up, without an AWS account).
fn stack(tools: &Tools) -> Outcome {
    let sandbox = Sandbox::test()?;
    // What a killed run left behind.
    cloud::stop(&sandbox)?;
    let outcome = up::bring_up(&sandbox, tools, Some(std::process::id()), true).and_then(|()| {
        up::load_demo(&sandbox)?;
        say(&format!(
            "The stack answers at {}; its logs are in .local/test/logs.",
            sandbox.url()
        ));
        end_to_end(&sandbox.outputs)
    });
    cloud::stop(&sandbox)?;
    outcome
}

fn end_to_end(outputs: &Path) -> Outcome {
    let mut nextest = cargo("nextest");
    nextest
        .args(["run", "--workspace", "-E", "package(plenary-tests)"])
        .env("PLENARY_OUTPUTS", outputs);
    run::show(&mut nextest)
}

/// Hands over to the figures.
pub fn bench(args: Args) -> Outcome {
    let mut bench = cargo("run");
    bench
        .args(["--release", "--package", "plenary-benches", "--"])
        .args(args.rest());
    run::show(&mut bench)
}

/// Writes the merged description of the API, which the platform group embeds.
pub fn generate(args: Args) -> Outcome {
    args.done()?;
    run::show(cargo("run").args(["--quiet", "--package", STACK_TESTS, "--bin", "describe"]))
}
