//! `clientDataJSON`: what the browser says it did (§5.8.1).

use serde::Deserialize;

use super::{Expected, Refusal};

/// Which ceremony.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Create,
    Get,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// The members that matter; browsers may add others at any time (§5.8.1.2).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    #[serde(default)]
    top_origin: Option<String>,
}

/// §7.1 steps 5 to 11, §7.2 steps 8 to 14: type, challenge, origin, and that
/// it was not made in somebody else's page.
pub(super) fn check(json: &[u8], kind: Kind, expected: &Expected<'_>) -> Result<(), Refusal> {
    let data: ClientData = serde_json::from_slice(json).map_err(|_| Refusal::Malformed)?;
    if data.kind != kind.name() {
        return Err(Refusal::Type);
    }
    if data.challenge != expected.challenge {
        return Err(Refusal::Challenge);
    }
    if !expected.party.origins.contains(&data.origin) {
        return Err(Refusal::Origin);
    }
    if data.cross_origin || data.top_origin.is_some() {
        return Err(Refusal::CrossOrigin);
    }
    Ok(())
}
