//! What each binary is timed with, and the same job for Node.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::cloud::Message;
use crate::measure::{Plan, Subject};
use crate::node::{self, Node};
use crate::payload::{self, Request, Response};
use crate::stack::{self, Endpoint, Stack};
use crate::world::World;
use crate::{Context as _, Error, Result, tables};

/// Messages in a worker's batch.
pub const BATCH: usize = 5;

/// A binary's timing: itself, and Node if there is one.
pub struct Pair {
    /// What is done.
    pub job: String,
    /// Whether it is a worker.
    pub worker: bool,
    /// How often at most.
    pub limit: Option<Plan>,
    /// The binary first.
    pub subjects: Vec<Subject>,
}

/// The names of the workspace's function binaries.
pub fn binaries(workspace: &std::path::Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for group in std::fs::read_dir(workspace.join("functions"))? {
        let Ok(sources) = std::fs::read_dir(group?.path().join("src/bin")) else {
            continue;
        };
        for source in sources {
            let path = source?.path();
            let is_source = path.extension().is_some_and(|extension| extension == "rs");
            names.extend(
                path.file_stem()
                    .filter(|_| is_source)
                    .and_then(|s| s.to_str())
                    .map(str::to_owned),
            );
        }
    }
    names.sort();
    Ok(names)
}

/// Builds the bootstraps in the profile that this program was built in.
pub async fn build(workspace: &std::path::Path, binaries: &[String]) -> Result<()> {
    let mut cargo = tokio::process::Command::new("cargo");
    cargo.current_dir(workspace).arg("build").arg("--quiet");
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    for binary in binaries {
        cargo.args(["--bin", binary]);
    }
    let status = cargo.status().await.context("cargo")?;
    if status.success() {
        Ok(())
    } else {
        Err(Error(format!("cargo build: {status}")))
    }
}

/// Prepares the timing of a binary.
pub async fn pair(
    stack: &mut Stack,
    world: &World,
    node: Option<&Node>,
    binary: &str,
) -> Result<Pair> {
    match binary {
        "relay" => relay(stack, node),
        "media-processor" => pictures(stack, world, node).await,
        _ if binary.ends_with("-worker") => worker(stack, node, binary),
        _ => http(stack, world, node, binary).await,
    }
}

/// The read that an HTTP function is timed with.
async fn read(stack: &mut Stack, world: &World, binary: &str) -> Result<Request> {
    let get = |target: String| Request::new("GET", target).token(&world.attendee.token);
    Ok(match binary {
        "auth-api" => get("/v1/users/me".into()),
        "events-api" => get(format!("/v1/events/{}", world.event)),
        "matchmaking-api" => get("/v1/matchmaking/profile".into()),
        "media-api" => get(format!("/v1/media/{}", upload(stack, world).await?.id)),
        "notifications-api" => get("/v1/notifications/unread-count".into()),
        "platform-api" => Request::new("GET", "/v1/health/auth"),
        _ => return Err(Error(format!("no read is known for {binary}"))),
    })
}

async fn http(stack: &mut Stack, world: &World, node: Option<&Node>, binary: &str) -> Result<Pair> {
    let request = read(stack, world, binary).await?;
    let answer = stack.request(binary, &request).await?.response;
    // What asks more than the database is given all services.
    let endpoint = if binary == "platform-api" {
        Endpoint::Services
    } else {
        Endpoint::Database
    };
    let mut subjects = vec![http_subject(
        stack.launch(binary, endpoint),
        request.clone(),
    )];
    if let Some(node) = node {
        let path = request.target.split('?').next().unwrap_or_default();
        let id = path.rsplit('/').next().unwrap_or_default();
        node::put(stack.database(), id, &answer.body)?;
        let key = node::key_of(&world.attendee.token, &world.jwks)?;
        let launch = node.launch(stack.url(Endpoint::Database), Some(&key));
        // Node verifies a token everywhere, also where ours needs none.
        subjects.push(http_subject(
            launch,
            request.clone().token(&world.attendee.token),
        ));
    }
    Ok(Pair {
        job: format!("`{} {}`", request.method, template_of(&request)),
        worker: false,
        limit: None,
        subjects,
    })
}

