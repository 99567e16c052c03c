//! From people to matches: loads and keeps rosters, ranks, keeps the results,
//! and looks again at everybody before they are shown.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use shared::commit::CommitError;
use shared::cx::Context;
use shared::id::{EventId, UserId};
use shared::table::StoreError;

use crate::model::card::{Card, Interest};
use crate::model::explain::{self, Answers, Explanation};
use crate::model::profile::Profile;
use crate::model::roster::Roster;
use crate::model::scoring;
use crate::model::spot::Spot;
use crate::store::event_items::Settings;
use crate::store::items::{Badge, Results};
use crate::store::person::Person;
use crate::store::{Store, pack, unpack};

/// How many matches a person is given per event.
pub const MAX_MATCHES: usize = 100;
/// Over how many events matches without an event are sought.
const MAX_EVENTS: usize = 10;
/// Rosters kept in process take at most this, in bytes.
const MAX_ROSTERS: usize = 128 << 20;
/// How long the results of a batch run serve.
pub const RUN_SERVES: SignedDuration = SignedDuration::from_mins(15);

/// How long what was reckoned over so many people serves: a small event is
/// cheap to reckon again and changes visibly with every arrival.
fn serves(people: usize) -> SignedDuration {
    let seconds = i64::try_from(people / 2).unwrap_or(i64::MAX);
    SignedDuration::from_secs(seconds.clamp(5, 900))
}

/// How long a roster is kept in process.
fn remembered(people: usize) -> SignedDuration {
    let seconds = i64::try_from(people / 10).unwrap_or(i64::MAX);
    SignedDuration::from_secs(seconds.clamp(2, 60))
}

#[derive(Debug)]
struct Kept {
    event: EventId,
    settings: u64,
    at: Timestamp,
    roster: Arc<Roster>,
}

/// One match, ready to be shown.
#[derive(Debug)]
pub struct Found {
    /// Who, and what they show.
    pub badge: Badge,
    /// How well they match.
    pub score: f32,
    /// Why.
    pub why: Explanation,
}

/// Ranks people and keeps what it found; cheap to clone.
#[derive(Debug, Clone)]
pub struct Matcher {
    store: Store,
    kept: Arc<Mutex<Vec<Kept>>>,
}

