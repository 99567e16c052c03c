//! A notification as the interface shows it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use shared::id::{NotificationId, UserId};
use shared::problem::Problem;
use utoipa::ToSchema;

use crate::model::{Inbox, Kind, Notification};
use crate::templates::Words;

/// An entry of the caller's inbox.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Notification)]
pub struct NotificationView {
    /// Its id.
    pub id: NotificationId,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// One line to show.
    #[schema(example = "Ada and 4 others registered for “RustConf”")]
    pub title: String,
    /// A sentence or two to show.
    pub body: String,
    /// The path of what it is about.
    #[schema(example = "/v1/events/event_01h2xcejqtf2nbrexx3vqjhp41")]
    pub link: String,
    /// What it says, as data: which members there are depends on `type`.
    #[schema(value_type = Object)]
    pub data: Value,
    /// Who set it off last, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// How many happenings it stands for: several registrations for one event
    /// are one notification while it is unread.
    #[schema(minimum = 1)]
    pub count: u32,
    /// Whether it was read.
    pub read: bool,
    /// When it was read by itself, rather than with all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub read_at: Option<Timestamp>,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When a happening was last added.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl NotificationView {
    /// `entry` as it stands in `inbox`; `names` are those of people.
    ///
    /// # Errors
    /// 500 when the message has no JSON form.
    pub fn of(
        entry: &Notification,
        inbox: &Inbox,
        names: &BTreeMap<UserId, String>,
    ) -> Result<Self, Problem> {
        let actor = entry.actor_id.and_then(|id| names.get(&id));
        let words = Words::of(&entry.message, actor.map(String::as_str), entry.count);
        let mut message = serde_json::to_value(&entry.message).map_err(Problem::internal)?;
        Ok(Self {
            id: entry.id,
            kind: entry.message.kind(),
            title: words.title,
            body: words.body,
            link: words.action.path,
            data: message["data"].take(),
            actor: actor.cloned(),
            count: entry.count,
            read: !inbox.is_unread(entry),
            read_at: entry.read_at,
            created_at: entry.created_at,
            updated_at: entry.updated_at,
        })
    }
}
