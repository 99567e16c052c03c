//! Rotating a group's signing key: what operators do by invoking the function
//! itself, which takes the right to do so in IAM. No route leads here.
//!
//! A rotation has three steps in every group. The command makes the key that
//! follows and publishes its public half; when everybody must have seen that,
//! the first instance that looks puts it in the place of the old one, whose
//! public half stays as long as what it signed is good.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cx::Context;
use crate::problem::Problem;

/// How long an operation may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How far a rotation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rotation {
    /// The new key.
    pub kid: String,
    /// Whether it signs yet.
    pub state: RotationState,
    /// From when on it signs.
    pub signs_from: Timestamp,
}

/// Whether the new key signs yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RotationState {
    /// It is published, and will sign by itself.
    Published,
    /// It signs.
    Signing,
}

/// A key that can be rotated.
pub trait Rotate {
    /// Begins a rotation, or tells how far the one is that was begun.
    ///
    /// # Errors
    /// 503 if the tables or the keeper of the keys do not answer.
    fn rotate(&self, cx: &Context) -> impl Future<Output = Result<Rotation, Problem>>;

    /// Replaces a key that somebody else may have: what it signed is refused.
    ///
    /// # Errors
    /// 503 if the tables or the keeper of the keys do not answer, 409 or 412 if
    /// somebody else rotated at the same time.
    fn replace(&self, cx: &Context) -> impl Future<Output = Result<Rotation, Problem>>;
}

/// The payload of an operator's invocation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Operation {
    rotate_signing_key: RotateSigningKey,
}

/// Gives the group another key to sign with.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RotateSigningKey {
    /// Without an overlap: everything signed so far is refused.
    #[serde(default)]
    immediately: bool,
}

/// Does it. Done again, it goes on or tells how far it is.
///
/// # Errors
/// The tables or the keeper of the keys do not answer; nothing is half done.
pub async fn operate(
    keyring: &impl Rotate,
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
