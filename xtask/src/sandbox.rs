//! One local cloud: where its files are and how it is reached.
//!
//! A checkout has two: `dev`, which `up` starts, and `test`, which lives as long as a
//! test run. Both deploy a stack of the same name, each onto an emulator of its own.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::Tools;
use crate::{Outcome, env};

/// The stack's name on every emulator.
pub const STACK: &str = "plenary-local";
/// Where `sam deploy` puts what it uploads.
pub const ARTIFACTS: &str = "plenary-artifacts";
/// The sender that is verified on the emulator; the template's default.
pub const MAIL_IDENTITY: &str = "plenary.example";
/// The emulator's region.
pub const REGION: &str = "us-east-1";

const DEFAULT_PORT: u16 = 4566;

/// One local cloud.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// Where its state is.
    pub dir: PathBuf,
    /// The one port of the emulator.
    pub port: u16,
    /// Where the stack's outputs are written.
    pub outputs: PathBuf,
}

impl Sandbox {
    /// The cloud of this checkout, on the port given, or the one it runs on already.
    pub fn dev(port: Option<String>) -> Outcome<Self> {
        let dir = env::root().join(".local/dev");
        let recorded = || std::fs::read_to_string(dir.join("port")).ok();
        let chosen = port.or_else(|| env::var("PLENARY_PORT")).or_else(recorded);
        let port = match chosen {
            None => DEFAULT_PORT,
            Some(text) => text
                .trim()
                .parse()
                .map_err(|_| format!("{text:?} is no port"))?,
        };
        Ok(Self {
            dir,
            port,
            outputs: env::root().join("target/local/outputs.json"),
        })
    }

    /// A cloud for one test run, on a free port.
    pub fn test() -> Outcome<Self> {
        let dir = env::root().join(".local/test");
        let free =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
        let port = free.map_err(|err| format!("no free port: {err}"))?.port();
        Ok(Self {
            outputs: dir.join("outputs.json"),
            dir,
            port,
        })
    }

    /// The address of the emulator and of the API.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A file of this cloud.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Reads a file of this cloud; empty when there is none.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name))
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    /// Writes a file of this cloud.
    pub fn write(&self, name: &str, text: &str) -> Outcome {
        write(&self.file(name), text)
    }

    /// A command that speaks to the emulator as its administrator, and to no real account.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(env::root())
            .env("AWS_ENDPOINT_URL", self.url())
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_REGION", REGION)
            .env("AWS_CONFIG_FILE", self.file("no-aws-config"))
            .env(
                "AWS_SHARED_CREDENTIALS_FILE",
                self.file("no-aws-credentials"),
            )
            .env("SAM_CLI_TELEMETRY", "0")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN");
        command
    }

    /// Calls `local/aws.py` and returns what it printed.
    pub fn aws(&self, tools: &Tools, arguments: &[&str]) -> Outcome<String> {
        let mut command = self.command(&tools.cloud_python);
        command
            .arg(env::root().join("local/aws.py"))
            .args(arguments);
        crate::run::read(&mut command)
    }
}

/// Writes a file, making its folder.
pub fn write(path: &Path, text: &str) -> Outcome {
    let fail = |err: std::io::Error| format!("{}: {err}", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(fail)?;
    }
    std::fs::write(path, text).map_err(fail)
}
