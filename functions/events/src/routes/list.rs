//! `GET /v1/events`

use axum::extract::State;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::Deserialize;
use shared::http::{Query, Reply};
use shared::id::{EventId, OrganizationId};
use shared::page::{Binding, Listing, PageRequest, Paging};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use shared::table::Found;
use utoipa::IntoParams;

use super::format::kept;
use super::view::EventView;
use super::{App, TAG};
use crate::model::{Coordinates, Counts, Event, Filter, Status};
use crate::store::Owner;

/// What to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListEvents {
    /// `lat,lng`: near this point. Other name: `location`.
    #[serde(default, alias = "location")]
    near: Option<String>,
    /// How far, with `near`; 25 unless given.
    #[serde(default)]
    radius_km: Option<f64>,
    /// In this city.
    #[serde(default)]
    city: Option<String>,
    /// Not over before this instant; now, unless something else is given.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    from: Option<Timestamp>,
    /// Begins before this instant.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    to: Option<Timestamp>,
    /// On this day, by the clocks of the event's time zone.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    date: Option<Date>,
    /// Has this tag; repeat for several. Other name: `tags` (comma list).
    #[serde(default)]
    tag: Vec<String>,
    /// Other name of `tag`.
    #[serde(default)]
    tags: Option<String>,
    /// Contains all of these words. Other name: `search`.
    #[serde(default, alias = "search")]
    q: Option<String>,
    /// Stands so. Without `organizationId`, other than published means your own.
    #[serde(default)]
    status: Option<Status>,
    /// Of this organisation; members see what is internal.
    #[serde(default)]
    organization_id: Option<OrganizationId>,
    /// How many at most: 20 unless given, at most 100.
    #[serde(default)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

impl ListEvents {
    fn span(&self) -> Result<(Option<Timestamp>, Option<Timestamp>), Problem> {
        let Some(date) = self.date else {
            return Ok((self.from, self.to));
        };
        // From where the day begins first to where it ends last; the filter
        // asks each event for its own.
        let midnight = |date: Date, zone: Offset| {
            zone.to_timestamp(date.at(0, 0, 0, 0))
                .map_err(|err| Problem::invalid("?date", "out-of-range", err.to_string()))
        };
        let next = date
            .tomorrow()
            .map_err(|err| Problem::invalid("?date", "out-of-range", err.to_string()))?;
        Ok((
            Some(midnight(date, jiff::tz::offset(14))?),
            Some(midnight(next, jiff::tz::offset(-12))?),
        ))
    }

    fn filter(&self, now: Timestamp) -> Result<Filter, Problem> {
        let (from, to) = self.span()?;
        let listed = self.tags.iter().flat_map(|tags| tags.split(','));
        Ok(Filter {
            near: near(self.near.as_deref(), self.radius_km)?,
            city: self
                .city
                .as_ref()
                .map(|city| city.trim().to_lowercase())
                .filter(|city| !city.is_empty()),
            from: from.or((self.organization_id.is_none() && self.mine().is_none()).then_some(now)),
            to,
            date: self.date,
            tags: self
                .tag
                .iter()
                .map(String::as_str)
                .chain(listed)
                .map(|tag| tag.trim().to_lowercase())
                .filter(|tag| !tag.is_empty())
                .collect(),
            words: self.q.as_deref().map(Filter::words_of).unwrap_or_default(),
            status: self.status,
        })
    }

    /// A status that only the makers of events see.
    fn mine(&self) -> Option<Status> {
        self.status.filter(|status| *status != Status::Published)
    }

    /// Whose events are meant; nobody's in particular are all that are published.
    fn owner(&self, principal: Option<&Principal>) -> Result<Option<Owner>, Problem> {
        match (self.organization_id, self.mine()) {
            (Some(organization), _) => Ok(Some(Owner::Organization(organization))),
            (None, None) => Ok(None),
            (None, Some(_)) => principal
                .map(|principal| Some(Owner::Person(principal.user_id)))
                .ok_or_else(|| {
                    Problem::forbidden("Sign in to list events that are not published.")
                }),
        }
    }

    /// # Errors
    /// 400 when no word says what to search for.
    pub(super) fn require_words(&self) -> Result<(), Problem> {
        let words = self.q.as_deref().map(Filter::words_of);
        if words.is_none_or(|words| words.is_empty()) {
            return Err(Problem::invalid("?q", "missing", "must have a word"));
        }
        Ok(())
    }

