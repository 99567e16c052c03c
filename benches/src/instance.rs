//! One running function instance: its process, its Runtime API, its log.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use crate::host::{Host, Outcome};
use crate::{Context as _, Error, Result};

/// Bytes of log that are kept to explain a failure.
const KEPT: usize = 4096;

/// How to start a function.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Name of the function.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<PathBuf>,
    /// Memory that it is configured with, in MB.
    pub memory_mb: u32,
    /// Its own environment.
    pub environment: Vec<(String, String)>,
}

#[derive(Default)]
struct Log {
    bytes: usize,
    tail: VecDeque<u8>,
}

/// A running function instance, stopped when dropped.
pub struct Instance {
    child: Child,
    host: Host,
    log: Arc<Mutex<Log>>,
    spawned: Instant,
    /// How it was started.
    pub launch: Launch,
}

impl Instance {
    /// Starts the process. Its first invocation includes the cold start.
    pub async fn start(launch: &Launch) -> Result<Self> {
        let host = Host::open(&launch.name).await?;
        let mut command = Command::new(launch.command.first().context("no program")?);
        command
            .args(launch.command.get(1..).unwrap_or_default())
            .env_clear()
            .envs(platform_environment(launch, &host))
            .envs(launch.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let spawned = Instant::now();
        let mut child = command
            .spawn()
            .context(format!("starting {}", launch.name))?;
        let log = Arc::new(Mutex::new(Log::default()));
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(drain(stdout, log.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(drain(stderr, log.clone()));
        }
        let launch = launch.clone();
        Ok(Self {
            child,
            host,
            log,
            spawned,
            launch,
        })
    }

    /// Invokes it and waits for the answer; a process that ends is an error.
    pub async fn invoke(&mut self, payload: Bytes) -> Result<Outcome> {
        let name = &self.launch.name;
        let outcome = tokio::select! {
            outcome = self.host.invoke(payload) => outcome,
            status = self.child.wait() => Err(Error(match status {
                Ok(status) => format!("{name} ended with {status}"),
                Err(e) => format!("{name} ended: {e}"),
            })),
        };
        outcome.map_err(|e| Error(format!("{e}\n{}", self.log_tail())))
    }

    /// Time from the process's start to an outcome.
    pub fn since_spawn(&self, outcome: &Outcome) -> Duration {
        outcome.answered.duration_since(self.spawned)
    }

    /// Peak resident memory (`VmHWM`) in MB.
    pub fn peak_memory_mb(&self) -> Result<f64> {
        let status = std::fs::read_to_string(self.proc("status")?)?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line
            .and_then(|text| text.trim().strip_suffix("kB"))
            .and_then(|text| text.trim().parse::<f64>().ok())
            .context("no VmHWM")?;
        Ok(kilobytes / 1024.0)
    }

    /// Processor time used so far by all its threads, in ms.
    pub fn cpu_ms(&self) -> Result<f64> {
        let mut nanoseconds = 0.0;
        for task in std::fs::read_dir(self.proc("task")?)? {
            // A thread may end between listing and reading.
            let Ok(text) = std::fs::read_to_string(task?.path().join("schedstat")) else {
                continue;
            };
            let first = text.split_whitespace().next();
            nanoseconds += first
                .and_then(|n| n.parse::<f64>().ok())
                .context("no schedstat")?;
        }
        Ok(nanoseconds / 1e6)
    }

    /// Bytes that it has logged so far. Lines written just before an answer
    /// may still be in the pipe, so this waits until it is quiet.
    pub async fn log_bytes(&self) -> usize {
        let mut before = self.logged();
        loop {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let now = self.logged();
            if now == before {
                return now;
            }
            before = now;
        }
    }

    fn logged(&self) -> usize {
        self.log.lock().map_or(0, |log| log.bytes)
    }

    fn log_tail(&self) -> String {
        self.log.lock().map_or_else(
            |_| String::new(),
            |log| String::from_utf8_lossy(&log.tail.iter().copied().collect::<Vec<_>>()).into(),
        )
    }

    fn proc(&self, file: &str) -> Result<PathBuf> {
        let id = self
            .child
            .id()
            .context(format!("{} has ended", self.launch.name))?;
        Ok(PathBuf::from(format!("/proc/{id}/{file}")))
    }
}

/// What Lambda itself sets in a function's environment.
fn platform_environment(launch: &Launch, host: &Host) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_LAMBDA_RUNTIME_API", host.address()),
        ("AWS_LAMBDA_FUNCTION_NAME", launch.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".into()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            launch.memory_mb.to_string(),
        ),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON".into()),
        (
            "AWS_LAMBDA_LOG_GROUP_NAME",
            format!("/aws/lambda/{}", launch.name),
        ),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench".into()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".into()),
        ("AWS_REGION", "us-east-1".into()),
        ("AWS_DEFAULT_REGION", "us-east-1".into()),
        ("AWS_ACCESS_KEY_ID", "bench".into()),
        ("AWS_SECRET_ACCESS_KEY", "bench".into()),
        ("AWS_SESSION_TOKEN", "bench".into()),
        ("_HANDLER", "bootstrap".into()),
        ("LAMBDA_TASK_ROOT", "/var/task".into()),
        ("TZ", "UTC".into()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin".into()),
    ]
}

async fn drain(mut pipe: impl AsyncRead + Unpin, log: Arc<Mutex<Log>>) {
    let mut buffer = vec![0; 8192];
    while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
        let Ok(mut log) = log.lock() else { return };
        log.bytes += read;
        log.tail.extend(&buffer[..read]);
        let excess = log.tail.len().saturating_sub(KEPT);
        log.tail.drain(..excess);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Launch {
        Launch {
            name: "f".into(),
            command: ["/bin/sh", "-c", script].map(PathBuf::from).to_vec(),
            memory_mb: 128,
            environment: vec![("GREETING".into(), "hello".into())],
        }
    }

    #[tokio::test]
    async fn a_process_that_ends_fails_the_invocation_and_shows_its_log() {
        let launch = shell("echo \"$GREETING from $AWS_LAMBDA_FUNCTION_NAME\"; exit 3");
        let mut instance = Instance::start(&launch).await.unwrap();
        instance.log_bytes().await;
        let error = instance.invoke(Bytes::new()).await.unwrap_err().to_string();
        assert!(error.contains("exit status: 3"), "{error}");
    }

    #[tokio::test]
    async fn memory_time_and_log_of_the_process_are_read() {
        let launch = shell(
            "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo 12345; read x </dev/zero",
        );
        let instance = Instance::start(&launch).await.unwrap();
        while instance.log_bytes().await < 6 {}
        assert_eq!(instance.log_bytes().await, 6);
        assert!(instance.peak_memory_mb().unwrap() > 0.1);
        assert!(instance.cpu_ms().unwrap() > 0.1);
    }
}