/// The path with its ids left out.
fn template_of(request: &Request) -> String {
    let segment = |part: &str| match part.rsplit_once('_') {
        Some((kind, id)) if id.len() == 26 => format!("{{{kind}}}"),
        _ => part.to_owned(),
    };
    request
        .target
        .split('/')
        .map(segment)
        .collect::<Vec<_>>()
        .join("/")
}

fn http_subject(launch: crate::instance::Launch, request: Request) -> Subject {
    let event = payload::bytes(&request.event());
    Subject {
        launch,
        event: Box::new(move || Ok(event.clone())),
        check: |raw| Response::parse(raw)?.succeeded("the read").map(|_| ()),
    }
}

fn worker(stack: &Stack, node: Option<&Node>, binary: &str) -> Result<Pair> {
    let received = stack.received.get(binary);
    let preferred = match binary {
        "events-worker" => "organization.created",
        _ => "user.registered",
    };
    let sample = received
        .and_then(|by_type| by_type.get(preferred).or_else(|| by_type.values().next()))
        .cloned()
        .map_or_else(|| unheard(binary), Ok)?;
    let kind = sample.attributes.get("type").cloned().unwrap_or_default();
    let event = move |queue: String, sample: Message| {
        move || -> Result<Bytes> {
            let fresh = || Message {
                body: payload::renewed(&sample.body),
                ..sample.clone()
            };
            let batch: Vec<_> = std::iter::repeat_with(fresh).take(BATCH).collect();
            Ok(payload::bytes(&payload::sqs_batch(&queue, &batch)))
        }
    };
    let mut subjects = vec![Subject {
        launch: stack.launch(binary, Endpoint::Services),
        event: Box::new(event(binary.to_owned(), sample.clone())),
        check: |raw| stack::accepted("the worker", raw),
    }];
    subjects.extend(node.map(|node| Subject {
        launch: node.launch(stack.url(Endpoint::Services), None),
        event: Box::new(event(binary.to_owned(), sample)),
        check: |raw| stack::accepted("the worker", raw),
    }));
    Ok(Pair {
        job: format!("{BATCH} × `{kind}`"),
        worker: true,
        limit: None,
        subjects,
    })
}

/// A message for a worker whose events are too rare to occur in the journeys.
fn unheard(binary: &str) -> Result<Message> {
    let kind = match binary {
        "auth-worker" => "organization.deleted",
        _ => return Err(Error(format!("no event has reached {binary}"))),
    };
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/contracts");
    let path = format!("{root}/{kind}.v1.json");
    let body = std::fs::read_to_string(&path).context("a contract's sample")?;
    let attributes = [("type".to_owned(), kind.to_owned())];
    Ok(Message {
        body,
        attributes: attributes.into(),
    })
}

fn relay(stack: &Stack, node: Option<&Node>) -> Result<Pair> {
    let record = stack
        .relayed
        .first()
        .context("nothing has reached the relay")?
        .clone();
    let published = record.to_string();
    let records = move || -> Result<Bytes> {
        let fresh = || serde_json::from_str::<Value>(&payload::renewed(&record.to_string()));
        let batch = std::iter::repeat_with(fresh)
            .take(BATCH)
            .collect::<serde_json::Result<Vec<_>>>()?;
        Ok(payload::bytes(&json!({"Records": batch})))
    };
    let mut subjects = vec![Subject {
        launch: stack.launch("relay", Endpoint::Services),
        event: Box::new(records),
        check: |raw| stack::accepted("the relay", raw),
    }];
    subjects.extend(node.map(|node| Subject {
        launch: node.launch(stack.url(Endpoint::Services), None),
        event: Box::new(move || {
            let message = || Message {
                body: published.clone(),
                ..Message::default()
            };
            let batch: Vec<_> = std::iter::repeat_with(message).take(BATCH).collect();
            Ok(payload::bytes(&payload::sqs_batch("relay", &batch)))
        }),
        check: |raw| stack::accepted("the worker", raw),
    }));
    Ok(Pair {
        job: format!("{BATCH} outbox records"),
        worker: true,
        limit: None,
        subjects,
    })
}