    fn binding(&self, route: &str, principal: Option<&Principal>) -> Binding {
        let reader = principal.map_or_else(String::new, |reader| reader.user_id.to_string());
        Binding::new(route)
            .caller(reader)
            .filter("query", format!("{:?}", self.unpaged()))
    }

    /// The same from the beginning.
    pub(super) fn unpaged(&self) -> Self {
        Self {
            limit: None,
            cursor: None,
            ..self.clone()
        }
    }
}

/// Lists events by time.
///
/// Published ones that are not over, unless asked otherwise. A page reads a
/// bounded number of events and may come back short with a `nextCursor`.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = TAG,
    operation_id = "listEvents",
    params(ListEvents),
    responses(
        (status = 200, description = "A page.", body = Listing<EventView>),
        (status = 403, description = "`forbidden`"),
    ),
    security((), ("bearer" = []))
)]
pub async fn list(
    State(app): State<App>,
    principal: Option<Principal>,
    Query(query): Query<ListEvents>,
) -> Result<Reply, Problem> {
    page(&app, "/v1/events", principal.as_ref(), &query).await
}

/// A page of what a query finds for a reader; its cursor is good at `route`.
pub(super) async fn page(
    app: &App,
    route: &str,
    reader: Option<&Principal>,
    query: &ListEvents,
) -> Result<Reply, Problem> {
    let (page, found) = found(app, route, reader, query, (20, 100)).await?;
    let views = with_counts(app, reader, found.items).await?;
    let reply = Reply::ok(&page.listing(views, found.next))?;
    Ok(kept(reply.hashed(), reader))
}

/// What a query at `route` finds for a reader: so many unless it says
/// otherwise, and so many at most.
pub(super) async fn found(
    app: &App,
    route: &str,
    reader: Option<&Principal>,
    query: &ListEvents,
    (default, max): (u32, u32),
) -> Result<(PageRequest, Found<Event>), Problem> {
    let paging = Paging {
        limit: query.limit,
        cursor: query.cursor.clone(),
    };
    let page = PageRequest::new(&paging, query.binding(route, reader), default, max)?;
    let filter = query.filter(app.store.now())?;
    let owner = query.owner(reader)?;
    let inside = query.organization_id.is_some_and(|organization| {
        reader.is_some_and(|reader| reader.can(Permission::EventViewInternal, organization))
    });
    let wanted = |event: &Event| {
        let listed = inside || query.organization_id.is_none() || event.status == Status::Published;
        listed && event.visible_to(reader)
    };
    let (store, limit, after) = (&app.store, page.limit, page.position());
    let found = match owner {
        Some(owner) => store.list(&owner, &filter, wanted, limit, after).await?,
        None => store.search(&filter, wanted, limit, after).await?,
    };
    Ok((page, found))
}

/// A circle as queries give it.
pub(super) fn near(
    point: Option<&str>,
    radius_km: Option<f64>,
) -> Result<Option<(Coordinates, f64)>, Problem> {
    let Some(text) = point else {
        return Ok(None);
    };
    let point = text
        .split_once(',')
        .and_then(|(lat, lng)| {
            Some(Coordinates {
                lat: lat.trim().parse().ok()?,
                lng: lng.trim().parse().ok()?,
            })
        })
        .filter(|point| point.valid())
        .ok_or_else(|| Problem::invalid("?near", "invalid", "must be lat,lng in degrees"))?;
    let radius = radius_km.unwrap_or(25.0);
    if !(radius > 0.0 && radius <= 20_100.0) {
        let detail = "must be above 0, at most 20100";
        return Err(Problem::invalid("?radiusKm", "out-of-range", detail));
    }
    Ok(Some((point, radius)))
}

/// Events with their counts, in order, as `reader` sees them.
pub(super) async fn with_counts(
    app: &App,
    reader: Option<&Principal>,
    events: Vec<Event>,
) -> Result<Vec<EventView>, Problem> {
    let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
    let counts = app.store.counts_of(&ids).await?;
    let of = |id| counts.iter().find(|counts| counts.id == id).cloned();
    Ok(events
        .iter()
        .map(|event| {
            let none = Counts::new(event.id, None);
            EventView::seen_by(reader, event, &of(event.id).unwrap_or(none))
        })
        .collect())
}
