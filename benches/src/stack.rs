//! The deployment in miniature: every function against one database, one set
//! of services, and the messages carried from one to the next.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use dynoxide::Database;
use serde_json::{Value, json};

use crate::cloud::{Cloud, Message};
use crate::instance::{Instance, Launch};
use crate::payload::{self, Request, Response};
use crate::prices::{HTTP_API_UNIT_BYTES, MESSAGE_UNIT_BYTES, XRAY_SAMPLED};
use crate::template::{Template, lets_through};
use crate::usage::{Usage, billed_ms, units};
use crate::{Context as _, Error, Result, tables};

/// What Lambda writes to a function's log around each invocation in its text
/// format: START, END and REPORT with the line about the trace.
const PLATFORM_LOG_BYTES: f64 = 400.0;
/// Messages that Lambda hands to a worker at once.
const BATCH: usize = 10;
/// The bucket for uploads.
pub const BUCKET: &str = "media-bucket";

/// Which endpoint a function is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// The metered services.
    Services,
    /// The same, for thousands of requests of one person.
    Unlimited,
    /// The database alone: one hop less, for timing what needs nothing else.
    Database,
}

/// An answered request and what it consumed.
#[derive(Debug)]
pub struct Metered {
    /// The answer.
    pub response: Response,
    /// What the invocation consumed.
    pub usage: Usage,
}

/// What a commit set off, once all is quiet.
#[derive(Debug, Default)]
pub struct Settled {
    /// Everything that relay and workers consumed.
    pub usage: Usage,
    /// Messages that workers received.
    pub delivered: usize,
}

/// The running stack.
pub struct Stack {
    /// The services.
    pub cloud: Cloud,
    /// The template.
    pub template: Template,
    database: Database,
    database_address: SocketAddr,
    release: PathBuf,
    instances: BTreeMap<String, Instance>,
    iterators: BTreeMap<&'static str, String>,
    /// The last message that each worker received, by type.
    pub received: BTreeMap<String, BTreeMap<String, Message>>,
    /// Whether to show every write.
    pub explained: bool,
    explaining: &'static str,
    silent: bool,
    /// The last outbox records that the relay received.
    pub relayed: Vec<Value>,
}

