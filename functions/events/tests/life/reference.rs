//! What ought to be: one event of an organisation, and who has to do with it.

use std::collections::BTreeMap;

/// The people; the first five belong to the organisation.
pub const PEOPLE: usize = 7;
pub const AUTHOR: usize = 0;
pub const COLLEAGUE: usize = 1;
pub const APPROVER: usize = 2;
pub const ADMIN: usize = 3;
pub const DOOR: usize = 4;
/// How often a registration can be handed over.
const HAND_OVERS: u32 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Draft,
    Submitted,
    Approved,
    Rejected,
    Published,
    Cancelled,
    Completed,
}
use Status::{Approved, Cancelled, Completed, Draft, Published, Rejected, Submitted};

impl Status {
    pub const fn name(self) -> &'static str {
        match self {
            Draft => "draft",
            Submitted => "submitted",
            Approved => "approved",
            Rejected => "rejected",
            Published => "published",
            Cancelled => "cancelled",
            Completed => "completed",
        }
    }
}

/// What a patch sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Title,
    Capacity,
}

/// The values of an event's fields.
pub type Fields = BTreeMap<Field, u32>;

#[derive(Debug, Clone)]
pub struct Event {
    pub status: Status,
    pub needs_approval: bool,
    pub seen: bool,
    pub edited_in_review: bool,
    pub fields: Fields,
    pub pending: Option<Fields>,
    pub version: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Confirmed,
    Waitlisted,
    Gone,
    CheckedIn,
}

impl State {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Waitlisted => "waitlisted",
            Self::Gone => "cancelled",
            Self::CheckedIn => "checked_in",
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub state: State,
    pub to: Option<usize>,
    pub hand_overs: u32,
}

/// How a request names the version that it was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    Current,
    Stale,
    Missing,
}

#[derive(Debug)]
pub struct Reference {
    /// Whether the organisation wants events approved.
    pub approval: bool,
    pub event: Option<Event>,
    pub over: bool,
    pub places: [Option<Place>; PEOPLE],
    pub queue: Vec<usize>,
    pub saved: [bool; PEOPLE],
    /// What others must have heard, by type.
    pub told: BTreeMap<&'static str, usize>,
}

/// The status of an answer.
pub type Outcome = Result<u16, u16>;

impl Reference {
    pub fn new(approval: bool, capacity: u32) -> Self {
        let event = Event {
            status: Draft,
            needs_approval: true,
            seen: false,
            edited_in_review: false,
            fields: BTreeMap::from([(Field::Title, 0), (Field::Capacity, capacity)]),
            pending: None,
            version: 1,
        };
        Self {
            approval,
            event: Some(event),
            over: false,
            places: [None; PEOPLE],
            queue: Vec::new(),
            saved: [false; PEOPLE],
            told: BTreeMap::from([("event.created", 1)]),
        }
    }

    fn tell(&mut self, kind: &'static str) {
        *self.told.entry(kind).or_default() += 1;
    }

    pub fn visible(&self, who: usize) -> bool {
        self.event.as_ref().is_some_and(|event| {
            let public = matches!(event.status, Published | Cancelled | Completed);
            who <= DOOR || event.seen && public
        })
    }

    /// The event, if `who` is one of those who may do this with it.
    fn open_to(&mut self, who: usize, may: &[usize]) -> Result<&mut Event, u16> {
        if !self.visible(who) {
            return Err(404);
        }
        if !may.contains(&who) {
            return Err(403);
        }
        self.event.as_mut().ok_or(404)
    }

    fn edited(&mut self, who: usize) -> Result<&mut Event, u16> {
        self.open_to(who, &[AUTHOR, COLLEAGUE, ADMIN])
    }

    fn decided(&mut self, who: usize) -> Result<&mut Event, u16> {
        self.open_to(who, &[APPROVER, ADMIN])
    }

    pub fn submit(&mut self, who: usize) -> Outcome {
        let approval = self.approval;
        let event = self.edited(who)?;
        if event.status != Draft || !approval {
            return Err(409);
        }
        event.needs_approval = true;
        event.edited_in_review = false;
        event.turn(Submitted);
        self.tell("event.submitted");
        Ok(200)
    }

    pub fn decide(&mut self, who: usize, yes: bool, version: Match) -> Outcome {
        let event = self.decided(who)?;
        match version {
            Match::Stale if yes => return Err(412),
            Match::Missing if yes && event.edited_in_review => return Err(428),
            _ => {}
        }
        if event.status != Submitted {
            return Err(409);
        }
        event.turn(if yes { Approved } else { Rejected });
        event.edited_in_review = false;
        self.tell(verdict(yes));
        Ok(200)
    }

