//! The emulator as a process: starting it, finding it again, stopping it.

use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::args::Args;
use crate::http::Http;
use crate::progress::{say, step};
use crate::sandbox::{REGION, STACK, Sandbox};
use crate::tools::Tools;
use crate::{Outcome, env, run};

const START: Duration = Duration::from_mins(1);
const STOP: Duration = Duration::from_secs(10);

/// Whether this sandbox's emulator answers.
pub fn is_running(sandbox: &Sandbox) -> bool {
    pid(sandbox).is_some() && answers(sandbox)
}

fn answers(sandbox: &Sandbox) -> bool {
    Http::new(&sandbox.url())
        .get("/_ministack/health")
        .is_ok_and(|reply| reply.status == 200)
}

/// The process, if it is still the emulator that we started.
pub fn pid(sandbox: &Sandbox) -> Option<u32> {
    let pid = sandbox.read("pid").parse().ok()?;
    let mut ps = Command::new("ps");
    let command = run::read(ps.args(["-o", "args=", "-p", &format!("{pid}")])).ok()?;
    command.contains("local/launcher.py").then_some(pid)
}

/// Starts the emulator, detached; `owner` is a process that it shall not outlive.
pub fn start(sandbox: &Sandbox, tools: &Tools, owner: Option<u32>) -> Outcome {
    if TcpListener::bind((Ipv4Addr::LOCALHOST, sandbox.port)).is_err() {
        return Err(format!(
            "Port {} is in use. If another checkout runs there, choose one with --port or PLENARY_PORT.",
            sandbox.port
        ));
    }
    for dir in ["tmp", "logs"] {
        let dir = sandbox.file(dir);
        // What an earlier run unpacked or logged would only confuse.
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).map_err(|err| format!("{}: {err}", dir.display()))?;
    }
    let child = launcher(sandbox, tools, owner, &sandbox.file("emulator.log"))?
        .spawn()
        .map_err(|err| format!("the emulator does not start: {err}"))?;
    sandbox.write("pid", &child.id().to_string())?;
    sandbox.write("port", &sandbox.port.to_string())?;
    for gone in ["deployed", "demo"] {
        let _ = std::fs::remove_file(sandbox.file(gone));
    }
    let began = Instant::now();
    while began.elapsed() < START {
        if answers(sandbox) {
            return Ok(());
        }
        if pid(sandbox).is_none() {
            break;
        }
        thread::sleep(Duration::from_millis(200));
    }
    Err(format!(
        "The emulator did not come up; see {}",
        sandbox.file("emulator.log").display()
    ))
}

fn launcher(sandbox: &Sandbox, tools: &Tools, owner: Option<u32>, log: &Path) -> Outcome<Command> {
    let open = |options: &mut OpenOptions| options.open(log);
    let fail = |err: std::io::Error| format!("{}: {err}", log.display());
    File::create(log).map_err(fail)?;
    let mut command = Command::new(&tools.cloud_python);
    command
        // Functions inherit this environment, so it holds nothing of the user's.
        .env_clear()
        .envs([
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("LANG", "C.UTF-8"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("PYTHONUNBUFFERED", "1"),
            ("BIND_HOST", "127.0.0.1"),
            ("MINISTACK_HOST", "localhost"),
            ("MINISTACK_REGION", REGION),
            ("IOT_MTLS_ENABLED", "0"),
            ("SFTP_ENABLED", "0"),
            // Each function may do what its role says, and nothing else.
            ("AUTH", "true"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("PLENARY_STACK", STACK),
        ])
        .env("AWS_ENDPOINT_URL", sandbox.url())
        .env("GATEWAY_PORT", sandbox.port.to_string())
        .env("HOME", sandbox.file("tmp"))
        .env("TMPDIR", sandbox.file("tmp"))
        .env("PLENARY_LOG_DIR", sandbox.file("logs"))
        .arg(env::root().join("local/launcher.py"))
        .current_dir(env::root())
        .stdin(Stdio::null())
        .stdout(open(OpenOptions::new().append(true)).map_err(fail)?)
        .stderr(open(OpenOptions::new().append(true)).map_err(fail)?)
        // Ctrl-C ends the command, not the cloud.
        .process_group(0);
    if let Some(owner) = owner {
        command.env("PLENARY_OWNER", owner.to_string());
    }
    Ok(command)
}

/// Stops the emulator and its functions; whether there was one.
pub fn stop(sandbox: &Sandbox) -> Outcome<bool> {
    let Some(pid) = pid(sandbox) else {
        return Ok(false);
    };
    for signal in ["-TERM", "-KILL"] {
        // The group: the functions are the emulator's children.
        let _ = run::read(Command::new("kill").args([signal, "--", &format!("-{pid}")]));
        let began = Instant::now();
        while began.elapsed() < STOP {
            if self::pid(sandbox).is_none() {
                let _ = std::fs::remove_file(sandbox.file("pid"));
                return Ok(true);
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
    Err(format!("The emulator (process {pid}) does not stop."))
}

/// `cargo xtask down`.
pub fn down(args: Args) -> Outcome {
    args.done()?;
    let sandbox = Sandbox::dev(None)?;
    let stopped = step("Stopping the local cloud", || stop(&sandbox))?;
    if stopped {
        say("Its data is gone; `cargo xtask up` starts afresh.");
    } else {
        say("It was not running.");
    }
    Ok(())
}
