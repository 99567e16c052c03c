//! `POST /v1/events/feeds`

use std::fmt;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::cx::Context;
use shared::http::{Json, Reply};
use shared::id::{FeedId, OrganizationId};
use shared::principal::Principal;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::super::{App, TAG};
use super::FeedView;
use crate::model::{Feed, Include, MOST_FEEDS, Secret};
use crate::problems::TOO_MANY_CALENDARS;
use crate::store::feeds;

/// What the calendar is to show.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NewFeed {
    /// What calendars call it.
    #[serde(default = "unnamed")]
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it shows; everything unless given.
    #[serde(default = "everything")]
    include: Vec<Include>,
    /// Only events of this organisation.
    #[serde(default)]
    organization_id: Option<OrganizationId>,
    /// Only events with one of these tags.
    #[serde(default)]
    #[schema(max_items = 20)]
    tags: Vec<String>,
}

fn unnamed() -> String {
    "My events".to_owned()
}

fn everything() -> Vec<Include> {
    vec![Include::Registered, Include::Saved]
}

/// The new calendar. Its address is told this once.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenedFeed {
    /// The calendar.
    #[serde(flatten)]
    feed: FeedView,
    /// Its secret address: whoever knows it reads the calendar.
    url: String,
    /// The same for programs that subscribe by a click.
    webcal_url: String,
}

impl fmt::Debug for OpenedFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedFeed")
            .field("feed", &self.feed)
            .finish_non_exhaustive()
    }
}

impl NewFeed {
    fn checked(mut self) -> Result<Self, Problem> {
        self.name = String::from(self.name.trim());
        if !(1..=100).contains(&self.name.chars().count()) {
            let detail = "must have 1 to 100 characters";
            return Err(Problem::invalid("/name", "length", detail));
        }
        self.include.sort();
        self.include.dedup();
        if self.include.is_empty() {
            let detail = "would show nothing";
            return Err(Problem::invalid("/include", "empty", detail));
        }
        for tag in &mut self.tags {
            *tag = tag.trim().to_lowercase();
        }
        let fits = |tag: &String| (1..=50).contains(&tag.chars().count());
        if self.tags.len() > 20 || !self.tags.iter().all(fits) {
            let detail = "may have at most 20 entries of 1 to 50 characters";
            return Err(Problem::invalid("/tags", "out-of-range", detail));
        }
        Ok(self)
    }
}

/// Creates a secret calendar of the caller's events.
///
/// Calendar programs read it by its address alone. The address is told once;
/// revoke the calendar when it got into wrong hands.
#[utoipa::path(
    post,
    path = "/v1/events/feeds",
    tag = TAG,
    operation_id = "createCalendarFeed",
    request_body = NewFeed,
    responses(
        (status = 201, description = "The calendar and its address.", body = OpenedFeed),
        (status = 409, description = "`too-many-calendars`"),
    ),
    security(("bearer" = []))
)]
pub async fn create_feed(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Json(wanted): Json<NewFeed>,
) -> Result<Reply, Problem> {
    let wanted = wanted.checked()?;
    let have = app.store.feeds_of(principal.user_id).await?.len();
    if have >= MOST_FEEDS {
        return Err(Problem::new(&TOO_MANY_CALENDARS).detail(format!("You have {have}.")));
    }
    let secret = Secret::new()?;
    let mut commit = app.store.commit(&cx);
    let feed = Feed {
        id: FeedId::new(),
        user_id: principal.user_id,
        name: wanted.name,
        include: wanted.include,
        organization_id: wanted.organization_id,
        tags: wanted.tags,
        created_at: commit.now(),
        hash: secret.hash(),
    };
    feeds::open(&mut commit, &feed);
    let path = format!("/v1/events/calendars/{}.ics", secret.reveal());
    let url = format!("{}{path}", app.public_url);
    let (_, host) = app.public_url.split_once("://").unwrap_or_default();
    let opened = OpenedFeed {
        feed: FeedView::new(&feed),
        webcal_url: format!("webcal://{host}{path}"),
        url,
    };
    let location = format!("/v1/events/feeds/{}", feed.id);
    commit.finish(Reply::created(&opened, &location)?).await
}