impl Stack {
    /// Opens the database and the services, and creates the tables.
    pub async fn open(template: Template, release: PathBuf) -> Result<Self> {
        let database = Database::memory().context("database")?;
        tables::create(&database)?;
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let database_address = listener.local_addr()?;
        tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
        let cloud = Cloud::open(database_address).await?;
        let mut iterators = BTreeMap::new();
        for table in tables::GROUPS {
            iterators.insert(table, first_iterator(&database, table)?);
        }
        Ok(Self {
            cloud,
            template,
            database,
            database_address,
            release,
            instances: BTreeMap::new(),
            iterators,
            received: BTreeMap::new(),
            explained: false,
            explaining: "",
            silent: false,
            relayed: Vec::new(),
        })
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The URL of an endpoint.
    pub fn url(&self, endpoint: Endpoint) -> String {
        match endpoint {
            Endpoint::Services | Endpoint::Unlimited => self.cloud.url(),
            Endpoint::Database => format!("http://{}", self.database_address),
        }
    }

    /// Where the bootstrap of a function is.
    pub fn program(&self, binary: &str) -> PathBuf {
        let path = self.release.join(binary);
        if path.is_dir() {
            path.join("bootstrap")
        } else {
            path
        }
    }

    /// How to start a function.
    pub fn launch(&self, binary: &str, endpoint: Endpoint) -> Launch {
        let group = match binary.split_once('-') {
            Some((group, _)) => group,
            None => "platform",
        };
        let mut environment: BTreeMap<&str, String> = BTreeMap::new();
        let mut set = |name, value: &str| environment.insert(name, value.to_owned());
        for (name, value) in [
            ("STAGE", "local"),
            ("GROUP", group),
            ("VERSION", "bench"),
            ("TABLE_NAME", group),
            ("ACCESS_TABLE", "access"),
            ("LIMITS_TABLE", "limits"),
            ("AUDIT_TABLE", tables::AUDIT),
            ("PUBLIC_URL", "https://api.example.com"),
            ("LOG_LEVEL", "info"),
            ("DATA_KEY_ID", "alias/bench"),
            ("MEDIA_BUCKET", BUCKET),
            ("MAIL_FROM", "no-reply@example.com"),
            ("TOPIC_ARN", "arn:aws:sns:us-east-1:000000000000:topic"),
            ("OUTBOX_TABLES", &tables::GROUPS.join(",")),
            ("ENUMERATION_PROTECTION", "false"),
            (
                "GROUP_TABLES",
                &tables::GROUPS
                    .map(|group| format!("{group}={group}"))
                    .join(","),
            ),
            ("GROUP_QUEUES", &group_queues()),
            ("RELAY_DLQ_URL", "http://127.0.0.1/relay-dlq"),
            ("RELAY_FAILURES_URL", "http://127.0.0.1/relay-failures"),
            ("AWS_ENDPOINT_URL", &self.url(endpoint)),
        ] {
            set(name, value);
        }
        if endpoint != Endpoint::Services {
            // Thousands of requests of one person must pass; leases stay as
            // large as they are by default.
            set(
                "RATE_LIMITS",
                "principal=1000000/60,ip-auth=1000000/60,ip-token=1000000/60,token=1000000/60,ip=1000000/60,account=1000000/60",
            );
        }
        Launch {
            name: binary.to_owned(),
            command: vec![self.program(binary)],
            memory_mb: self.template.memory_mb(binary),
            environment: environment
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v))
                .collect(),
        }
    }

    /// Shows what was written under the last heading, and begins a new one.
    pub fn explain(&mut self, next: &'static str) {
        let writes = self.cloud.take_writes();
        let heading = std::mem::replace(&mut self.explaining, next);
        if self.explained && !heading.is_empty() {
            eprintln!("{heading}");
            for write in writes {
                eprintln!("    {write}");
            }
        }
    }

    /// Replaces a function's instance by a new one.
    pub async fn restart(&mut self, binary: &str) -> Result<()> {
        let launch = self.launch(binary, Endpoint::Services);
        self.instances
            .insert(binary.to_owned(), Instance::start(&launch).await?);
        Ok(())
    }

    /// Sends a client's request to a function.
    pub async fn request(&mut self, binary: &str, request: &Request) -> Result<Metered> {
        let event = request.event();
        let (raw, mut usage) = self.invoke(binary, &event).await?;
        let what = format!("{} {}", request.method, request.target);
        let response = Response::parse(&raw).context(&what)?.succeeded(&what)?;
        let sent = request
            .body
            .as_ref()
            .map_or(0, |body| body.to_string().len());
        usage.http_requests = units(sent.max(response.bytes), HTTP_API_UNIT_BYTES);
        usage.log_bytes += self.template.access_log_bytes();
        Ok(Metered { response, usage })
    }

    /// Invokes a function and meters it.
    pub async fn invoke(&mut self, binary: &str, event: &Value) -> Result<(Vec<u8>, Usage)> {
        if !self.instances.contains_key(binary) {
            self.restart(binary).await?;
        }
        let instance = self.instances.get_mut(binary).context("no instance")?;
        self.cloud.take_meter();
        let (log, cpu) = (instance.log_bytes().await, instance.cpu_ms()?);
        let outcome = instance.invoke(payload::bytes(event)).await?;
        let logged = instance.log_bytes().await.saturating_sub(log);
        let cpu_ms = instance.cpu_ms()? - cpu;
        let meter = self.cloud.take_meter();
        let memory = f64::from(instance.launch.memory_mb);
        let mut usage = Usage {
            invocations: 1.0,
            traces: if self.template.is_traced() {
                XRAY_SAMPLED
            } else {
                0.0
            },
            ms_mb: billed_ms(cpu_ms, memory, meter.calls) * memory,
            reads: meter.units.values().map(|units| units.reads).sum(),
            writes: meter.units.values().map(|units| units.writes).sum(),
            publishes: meter.publishes,
            sqs_requests: meter.sqs_requests,
            log_bytes: units(logged, 1),
            kms_requests: meter.kms_requests,
            mails: meter.mails,
            s3_puts: meter.s3_puts,
            s3_gets: meter.s3_gets,
            ..Usage::default()
        };
        if self.template.has_platform_logs() {
            usage.log_bytes += PLATFORM_LOG_BYTES;
        }
        Ok((outcome.body.to_vec(), usage))
    }

    /// Carries events from the tables through relay, topic and queues to the
    /// workers, until nothing moves any more.
    pub async fn settle(&mut self) -> Result<Settled> {
        let mut settled = Settled::default();
        let mut subscriptions = self.template.subscriptions();
        // Whose bootstrap is missing is named as not measured.
        subscriptions.retain(|subscription| self.program(&subscription.binary).exists());
        loop {
            let mut quiet = true;
            for table in tables::GROUPS {
                let records = self.new_records(table)?;
                if !records.is_empty() {
                    quiet = false;
                    let (_, usage) = self.invoke("relay", &json!({"Records": records})).await?;
                    settled.usage += &usage;
                    self.relayed = records;
                }
            }
            let published = self.cloud.take_published();
            for subscription in &subscriptions {
                let wanted: Vec<_> = published
                    .iter()
                    .filter(|m| lets_through(&subscription.policy, &m.attributes))
                    .cloned()
                    .collect();
                for batch in wanted.chunks(BATCH) {
                    settled.usage += &self.deliver(&subscription.binary, batch).await?;
                    settled.delivered += batch.len();
                }
            }
            if quiet {
                return Ok(settled);
            }
        }
    }

    /// Settles a last time: from now on functions are timed, and nobody follows
    /// what they commit.
    pub async fn fall_silent(&mut self) -> Result<()> {
        if !std::mem::replace(&mut self.silent, true) {
            self.settle().await?;
            tables::silence(&self.database)?;
        }
        Ok(())
    }

    /// Hands a batch to a worker, as Lambda's poller does; a failed message is
    /// an error.
    pub async fn deliver(&mut self, binary: &str, batch: &[Message]) -> Result<Usage> {
        let event = payload::sqs_batch(binary, batch);
        let (raw, mut usage) = self.invoke(binary, &event).await?;
        accepted(binary, &raw)?;
        // Each message is sent once; the batch is received once and deleted once.
        let size = |message: &Message| units(message.body.len(), MESSAGE_UNIT_BYTES);
        let sent: f64 = batch.iter().map(size).sum();
        usage.sqs_requests += sent + sent.max(1.0).min(units(batch.len(), BATCH)) + 1.0;
        let kept = self.received.entry(binary.to_owned()).or_default();
        for message in batch {
            let kind = message.attributes.get("type").cloned().unwrap_or_default();
            kept.insert(kind, message.clone());
        }
        Ok(usage)
    }

    /// New outbox records of a table's stream, as the relay's filter lets
    /// them through.
    fn new_records(&mut self, table: &'static str) -> Result<Vec<Value>> {
        let iterator = self.iterators.get(table).context("no stream")?;
        let request = serde_json::from_value(json!({"ShardIterator": iterator}))?;
        let answer = self.database.get_records(request).context(table)?;
        if let Some(next) = answer.next_shard_iterator {
            self.iterators.insert(table, next);
        }
        let arn = format!("arn:aws:dynamodb:us-east-1:000000000000:table/{table}/stream/bench");
        answer
            .records
            .iter()
            .map(|record| Ok(serde_json::to_value(record)?))
            .filter(|record: &Result<Value>| record.as_ref().map_or(true, is_outbox_insert))
            .map(|record| {
                let mut record = record?;
                record["eventSourceARN"] = arn.clone().into();
                record["awsRegion"] = "us-east-1".into();
                Ok(record)
            })
            .collect()
    }
}