    pub fn publish(&mut self, who: usize) -> Outcome {
        let (approval, over) = (self.approval, self.over);
        let event = self.edited(who)?;
        let ready = match event.status {
            Draft => !approval,
            status => status == Approved,
        };
        if over || !ready {
            return Err(409);
        }
        event.needs_approval = approval;
        event.seen = true;
        event.turn(Published);
        self.tell("event.published");
        Ok(200)
    }

    pub fn cancel(&mut self, who: usize) -> Outcome {
        let event = self.edited(who)?;
        if !matches!(event.status, Approved | Published) {
            return Err(409);
        }
        event.turn(Cancelled);
        self.tell("event.cancelled");
        // The worker ends what there was.
        self.queue.clear();
        for who in 0..PEOPLE {
            if let Some(place) = &mut self.places[who]
                && place.state != State::Gone
            {
                *place = place.turned(State::Gone);
                self.tell("event.registration.cancelled");
            }
        }
        Ok(200)
    }

    pub fn delete(&mut self, who: usize) -> Outcome {
        match self.edited(who)?.status {
            Draft | Submitted | Rejected => {
                self.event = None;
                self.tell("event.deleted");
            }
            Approved | Published => {
                self.cancel(who)?;
            }
            Cancelled | Completed => return Err(409),
        }
        Ok(204)
    }

    pub fn patch(&mut self, who: usize, (field, value): (Field, u32), version: Match) -> Outcome {
        let confirmed = self.confirmed();
        let event = self.edited(who)?;
        match version {
            Match::Stale => return Err(412),
            Match::Missing => return Err(428),
            Match::Current => {}
        }
        match event.status {
            Cancelled | Completed => return Err(409),
            Approved | Published if event.needs_approval && who != ADMIN => {
                if event.propose(field, value)? {
                    self.tell("event.submitted");
                }
                return Ok(202);
            }
            _ => {}
        }
        if field == Field::Capacity && value < confirmed {
            return Err(409);
        }
        event.edited_in_review |= event.status == Submitted;
        event.fields.insert(field, value);
        event.turn(match event.status {
            Rejected => Draft,
            status => status,
        });
        self.changed();
        Ok(200)
    }

    /// What follows from a change that holds.
    fn changed(&mut self) {
        if self
            .event
            .as_ref()
            .is_some_and(|event| event.status == Published)
        {
            self.tell("event.updated");
            self.serve();
        }
    }

    pub fn decide_change(&mut self, who: usize, yes: bool, version: Match) -> Outcome {
        let confirmed = self.confirmed();
        let event = self.decided(who)?;
        let pending = event.pending.clone().ok_or(404_u16)?;
        match version {
            Match::Stale if yes => return Err(412),
            Match::Missing if yes => return Err(428),
            _ => {}
        }
        let most = pending.get(&Field::Capacity);
        if yes && most.is_some_and(|most| *most < confirmed) {
            return Err(409);
        }
        if yes {
            event.fields.extend(pending);
        }
        event.turn(event.status);
        event.pending = None;
        self.tell(verdict(yes));
        if yes {
            self.changed();
        }
        Ok(200)
    }

    pub fn withdraw_change(&mut self, who: usize) -> Outcome {
        let event = self.edited(who)?;
        event.pending.take().ok_or(404_u16)?;
        event.version += 1;
        Ok(204)
    }

    /// The schedule after the clock.
    pub fn complete(&mut self) {
        let over = self.over;
        if let Some(event) = &mut self.event
            && over
            && event.status == Published
        {
            event.turn(Completed);
            self.tell("event.completed");
        }
    }

    pub fn confirmed(&self) -> u32 {
        self.count(|state| matches!(state, State::Confirmed | State::CheckedIn))
    }

    pub fn count(&self, counts: impl Fn(State) -> bool) -> u32 {
        let places = self.places.iter().flatten();
        u32::try_from(places.filter(|place| counts(place.state)).count()).unwrap()
    }

    fn full(&self) -> bool {
        let event = self.event.as_ref();
        event.is_none_or(|event| self.confirmed() >= event.fields[&Field::Capacity])
    }

    fn is_open(&self) -> bool {
        self.event
            .as_ref()
            .is_some_and(|event| event.status == Published)
    }

    /// Free places go to those who wait, in order.
    fn serve(&mut self) {
        while self.is_open() && !self.full() && !self.queue.is_empty() {
            let who = self.queue.remove(0);
            self.places[who].as_mut().unwrap().state = State::Confirmed;
            self.tell("event.registration.promoted");
        }
    }

    pub fn register(&mut self, who: usize) -> Outcome {
        if !self.visible(who) {
            return Err(404);
        }
        let before = self.places[who];
        let has = before.is_some_and(|place| place.state != State::Gone);
        if !self.is_open() || self.over || has {
            return Err(409);
        }
        let waits = self.full() || !self.queue.is_empty();
        let state = if waits {
            State::Waitlisted
        } else {
            State::Confirmed
        };
        self.places[who] = Some(Place::taken_by(before, state));
        if waits {
            self.queue.push(who);
        }
        self.tell("event.registration.created");
        Ok(201)
    }

