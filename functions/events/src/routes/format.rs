//! What an event looks like: JSON, a calendar, linked data. And how long what
//! everybody sees may be kept.

use std::borrow::Cow;

use http::header::{CONTENT_DISPOSITION, VARY};
use serde::{Deserialize, Deserializer};
use shared::http::Reply;
use shared::id::EventId;
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::{IntoParams, ToSchema};

/// How long anybody may keep what is public, in seconds.
const PUBLIC_FOR: u32 = 60;
const ICS: &str = "text/calendar; charset=utf-8";

/// In which form an event is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// This API's own.
    #[default]
    Json,
    /// iCalendar (RFC 5545), `text/calendar`.
    Ics,
    /// schema.org/Event, `application/ld+json`.
    Jsonld,
}

/// The query of a readable thing.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// In which form: `json`, `ics` or `jsonld`. An id with `.ics` behind it
    /// means `ics`.
    #[serde(default)]
    #[param(inline)]
    pub format: Option<Format>,
}

/// The id of an event as it stands in a path, where `.ics` may follow.
#[derive(Debug, Clone, Copy)]
pub struct EventName {
    /// The id.
    pub id: EventId,
    ics: bool,
}

impl EventName {
    /// The form that path and query ask for.
    ///
    /// # Errors
    /// 400 when they disagree.
    pub fn format(self, wanted: Wanted) -> Result<Format, Problem> {
        match (self.ics, wanted.format) {
            (true, None | Some(Format::Ics)) => Ok(Format::Ics),
            (true, Some(_)) => {
                let detail = "is another form than the path asks for";
                Err(Problem::invalid("?format", "ambiguous", detail))
            }
            (false, format) => Ok(format.unwrap_or_default()),
        }
    }
}

impl<'de> Deserialize<'de> for EventName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let (id, ics) = match text.strip_suffix(".ics") {
            Some(id) => (id, true),
            None => (&*text, false),
        };
        let id = id.parse().map_err(serde::de::Error::custom)?;
        Ok(Self { id, ics })
    }
}

/// A calendar for `reader`, to be kept as `name`.
pub fn calendar(text: String, name: &str, reader: Option<&Principal>) -> Reply {
    let reply = Reply::text(ICS, text).hashed().header(
        CONTENT_DISPOSITION,
        &format!("inline; filename=\"{name}.ics\""),
    );
    kept(reply, reader)
}

/// What nobody in particular asked for may be kept by anybody for a minute;
/// what a signed-in person sees may differ and is asked for again.
pub fn kept(reply: Reply, reader: Option<&Principal>) -> Reply {
    let reply = match reader {
        None => reply.public(PUBLIC_FOR),
        Some(_) => reply.revalidated(),
    };
    reply.header(VARY, "Authorization, Origin")
}