/// Fails when a worker gave back a message.
pub fn accepted(binary: &str, raw: &[u8]) -> Result<()> {
    let answer: Value = serde_json::from_slice(raw)?;
    match answer["batchItemFailures"].as_array() {
        Some(failures) if !failures.is_empty() => Err(Error(format!(
            "{binary} gave back {} messages",
            failures.len()
        ))),
        _ => Ok(()),
    }
}

fn is_outbox_insert(record: &Value) -> bool {
    let pk = record["dynamodb"]["Keys"]["pk"]["S"]
        .as_str()
        .unwrap_or_default();
    record["eventName"] == "INSERT" && pk.starts_with("OUTBOX#")
}

fn group_queues() -> String {
    ["events", "matchmaking", "media", "notifications"]
        .map(|group| format!("{group}=http://127.0.0.1/{group}|http://127.0.0.1/{group}-dlq"))
        .join(",")
}

fn first_iterator(database: &Database, table: &str) -> Result<String> {
    let description = json!({"TableName": table});
    let described = database
        .describe_table(serde_json::from_value(description)?)
        .map(|answer| serde_json::to_value(&answer))
        .context(table)??;
    let arn = &described["Table"]["LatestStreamArn"];
    let stream = database
        .describe_stream(serde_json::from_value(json!({"StreamArn": arn}))?)
        .context(table)?;
    let shard = stream
        .stream_description
        .shards
        .first()
        .context("no shard")?
        .shard_id
        .clone();
    let request = json!({
        "StreamArn": arn,
        "ShardId": shard,
        "ShardIteratorType": "TRIM_HORIZON",
    });
    let answer = database
        .get_shard_iterator(serde_json::from_value(request)?)
        .context(table)?;
    let answer = serde_json::to_value(&answer)?;
    answer["ShardIterator"]
        .as_str()
        .map(str::to_owned)
        .context("no iterator")
}
