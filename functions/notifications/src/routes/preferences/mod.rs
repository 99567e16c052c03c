//! `/v1/notifications/preferences`

pub mod get;
pub mod patch;
pub mod put;

use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::IF_MATCH;
use serde::{Deserialize, Serialize};
use shared::http::{IfMatch, Reply};
use shared::problem::Problem;
use utoipa::ToSchema;

use crate::model::{Channels, Digest, Kind, Preferences, QuietHours};

/// What the caller wants to hear of, where and when.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NotificationPreferences)]
pub struct Document {
    /// The IANA time zone of quiet hours and digest.
    #[serde(default = "utc")]
    #[schema(example = "Europe/Berlin", default = "UTC")]
    pub time_zone: String,
    /// When no e-mail is welcome; `null` is never.
    #[serde(default)]
    pub quiet_hours: Option<QuietHours>,
    /// Whether e-mails are collected.
    #[serde(default)]
    pub digest: Digest,
    /// The switches by type; a type that is left out is on everywhere.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, Switches>)]
    pub types: BTreeMap<Kind, Switches>,
}

/// The switches of one type.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NotificationSwitches)]
pub struct Switches {
    /// Shown in the inbox.
    #[serde(default = "on")]
    #[schema(default = true)]
    pub in_app: bool,
    /// Sent by e-mail.
    #[serde(default = "on")]
    #[schema(default = true)]
    pub email: bool,
    /// Whether the type is always on; told, and passed over when sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub critical: Option<bool>,
}

fn utc() -> String {
    "UTC".to_owned()
}

const fn on() -> bool {
    true
}

impl Document {
    /// What `preferences` say, with every type that a person can have.
    pub fn of(preferences: &Preferences) -> Self {
        let kinds = Kind::ALL.iter().filter(|kind| !kind.letter_only());
        let types = kinds.map(|kind| {
            let Channels { in_app, email } = preferences.channels(*kind);
            let critical = Some(kind.critical());
            (
                *kind,
                Switches {
                    in_app,
                    email,
                    critical,
                },
            )
        });
        Self {
            time_zone: preferences.time_zone.clone(),
            quiet_hours: preferences.quiet_hours.clone(),
            digest: preferences.digest,
            types: types.collect(),
        }
    }

    /// The preferences that this document describes, following `before`.
    ///
    /// # Errors
    /// 400 for what breaks a rule.
    pub fn into_preferences(self, before: &Preferences) -> Result<Preferences, Problem> {
        let mut preferences = Preferences {
            time_zone: self.time_zone,
            quiet_hours: self.quiet_hours,
            digest: self.digest,
            version: before.version,
            ..Preferences::default_of(before.user_id)
        };
        for (kind, Switches { in_app, email, .. }) in self.types {
            preferences.set(kind, Channels { in_app, email });
        }
        preferences.check()?;
        Ok(preferences)
    }
}

/// The reply that shows `preferences`.
fn shown(preferences: &Preferences) -> Result<Reply, Problem> {
    Ok(Reply::ok(&Document::of(preferences))?.etag(preferences.version))
}

/// `If-Match` is welcome and not demanded: nobody else writes these, and the
/// last word of their owner counts.
fn precondition(
    headers: &HeaderMap,
    if_match: &IfMatch,
    before: &Preferences,
) -> Result<(), Problem> {
    if headers.contains_key(IF_MATCH) {
        if_match.require(before.version)?;
    }
    Ok(())
}
