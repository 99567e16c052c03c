//! Finding by cards (`model::card`): several shelves are read side by side and
//! merged in their common order, with a cursor that is a place in that order.
//! What is added or removed meanwhile neither repeats nor skips anything else.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use shared::commit::Commit;
use shared::id::{EventId, VenueId};
use shared::table::{Entity, Found, Key, Position, Query, StoreError};

use super::Store;
use crate::model::{
    Card, Event, Filter, KnownVenue, Stretch, VenueCard, shelf_of_parent, stretches,
};

/// How many cards a page reads at most (about 250 bytes each).
const MOST_CARDS: usize = 400;
/// How many events a page reads at most, where only the event itself tells
/// whether it is wanted.
const MOST_EVENTS: usize = 200;
/// How many sessions are looked through for double bookings.
const MOST_SESSIONS: usize = 1000;
/// How many cards of one shelf are read at once.
const AT_ONCE: usize = 100;

/// What was read of several shelves.
struct Round<C> {
    cards: Vec<C>,
    read: usize,
    /// Up to where all of them were read; nothing when to their ends.
    horizon: Option<String>,
}

/// Writes the cards of an event that changed, within the commit that changes it.
pub fn shelve(commit: &mut Commit, before: Option<&Event>, after: Option<&Event>) {
    let cards = |event: Option<&Event>| event.map(Card::all_of).unwrap_or_default();
    exchange(commit, &cards(before), &cards(after));
}

/// The same for a venue.
pub fn shelve_venue(commit: &mut Commit, before: Option<&KnownVenue>, after: Option<&KnownVenue>) {
    let cards = |venue: Option<&KnownVenue>| venue.map(KnownVenue::cards).unwrap_or_default();
    exchange(commit, &cards(before), &cards(after));
}

fn exchange<C: Entity + PartialEq>(
    commit: &mut Commit,
    before: &BTreeMap<Key, C>,
    after: &BTreeMap<Key, C>,
) {
    for key in before.keys().filter(|key| !after.contains_key(key)) {
        commit.delete(key.clone());
    }
    for (key, card) in after {
        if before.get(key) != Some(card) {
            commit.put(card);
        }
    }
}