    pub fn withdraw(&mut self, who: usize) -> Outcome {
        let place = self.places[who].filter(|_| self.event.is_some());
        let place = place.ok_or(404_u16)?;
        match place.state {
            State::Gone => return Ok(204),
            State::CheckedIn => return Err(403),
            State::Confirmed | State::Waitlisted => {}
        }
        self.queue.retain(|other| *other != who);
        self.places[who] = Some(place.turned(State::Gone));
        self.tell("event.registration.cancelled");
        self.serve();
        Ok(204)
    }

    pub fn hand_over(&mut self, who: usize, to: usize) -> Outcome {
        if who == to {
            return Err(400);
        }
        let open = self.is_open() && !self.over;
        let there = self.event.is_some();
        let place = self.places[who].as_mut().filter(|_| there);
        let place = place.ok_or(404_u16)?;
        if !open || place.state != State::Confirmed || place.hand_overs >= HAND_OVERS {
            return Err(409);
        }
        place.to = Some(to);
        place.hand_overs += 1;
        self.tell("event.registration.transfer.offered");
        Ok(202)
    }

    pub fn take_over(&mut self, who: usize, from: usize) -> Outcome {
        if self.event.is_none() {
            return Err(404);
        }
        let meant = |place: &Place| place.state == State::Confirmed && place.to == Some(who);
        let given = self.places[from].filter(meant).ok_or(409_u16)?;
        let own = self.places[who];
        let has = own.is_some_and(|place| place.state != State::Gone);
        if !self.is_open() || self.over || has {
            return Err(409);
        }
        self.places[from] = Some(given.turned(State::Gone));
        self.places[who] = Some(Place::taken_by(own, State::Confirmed));
        self.tell("event.registration.cancelled");
        self.tell("event.registration.created");
        Ok(201)
    }

    /// The verdict at the door, or the refusal.
    pub fn check_in(&mut self, who: usize, guest: usize) -> Result<&'static str, u16> {
        let event = self.open_to(who, &[AUTHOR, COLLEAGUE, ADMIN, DOOR])?;
        if !matches!(event.status, Published | Completed) {
            return Ok("event-closed");
        }
        let Some(place) = &mut self.places[guest] else {
            return Ok("not-registered");
        };
        Ok(match place.state {
            State::Waitlisted => "waitlisted",
            State::Gone => "cancelled",
            State::CheckedIn => "already-checked-in",
            State::Confirmed => {
                *place = place.turned(State::CheckedIn);
                self.tell("event.registration.checked_in");
                "admitted"
            }
        })
    }

    pub fn feedback(&mut self, who: usize) -> Outcome {
        if !self.visible(who) {
            return Err(404);
        }
        let came = |place: Place| matches!(place.state, State::Confirmed | State::CheckedIn);
        if !self.places[who].is_some_and(came) {
            return Err(403);
        }
        let event = self.event.as_ref();
        let held = event.is_some_and(|event| matches!(event.status, Published | Completed));
        if !held || !self.over {
            return Err(409);
        }
        self.tell("event.feedback.given");
        Ok(200)
    }

    pub fn save(&mut self, who: usize, saves: bool) -> Outcome {
        if saves && !self.visible(who) {
            return Err(404);
        }
        if self.event.is_some() && self.saved[who] != saves {
            self.saved[who] = saves;
            self.tell(if saves {
                "event.saved"
            } else {
                "event.unsaved"
            });
        }
        Ok(204)
    }
}

const fn verdict(yes: bool) -> &'static str {
    if yes {
        "event.approved"
    } else {
        "event.rejected"
    }
}

impl Event {
    /// A step to another status, or none, that is a version of its own.
    fn turn(&mut self, status: Status) {
        self.status = status;
        self.version += 1;
        if matches!(status, Cancelled | Completed) {
            self.pending = None;
        }
    }

    /// Whether it is a first proposal, and not one more change to it.
    fn propose(&mut self, field: Field, value: u32) -> Result<bool, u16> {
        let mut wanted = self.fields.clone();
        wanted.extend(self.pending.iter().flatten());
        wanted.insert(field, value);
        wanted.retain(|field, value| self.fields[field] != *value);
        if wanted.is_empty() {
            return Err(400);
        }
        let first = self.pending.replace(wanted).is_none();
        self.version += 1;
        Ok(first)
    }
}

impl Place {
    /// A new place of somebody who perhaps had one before.
    fn taken_by(before: Option<Self>, state: State) -> Self {
        Self {
            state,
            to: None,
            hand_overs: before.map_or(0, |before| before.hand_overs),
        }
    }

    fn turned(self, state: State) -> Self {
        Self {
            state,
            to: None,
            ..self
        }
    }
}
