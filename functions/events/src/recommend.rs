//! Recommendations for a person: what is known of the person, what could be
//! recommended, and the best of it (`model::Taste`). A fixed number of reads,
//! however many events there are.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use shared::id::{EventId, UserId};
use shared::table::StoreError;

use crate::model::{
    Admission, Event, Filter, Recommended, RegistrationStatus, Status, Taste, distinct,
};
use crate::store::Store;

/// How many of a person's tags are looked up.
const TAGS: usize = 5;
/// How many of a person's cities.
const CITIES: usize = 2;
/// How many events of each.
const EACH: u32 = 10;
/// How many where connections go.
const MET: usize = 20;
/// How many of everything that is ahead.
const ANY: u32 = 20;

/// The best events for a person.
///
/// # Errors
/// The store's.
pub async fn recommended(
    store: &Store,
    user: UserId,
    many: usize,
) -> Result<Vec<Recommended>, StoreError> {
    let taste = taste(store, user).await?;
    let now = store.now();
    let ahead = Filter {
        from: Some(now),
        ..Filter::default()
    };
    let tags = taste.favourites(TAGS).into_iter().map(|tag| Filter {
        tags: vec![tag],
        ..ahead.clone()
    });
    let cities = taste.cities.iter().take(CITIES).map(|city| Filter {
        city: Some(city.clone()),
        ..ahead.clone()
    });
    let mut wanted: Vec<(Filter, u32)> = tags.chain(cities).map(|filter| (filter, EACH)).collect();
    wanted.push((ahead.clone(), ANY));
    let fits = |event: &Event| {
        event.details.starts_at > now
            && event.created_by != user
            && !taste.known.contains(&event.id)
    };
    let found = try_join_all(
        wanted
            .iter()
            .map(|(filter, many)| store.search(filter, fits, *many, None)),
    )
    .await?;
    let met = met(store, &taste, fits).await?;
    let events: BTreeMap<EventId, Event> = found
        .into_iter()
        .flat_map(|found| found.items)
        .chain(met)
        .map(|event| (event.id, event))
        .collect();
    let ids = distinct(events.keys().copied());
    let (counts, admissions) =
        futures::future::try_join(store.counts_of(&ids), store.admissions_of(&ids)).await?;
    let admission = |id: EventId| {
        let said = admissions.iter().find(|admission| admission.event_id == id);
        said.cloned().unwrap_or_else(|| Admission::standard(id))
    };
    let candidates = counts.into_iter().filter_map(|counts| {
        let admission = admission(counts.id);
        Some((events.get(&counts.id)?.clone(), counts, admission))
    });
    Ok(taste.rank(candidates, now, many))
}

/// Where connections go, as far as it is a candidate.
async fn met(
    store: &Store,
    taste: &Taste,
    fits: impl Fn(&Event) -> bool,
) -> Result<Vec<Event>, StoreError> {
    let mut most: Vec<(EventId, u32)> = taste.company.iter().map(|(id, n)| (*id, *n)).collect();
    most.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let ids: Vec<EventId> = most.into_iter().take(MET).map(|(id, _)| id).collect();
    let mut events = store.events_of(&ids).await?;
    let listed = |event: &Event| event.details.parent_id.is_none() || event.details.stands_alone;
    events.retain(|event| event.status == Status::Published && listed(event) && fits(event));
    Ok(events)
}

async fn taste(store: &Store, user: UserId) -> Result<Taste, StoreError> {
    let mut taste = Taste::default();
    let registered: Vec<EventId> = store
        .newest_registrations(user)
        .await?
        .into_iter()
        .filter(|registration| registration.status != RegistrationStatus::Cancelled)
        .map(|registration| registration.event_id)
        .take(50)
        .collect();
    let saved: Vec<EventId> = store
        .newest_saved(user)
        .await?
        .into_iter()
        .take(50)
        .collect();
    let ids = distinct(registered.iter().chain(&saved).copied());
    for event in store.events_of(&ids).await? {
        if registered.contains(&event.id) {
            taste.add_registered(&event);
        }
        if saved.contains(&event.id) {
            taste.add_saved(&event);
        }
    }
    taste.company = store.company(user).await?;
    taste.interests = store.interests(user).await?.into_iter().collect();
    taste.known = ids.into_iter().collect();
    Ok(taste)
}
