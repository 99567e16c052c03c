//! A person as the table has them, read at once and changed at once.

use jiff::Timestamp;
use serde_bytes::ByteBuf;
use shared::commit::{Action, Commit};
use shared::id::{EventId, UserId};
use shared::personal::Erased;
use shared::problem::Problem;
use shared::table::{Entity, Key};

use super::items::{Answered, Attendance, Badge, Member, Row, Saved, badge_key};
use crate::model::card::{Card, Interest};
use crate::model::embedding::Embedder;
use crate::model::profile::Profile;
use crate::problems::BUSY;

/// How many saved events count as interests: the latest.
const MAX_INTERESTS: usize = 100;
/// At how many coming events a person can be matched: their badges change in
/// one commit with the profile.
pub const MAX_BADGES: usize = 80;

/// Everything about a person. Every change goes through the member's version,
/// so that what was read together is written together.
#[derive(Debug, Clone)]
pub struct Person {
    /// The person; version 0 if nothing is stored yet.
    pub member: Member,
    saved: Vec<Saved>,
    answered: Vec<Answered>,
    attendances: Vec<Attendance>,
}

impl Person {
    pub(super) fn of(user: UserId, rows: Vec<Row>) -> Self {
        let mut person = Self {
            member: Member::new(user),
            saved: Vec::new(),
            answered: Vec::new(),
            attendances: Vec::new(),
        };
        for row in rows {
            match row {
                Row::Member(member) => person.member = *member,
                Row::Saved(saved) => person.saved.push(saved),
                Row::Answered(answered) => person.answered.push(answered),
                Row::Attendance(attendance) => person.attendances.push(attendance),
                Row::Event(_) | Row::Settings(_) | Row::Results(_) => {}
            }
        }
        person
    }

    /// The profile, if the person takes part in matching.
    pub fn visible(&self) -> Option<&Profile> {
        self.member
            .profile
            .as_ref()
            .filter(|profile| profile.visible())
    }

    /// What the person saved, latest first.
    pub fn interests(&self) -> Vec<Interest> {
        let mut saved: Vec<&Saved> = self.saved.iter().filter(|saved| saved.saved).collect();
        saved.sort_by_key(|saved| (std::cmp::Reverse(saved.at), saved.event_id));
        saved
            .into_iter()
            .take(MAX_INTERESTS)
            .map(|saved| Interest {
                event: Some((saved.event_id, saved.title.clone())),
                tags: saved.tags.clone(),
            })
            .collect()
    }

    /// The same at an event, with the answers that the person shares there, and
    /// nowhere else: they come first.
    pub fn interests_at(&self, event: EventId) -> Vec<Interest> {
        let answered = self.answered(event).map(|answered| Interest {
            event: None,
            tags: answered.answers.clone(),
        });
        answered.into_iter().chain(self.interests()).collect()
    }

    /// What is stored of the answers at an event.
    pub fn answered(&self, event: EventId) -> Option<&Answered> {
        self.answered.iter().find(|a| a.event_id == event)
    }

    /// Where the person's badges stand.
    pub(super) fn badge_keys(&self) -> impl Iterator<Item = Key> {
        let user = self.member.user_id;
        self.badged().map(move |a| badge_key(a.event_id, user))
    }

    /// Everything that the person saved, answered and attended.
    pub fn entries(&self) -> (&[Saved], &[Answered], &[Attendance]) {
        (&self.saved, &self.answered, &self.attendances)
    }

    /// Whether the person has a place at an event.
    pub fn attends(&self, event: EventId) -> bool {
        self.attendances
            .iter()
            .any(|a| a.event_id == event && a.attending)
    }

    /// The events at which the person can be matched, the nearest in time first.
    pub fn events(&self, now: Timestamp) -> Vec<EventId> {
        let mut matched: Vec<&Attendance> = self.badged().collect();
        matched.sort_by_key(|a| (a.starts_at.duration_since(now).abs(), a.event_id));
        matched.into_iter().map(|a| a.event_id).collect()
    }

    fn badged(&self) -> impl Iterator<Item = &Attendance> {
        self.attendances.iter().filter(|a| a.attending && a.matched)
    }

    /// What is stored of a saved event.
    pub fn saved(&self, event: EventId) -> Option<&Saved> {
        self.saved.iter().find(|saved| saved.event_id == event)
    }

