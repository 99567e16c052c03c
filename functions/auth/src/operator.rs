//! What operators do by invoking the function itself, which takes the right to
//! do so in IAM: no route leads here.

use std::time::Duration;

use serde::Deserialize;
use shared::cx::Context;

use crate::keyring::{KeyRing, Rotation};

/// How long an operation may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The payload of an operator's invocation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Operation {
    rotate_signing_key: RotateSigningKey,
}

/// Gives the deployment another key for its access tokens.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RotateSigningKey {
    /// Without an overlap: every token signed so far is refused.
    #[serde(default)]
    immediately: bool,
}

/// Does it. Done again, it goes on or tells how far it is.
///
/// # Errors
/// The tables or the keeper of the keys do not answer; nothing is half done.
pub async fn operate(
    keyring: &KeyRing,
    operation: Operation,
) -> Result<Rotation, lambda_runtime::Error> {
    let cx = Context::begin(PATIENCE);
    let rotated = if operation.rotate_signing_key.immediately {
        keyring.replace(&cx).await
    } else {
        keyring.rotate(&cx).await
    };
    rotated.map_err(|problem| {
        let causes = problem.causes().unwrap_or_default();
        format!("{problem} {causes}").trim().to_owned().into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b1_13_the_payload_is_read_strictly() {
        let read = |text: &str| serde_json::from_str::<Operation>(text);
        let operation = read(r#"{"rotateSigningKey":{}}"#).unwrap();
        assert!(!operation.rotate_signing_key.immediately);
        let operation = read(r#"{"rotateSigningKey":{"immediately":true}}"#).unwrap();
        assert!(operation.rotate_signing_key.immediately);
        for bad in [
            "{}",
            r#"{"rotateSigningKey":{"now":true}}"#,
            r#"{"rotateSigningKey":{},"x":1}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
