//! The same job in Node.js: the bundle under `benches/node`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use base64::Engine as _;
use dynoxide::Database;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::instance::Launch;
use crate::{Context as _, Error, Result, tables};

/// Memory it is configured with; it does not matter on this machine.
const MEMORY_MB: u32 = 256;
const TABLE: &str = "node";

/// The bundle and the `node` that runs it.
#[derive(Debug, Clone)]
pub struct Node {
    program: PathBuf,
    bundle: PathBuf,
    /// What `node --version` says.
    pub version: String,
    /// Size of the bundle's zip in MB.
    pub zip_mb: f64,
}

impl Node {
    /// Builds the bundle in `directory` with the versions of its lock file.
    pub async fn build(directory: &Path) -> Result<Self> {
        let program = run(Path::new("/"), "sh", &["-c", "command -v node"]).await?;
        let version = run(directory, "node", &["--version"]).await?;
        if !directory.join("node_modules/.bin/esbuild").exists() {
            run(directory, "npm", &["ci", "--silent"]).await?;
        }
        run(directory, "npm", &["run", "--silent", "build"]).await?;
        let bundle = directory.join("dist/index.cjs");
        let zip_mb = crate::measure::zip_mb(&bundle)?;
        Ok(Self {
            program: program.into(),
            bundle,
            version,
            zip_mb,
        })
    }

    /// How to start it: over HTTP with the public key of the tokens, or as a
    /// worker without.
    pub fn launch(&self, endpoint: String, key: Option<&Value>) -> Launch {
        let mut environment = vec![
            ("TABLE_NAME".to_owned(), TABLE.to_owned()),
            ("AWS_ENDPOINT_URL".to_owned(), endpoint),
            (
                "JOB".to_owned(),
                if key.is_some() { "http" } else { "worker" }.to_owned(),
            ),
        ];
        environment.extend(key.map(|key| ("PUBLIC_JWK".to_owned(), key.to_string())));
        Launch {
            name: "node".into(),
            command: vec![self.program.clone(), self.bundle.clone()],
            memory_mb: MEMORY_MB,
            environment,
        }
    }
}

/// Creates the table that the Node function reads and writes.
pub fn create_table(database: &Database) -> Result<()> {
    let request = serde_json::from_value(tables::definition(TABLE, false))?;
    database
        .create_table(request)
        .map(|_| ())
        .context("table of the Node function")
}

/// Puts the item that the Node function answers with: the body of ours.
pub fn put(database: &Database, id: &str, body: &Value) -> Result<()> {
    let item = json!({"pk": {"S": id}, "sk": {"S": "ITEM"}, "body": {"S": body.to_string()}});
    let request = serde_json::from_value(json!({"TableName": TABLE, "Item": item}))?;
    database
        .put_item(request)
        .map(|_| ())
        .context("item of the Node function")
}

/// The key of a JWKS that signed a token.
pub fn key_of(token: &str, jwks: &Value) -> Result<Value> {
    let head = token.split('.').next().unwrap_or_default();
    let head = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(head)
        .context("a token's header")?;
    let head: Value = serde_json::from_slice(&head)?;
    let keys = jwks["keys"].as_array();
    keys.into_iter()
        .flatten()
        .find(|key| key["kid"] == head["kid"])
        .cloned()
        .context(format!("no key {} in the JWKS", head["kid"]))
}

async fn run(directory: &Path, program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .await
        .context(program)?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        let why = String::from_utf8_lossy(&output.stderr);
        Err(Error(format!("{program} {}: {why}", arguments.join(" "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_chosen_by_the_tokens_key_id() {
        let head = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"kid":"b"}"#);
        let jwks = json!({"keys": [{"kid": "a"}, {"kid": "b", "x": "1"}]});
        let key = key_of(&format!("{head}.e30.sig"), &jwks).unwrap();
        assert_eq!(key["x"], "1");
        assert!(key_of(&format!("{head}.e30.sig"), &json!({"keys": []})).is_err());
    }
}