/// An upload that was permitted, and where it goes.
struct Upload {
    id: String,
    key: String,
}

/// The picture that is uploaded: 256 × 256 pixels of a gradient, PNG.
const PICTURE: &[u8] = include_bytes!("../assets/gradient.png");

async fn upload(stack: &mut Stack, world: &World) -> Result<Upload> {
    let request = Request::new("POST", "/v1/media/uploads")
        .token(&world.attendee.token)
        .keyed()
        .body(json!({
            "contentType": "image/png",
            "bytes": PICTURE.len(),
            "fileName": "gradient.png",
        }));
    let answer = stack.request("media-api", &request).await?.response;
    let key = answer.text("/upload/fields/key")?;
    let id = answer.text("/mediaId")?;
    stack.cloud.upload(
        stack::BUCKET,
        &key,
        "image/png",
        Bytes::from_static(PICTURE),
    );
    Ok(Upload { id, key })
}

/// Every picture is a new upload made beforehand, and takes far longer than a
/// message, so there are fewer.
const PICTURES: Plan = Plan {
    cold: 25,
    warm: 100,
};

async fn pictures(stack: &mut Stack, world: &World, node: Option<&Node>) -> Result<Pair> {
    // Those that warm the instance up come on top.
    let count = PICTURES.cold + 2 * PICTURES.warm;
    let mut uploads = Vec::with_capacity(count);
    for _ in 0..count {
        // More at once than any person may.
        tables::clear(stack.database(), "limits")?;
        uploads.push(upload(stack, world).await?);
    }
    let notice = |key: &str| payload::object_created(stack::BUCKET, key, PICTURE.len());
    let first = uploads.first().context("no upload")?;
    let for_node = payload::sqs_batch("media-processor", &[notice(&first.key)]);
    let mut uploads = uploads.into_iter();
    let mut subjects = vec![Subject {
        launch: stack.launch("media-processor", Endpoint::Services),
        event: Box::new(move || {
            let upload = uploads.next().context("the pictures are used up")?;
            let batch = payload::sqs_batch("media-processor", &[notice(&upload.key)]);
            Ok(payload::bytes(&batch))
        }),
        check: |raw| stack::accepted("the processor", raw),
    }];
    // Node only notes the upload: it has no decoder of its own.
    subjects.extend(node.map(|node| Subject {
        launch: node.launch(stack.url(Endpoint::Services), None),
        event: Box::new(move || {
            let text = payload::renewed(&for_node.to_string());
            Ok(payload::bytes(&serde_json::from_str(&text)?))
        }),
        check: |raw| stack::accepted("the worker", raw),
    }));
    Ok(Pair {
        job: "1 picture of 256 × 256".into(),
        worker: true,
        limit: Some(PICTURES),
        subjects,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_without_its_ids() {
        let request = Request::new("GET", "/v1/events/event_01h2xcejqtf2nbrexx3vqjhp41");
        assert_eq!(template_of(&request), "/v1/events/{event}");
        assert_eq!(
            template_of(&Request::new("GET", "/v1/users/me")),
            "/v1/users/me"
        );
    }

    #[test]
    fn binaries_are_the_sources_under_src_bin() {
        let root = std::env::temp_dir().join(format!("ws-{}", uuid::Uuid::now_v7()));
        let bin = root.join("functions/events/src/bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::create_dir_all(root.join("functions/empty")).unwrap();
        for file in ["events-worker.rs", "events-api.rs", "notes.md"] {
            std::fs::write(bin.join(file), "").unwrap();
        }
        let names = binaries(&root).unwrap();
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(names, ["events-api", "events-worker"]);
    }
}