impl Matcher {
    /// Over a store.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            kept: Arc::default(),
        }
    }

    /// The people of an event, from memory if it is fresh enough. A new
    /// version of the event's settings, such as a run makes, is never served
    /// from an older memory.
    ///
    /// # Errors
    /// The read failed.
    pub async fn roster(&self, settings: &Settings) -> Result<Arc<Roster>, StoreError> {
        let now = self.store.now();
        if let Some(roster) = self.recall(settings, now) {
            return Ok(roster);
        }
        let roster = Arc::new(self.store.roster(settings.event_id).await?);
        self.remember(settings, now, &roster);
        Ok(roster)
    }

    fn recall(&self, settings: &Settings, now: Timestamp) -> Option<Arc<Roster>> {
        let kept = self
            .kept
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.iter()
            .find(|kept| kept.event == settings.event_id && kept.settings == settings.version)
            .filter(|kept| now.duration_since(kept.at) < remembered(kept.roster.len()))
            .map(|kept| kept.roster.clone())
    }

    fn remember(&self, settings: &Settings, at: Timestamp, roster: &Arc<Roster>) {
        let mut kept = self
            .kept
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.retain(|kept| kept.event != settings.event_id);
        kept.push(Kept {
            event: settings.event_id,
            settings: settings.version,
            at,
            roster: roster.clone(),
        });
        // The oldest go first.
        while kept.iter().map(|kept| kept.roster.bytes()).sum::<usize>() > MAX_ROSTERS {
            kept.remove(0);
        }
    }

    /// A person's matches at one event: the kept results while they hold, new
    /// ones otherwise.
    ///
    /// # Errors
    /// A read or the write failed.
    pub async fn at_event(
        &self,
        cx: &Context,
        person: &Person,
        profile: &Profile,
        settings: &Settings,
        kept: Option<Results>,
    ) -> Result<Results, CommitError> {
        let holds =
            |kept: &Results| kept.basis == person.member.stamp && kept.settings == settings.version;
        if let Some(kept) = kept.filter(holds) {
            return Ok(kept);
        }
        let roster = self.roster(settings).await?;
        let card = person.card_at(self.store.embedder(), profile, settings.event_id);
        let found = Self::rank(&roster, settings, person.member.user_id, &card);
        let results = Results {
            event_id: Some(settings.event_id),
            basis: person.member.stamp,
            settings: settings.version,
            ..self.results(person.member.user_id, &found, serves(roster.len()))
        };
        self.store.keep(cx, &results).await?;
        Ok(results)
    }

    /// A person's matches over the events that they attend; somebody met at
    /// several counts by the best score.
    ///
    /// # Errors
    /// A read or the write failed.
    pub async fn overall(
        &self,
        cx: &Context,
        person: &Person,
        profile: &Profile,
    ) -> Result<Results, CommitError> {
        let user = person.member.user_id;
        let kept = self.store.overall(user).await?;
        if let Some(kept) = kept.filter(|kept| kept.basis == person.member.version) {
            return Ok(kept);
        }
        let (mut best, mut people) = (BTreeMap::new(), 0);
        for event in person.events(self.store.now()).into_iter().take(MAX_EVENTS) {
            let board = self.store.board(event, user).await?;
            if board.event.is_some_and(|event| event.status == "cancelled") {
                continue;
            }
            let roster = self.roster(&board.settings).await?;
            people += roster.len();
            let card = person.card_at(self.store.embedder(), profile, event);
            for (other, event, score) in Self::rank(&roster, &board.settings, user, &card) {
                let entry = best.entry(other).or_insert((event, score));
                if score > entry.1 {
                    *entry = (event, score);
                }
            }
        }
        let mut found: Vec<_> = best
            .into_iter()
            .map(|(who, (event, score))| (who, event, score))
            .collect();
        found.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
        found.truncate(MAX_MATCHES);
        let results = Results {
            basis: person.member.version,
            ..self.results(user, &found, serves(people))
        };
        self.store.keep(cx, &results).await?;
        Ok(results)
    }

    /// The results of one of a roster's people in a batch run.
    pub fn of_run(
        &self,
        roster: &Roster,
        settings: &Settings,
        user: UserId,
        stamp: u64,
    ) -> Results {
        let weights = settings.weights.unwrap_or_default();
        let ranked = roster.rank(user, &weights, MAX_MATCHES);
        let found: Vec<_> = ranked
            .iter()
            .map(|r| (r.user_id, settings.event_id, r.score))
            .collect();
        Results {
            event_id: Some(settings.event_id),
            basis: stamp,
            settings: settings.version,
            ..self.results(user, &found, RUN_SERVES)
        }
    }

    fn rank(
        roster: &Roster,
        settings: &Settings,
        user: UserId,
        card: &Card,
    ) -> Vec<(UserId, EventId, f32)> {
        let weights = settings.weights.unwrap_or_default();
        roster
            .rank_card(user, &card.view(), &weights, MAX_MATCHES)
            .into_iter()
            .map(|ranked| (ranked.user_id, settings.event_id, ranked.score))
            .collect()
    }

    fn results(
        &self,
        owner: UserId,
        found: &[(UserId, EventId, f32)],
        serves: SignedDuration,
    ) -> Results {
        let now = self.store.now();
        Results {
            owner,
            event_id: None,
            basis: 0,
            settings: 0,
            computed_at: now,
            until: now + serves,
            found: pack(found),
        }
    }

    /// A page of results. Every badge is read again: who has left, hides or is
    /// kept away since the results were made is left out, so that a page can be
    /// short. Also tells where it ended, if there is more.
    ///
    /// # Errors
    /// The read failed.
    pub async fn page(
        &self,
        person: &Person,
        profile: &Profile,
        results: &Results,
        after: Option<Spot>,
        count: usize,
    ) -> Result<(Vec<Found>, Option<Spot>), StoreError> {
        let all = unpack(&results.found);
        let from = after.map_or(0, |spot| spot.index_in(&all));
        let wanted: Vec<_> = all.iter().skip(from).take(count).collect();
        let keys: Vec<_> = wanted
            .iter()
            .map(|(user, event, _)| (*event, *user))
            .collect();
        let badges = self.store.badges(&keys).await?;
        let mut sides: BTreeMap<EventId, (Vec<Interest>, Card)> = BTreeMap::new();
        for (_, event, _) in &wanted {
            sides.entry(*event).or_insert_with(|| {
                let interests = person.interests_at(*event);
                let card = Card::of(self.store.embedder(), profile, &interests);
                (interests, card)
            });
        }
        let found = badges
            .into_iter()
            .filter_map(|badge| {
                let (_, _, score) = wanted.iter().find(|(user, ..)| *user == badge.user_id)?;
                let (interests, card) = sides.get(&badge.event_id)?;
                let answers = Answers::of(profile, interests);
                let other = Card::unpack(&badge.card)?;
                let (mine, theirs) = (card.view(), other.view());
                if scoring::excluded(&mine, &theirs) {
                    return None;
                }
                let factors = scoring::factors(&mine, &theirs);
                let why = explain::explain(&answers, &mine, &theirs, &factors);
                Some(Found {
                    badge,
                    score: *score,
                    why,
                })
            })
            .collect();
        let end = from.saturating_add(count);
        let more = (end < all.len()).then(|| Spot::behind(&all, end)).flatten();
        Ok((found, more))
    }
}