    /// What is stored of a registration.
    pub fn attendance(&self, event: EventId) -> Option<&Attendance> {
        self.attendances.iter().find(|a| a.event_id == event)
    }

    /// Whether one more event finds room among those with a badge.
    pub fn has_room(&self, event: EventId) -> bool {
        self.badged().filter(|a| a.event_id != event).count() < MAX_BADGES
    }

    /// The person's card as of now.
    pub fn card(&self, embedder: &Embedder, profile: &Profile) -> Card {
        Card::of(embedder, profile, &self.interests())
    }

    /// The person's card at an event.
    pub fn card_at(&self, embedder: &Embedder, profile: &Profile, event: EventId) -> Card {
        Card::of(embedder, profile, &self.interests_at(event))
    }

    fn shares_at(&self, event: EventId) -> bool {
        self.answered(event).is_some_and(|a| !a.answers.is_empty())
    }
}

/// A change of a person.
#[derive(Debug)]
pub enum Change {
    /// The member itself: profile or name.
    Member(Box<Member>),
    /// A saved event.
    Saved(Saved),
    /// Answers at an event.
    Answered(Answered),
    /// A registration.
    Attendance(Attendance),
}

/// Collects the change and all that follows from it: the member's new vector,
/// and the badge at every event where the person has one.
pub(super) fn collect(commit: &mut Commit, embedder: &Embedder, before: &Person, change: Change) {
    let mut after = before.clone();
    let only = apply(commit, &mut after, change);
    let card = after
        .member
        .profile
        .as_ref()
        .map(|profile| after.card(embedder, profile));
    if only.is_none() {
        after.member.stamp += 1;
        after.member.vector = card.as_ref().map(|card| {
            ByteBuf::from(
                card.vector
                    .iter()
                    .map(|x| x.cast_unsigned())
                    .collect::<Vec<u8>>(),
            )
        });
    }
    let shown = after.visible().is_some();
    for attendance in &after.attendances {
        let concerned = match only {
            Some(event) => event == attendance.event_id,
            None => attendance.attending,
        };
        if !concerned || !attendance.matched {
            continue;
        }
        match (&card, &after.member.profile) {
            (Some(card), Some(profile)) if shown && attendance.attending => {
                let there = attendance.event_id;
                let own = after
                    .shares_at(there)
                    .then(|| after.card_at(embedder, profile, there));
                let card = own.as_ref().unwrap_or(card);
                commit.put(&badge(&after.member, profile, card, attendance));
            }
            // Whoever was not shown before left nothing to take away.
            _ if before.visible().is_some() => {
                commit.delete(badge_key(attendance.event_id, attendance.user_id));
            }
            _ => {}
        }
    }
    member(commit, &after.member).or(Problem::new(&BUSY));
}

/// Applies the change; names the event if it concerns one badge only.
fn apply(commit: &mut Commit, after: &mut Person, change: Change) -> Option<EventId> {
    match change {
        Change::Member(member) => {
            after.member = *member;
            None
        }
        Change::Saved(saved) => {
            commit.put(&saved);
            after.saved.retain(|other| other.event_id != saved.event_id);
            after.saved.push(saved);
            None
        }
        Change::Answered(answered) => {
            commit.put(&answered);
            after.answered.retain(|a| a.event_id != answered.event_id);
            after.answered.push(answered);
            None
        }
        Change::Attendance(attendance) => {
            let event = attendance.event_id;
            commit.put(&attendance);
            after.attendances.retain(|other| other.event_id != event);
            after.attendances.push(attendance);
            Some(event)
        }
    }
}

/// Of somebody who is not known yet it is made sure that they are not gone; of
/// others the version does.
fn member<'a>(commit: &'a mut Commit, member: &Member) -> &'a mut Action {
    if member.version == 0 {
        Erased::not(commit, member.user_id).or(Problem::new(&BUSY));
        commit.create(member)
    } else {
        commit.replace(member)
    }
}

fn badge(member: &Member, profile: &Profile, card: &Card, attendance: &Attendance) -> Badge {
    Badge {
        event_id: attendance.event_id,
        user_id: member.user_id,
        stamp: member.stamp,
        card: ByteBuf::from(card.pack()),
        name: member.name.clone(),
        headline: profile.headline.clone(),
        company: profile.company.clone(),
        roles: profile.roles.clone(),
        until: attendance.expires_at().unwrap_or(attendance.starts_at),
    }
}
