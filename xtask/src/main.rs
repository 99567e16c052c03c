//! `cargo xtask`: brings Plenary up on this machine, tests it, deploys it.

mod accounts;
mod args;
mod audit;
mod binaries;
mod cloud;
mod demo;
mod deploy;
mod env;
mod http;
mod logs;
mod mail;
mod messages;
mod progress;
mod run;
mod sandbox;
mod status;
mod test;
mod tools;
mod up;
mod watch;

use std::process::ExitCode;

use args::Args;

/// What went wrong, in words for the person at the terminal.
type Outcome<T = ()> = Result<T, String>;

const USAGE: &str = "\
cargo xtask <command>

  up [--port N] [--no-demo] [--no-build]
                                build, start the local cloud, deploy, load demo data
  down                          stop the local cloud
  status                        what runs, and what waits in the queues
  logs [group] [--correlation ID] [--follow]
                                logs of all functions or of one group
  mail                          captured e-mails as JSON lines
  reset                         start over with fresh demo data
  redrive [queue] [--env E]     put dead letters back into their queue, or all of them
  replay --from T --to T [--env E]
                                publish the events of a span again (RFC 3339)
  rotate-keys [tokens|tickets] [--immediately] [--env E]
                                sign access tokens, or the tickets of events, with a new
                                key; with --immediately, what was signed before is refused

  owner <email> [--env E]       make the account of a verified address an owner of the platform
  erase <email> [--env E]       erase an account whose deletion waits, without waiting
  audit verify [--organization ID] [--env E] [--anchor N:HASH] [FILE]
                                verify an exported audit log, or a live one: an organisation's
                                or the platform's; N:HASH is what an earlier check printed

  test [--fast]                 everything that CI checks; --fast leaves out the stack
  bench [arguments]             performance figures
  generate                      write the merged API description

  watch FUNCTION [arguments]    serve one function by cargo-lambda, on the running cloud's tables
  invoke FUNCTION FILE          send it a payload of events/

  deploy --env E [arguments]    release build and `sam deploy` into your AWS account;
                                E is dev, prod or another environment of samconfig.toml

Ports: --port, or PLENARY_PORT; two checkouts run side by side on different ones.
";

fn main() -> ExitCode {
    let mut args = Args::read();
    let outcome = match args.command().as_deref() {
        Some("up") => up::up(args),
        Some("down") => cloud::down(args),
        Some("status") => status::status(args),
        Some("logs") => logs::logs(args),
        Some("mail") => mail::mail(args),
        Some("reset") => up::reset(args),
        Some("redrive") => messages::redrive(args),
        Some("replay") => messages::replay(args),
        Some("owner") => accounts::owner(args),
        Some("erase") => accounts::erase(args),
        Some("audit") => audit::audit(args),
        Some("rotate-keys") => messages::rotate_keys(args),
        Some("test") => test::test(args),
        Some("bench") => test::bench(args),
        Some("generate") => test::generate(args),
        Some("watch") => watch::watch(args),
        Some("invoke") => watch::invoke(args),
        Some("deploy") => deploy::release(args),
        Some("help" | "--help" | "-h") => {
            print!("{USAGE}");
            Ok(())
        }
        Some(other) => Err(format!("there is no command {other:?}\n\n{USAGE}")),
        None => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody reads the output any more: `cargo xtask logs | head`.
        Err(text) if text.is_empty() => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}