impl Store {
    /// A page of published events by time. It reads at most 400 cards and 200
    /// events and may come back short with more to come.
    pub async fn search(
        &self,
        filter: &Filter,
        wanted: impl Fn(&Event) -> bool,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Found<Event>, StoreError> {
        let stretches = stretches(filter);
        self.on_shelves(&stretches, filter, wanted, limit, after)
            .await
    }

    /// A page of an event's programme by time, whatever the status of its parts.
    pub async fn programme(
        &self,
        parent: EventId,
        wanted: impl Fn(&Event) -> bool,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Found<Event>, StoreError> {
        let programme = Stretch {
            pk: format!("FIND#{}", shelf_of_parent(parent)),
            first: "0".to_owned(),
            last: "9999".to_owned(),
        };
        let all = Filter::default();
        self.on_shelves(&[programme], &all, wanted, limit, after)
            .await
    }

    /// The cards of an event's programme, the first thousand of them, and
    /// whether those are all.
    pub async fn programme_cards(&self, parent: EventId) -> Result<(Vec<Card>, bool), StoreError> {
        let mut cards = Vec::new();
        let mut after = None;
        loop {
            let mut found = self.cards_on(&shelf_of_parent(parent), after).await?;
            cards.append(&mut found.items);
            after = found.next;
            if after.is_none() || cards.len() >= MOST_SESSIONS {
                return Ok((cards, after.is_none()));
            }
        }
    }

    async fn on_shelves(
        &self,
        stretches: &[Stretch],
        filter: &Filter,
        wanted: impl Fn(&Event) -> bool,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Found<Event>, StoreError> {
        let limit = limit as usize;
        let mut page = Vec::new();
        let mut place = after.map(|position| position.key.sk);
        let (mut cards_read, mut events_read) = (0, 0);
        loop {
            let round: Round<Card> = self.round(stretches, place.as_deref()).await?;
            cards_read += round.read;
            let fitting: Vec<&Card> = round
                .cards
                .iter()
                .filter(|card| filter.admits_card(card))
                .collect();
            for chunk in fitting.chunks(limit.min(AT_ONCE)) {
                let ids: Vec<_> = chunk.iter().map(|card| card.event_id).collect();
                let events = self.events_of(&ids).await?;
                events_read += chunk.len();
                for card in chunk {
                    // Cards are read eventually: the event itself decides.
                    let event = events.iter().find(|event| event.id == card.event_id);
                    page.extend(
                        event
                            .filter(|event| filter.admits(event) && wanted(event))
                            .cloned(),
                    );
                    if page.len() == limit {
                        return Ok(to_be_continued(page, Some(card.order())));
                    }
                }
                if events_read >= MOST_EVENTS {
                    let last = chunk.last().map(|card| card.order());
                    return Ok(to_be_continued(page, last));
                }
            }
            place = round.horizon;
            if place.is_none() || cards_read >= MOST_CARDS {
                return Ok(to_be_continued(page, place));
            }
        }
    }

    /// One read of every stretch, merged.
    async fn round<C: Entity>(
        &self,
        stretches: &[Stretch],
        place: Option<&str>,
    ) -> Result<Round<C>, StoreError> {
        let each = (MOST_CARDS / stretches.len().max(1)).clamp(4, AT_ONCE);
        let limit = u32::try_from(each).unwrap_or(u32::MAX);
        let found = try_join_all(stretches.iter().filter_map(|stretch| {
            // No key is the beginning of another, so this is the next possible.
            let first = place.map_or_else(|| stretch.first.clone(), |place| format!("{place}!"));
            let first = first.max(stretch.first.clone());
            (first <= stretch.last).then(|| {
                let query = Query::partition(&stretch.pk).between(first, &stretch.last);
                self.table.query::<C>(query.limit(limit))
            })
        }))
        .await?;
        let horizon = found
            .iter()
            .filter_map(|found| found.next.as_ref())
            .map(|next| next.key.sk.clone())
            .min();
        let read = found.iter().map(|found| found.items.len()).sum();
        let mut cards: Vec<(String, C)> = found
            .into_iter()
            .flat_map(|found| found.items)
            .map(|card| (card.key().sk, card))
            .filter(|(order, _)| horizon.as_ref().is_none_or(|horizon| order <= horizon))
            .collect();
        cards.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Round {
            cards: cards.into_iter().map(|(_, card)| card).collect(),
            read,
            horizon,
        })
    }

    /// A page of venues by name, of the shelves that are named.
    pub async fn venues(
        &self,
        shelves: &[String],
        wanted: impl Fn(&KnownVenue) -> bool,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Found<KnownVenue>, StoreError> {
        let stretches: Vec<Stretch> = shelves
            .iter()
            .map(|shelf| Stretch {
                pk: VenueCard::partition(shelf),
                first: " ".to_owned(),
                last: char::MAX.to_string(),
            })
            .collect();
        let mut page = Vec::new();
        let mut place = after.map(|position| position.key.sk);
        let mut read = 0;
        loop {
            let round: Round<VenueCard> = self.round(&stretches, place.as_deref()).await?;
            read += round.read;
            for card in round.cards {
                let order = card.key().sk;
                if wanted(&card.venue) {
                    page.push(card.venue);
                }
                if page.len() == limit as usize {
                    return Ok(to_be_continued(page, Some(order)));
                }
            }
            place = round.horizon;
            if place.is_none() || read >= MOST_CARDS {
                return Ok(to_be_continued(page, place));
            }
        }
    }

    /// A venue.
    pub async fn venue(&self, id: VenueId) -> Result<Option<KnownVenue>, StoreError> {
        self.table.get_consistent(&KnownVenue::key_of(id)).await
    }

    /// A page of the cards on a shelf.
    pub async fn cards_on(
        &self,
        name: &str,
        after: Option<Position>,
    ) -> Result<Found<Card>, StoreError> {
        let query = Query::partition(format!("FIND#{name}"))
            .limit(100)
            .consistent();
        self.table.query(query.after(after)).await
    }
}

fn to_be_continued<T>(items: Vec<T>, place: Option<String>) -> Found<T> {
    Found {
        items,
        next: place.map(|place| Position {
            key: Key::new("FIND", place),
            index_sk: None,
        }),
    }
}
