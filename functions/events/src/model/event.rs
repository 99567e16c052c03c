//! An event as it is kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::event::events::{EventInBrief, EventSnapshot};
use shared::id::{EventId, OrganizationId, UserId};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use shared::table::{Entity, Indexes, Key};

use super::change::PendingChange;
use super::details::Details;
use super::history::{HistoryEntry, Step};
use super::status::{Move, Status};
use crate::problems::WRONG_TRANSITION;

/// The largest capacity.
pub const MAX_CAPACITY: u32 = 1_000_000;

/// An event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Which.
    pub id: EventId,
    /// In whose name; a personal event has none.
    #[serde(default)]
    pub organization_id: Option<OrganizationId>,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// The last change.
    pub updated_at: Timestamp,
    /// Where it stands.
    pub status: Status,
    /// Whether it must be approved before it is published, decided when it is
    /// submitted or published.
    pub needs_approval: bool,
    /// When it was opened to everybody; without it nobody outside ever saw it.
    #[serde(default)]
    pub published_at: Option<Timestamp>,
    /// The note of the last decision.
    #[serde(default)]
    pub decision_note: Option<String>,
    /// What the author says.
    pub details: Details,
    /// A change of what was approved, while it waits for approval.
    #[serde(default)]
    pub pending: Option<PendingChange>,
    /// The version that was submitted last: what an approver may decide on
    /// without having said which version they saw.
    #[serde(default)]
    pub submitted_version: Option<u64>,
    /// Counts what a calendar must hear of: changes of time, place and title,
    /// and the cancellation (SEQUENCE, RFC 5545 §3.8.7.4).
    #[serde(default)]
    pub sequence: u32,
    /// Counts the changes.
    pub version: u64,
}

impl Event {
    /// Where the event `id` is kept.
    pub fn key_of(id: EventId) -> Key {
        Key::new(format!("EVENT#{id}"), "EVENT")
    }

    /// How events sort by time.
    pub fn time_key(&self) -> String {
        format!("{}#{}", self.details.starts_at, self.id)
    }

    /// Whether `reader` may see it: everybody once it is public, before that
    /// its maker, and those of its organisation who see internal events.
    pub fn visible_to(&self, reader: Option<&Principal>) -> bool {
        self.published_at.is_some() && self.status.public()
            || reader.is_some_and(|reader| self.inside(reader))
    }

    /// Whether `reader` belongs to those who make it.
    pub fn inside(&self, reader: &Principal) -> bool {
        match self.organization_id {
            Some(organization) => reader.can(Permission::EventViewInternal, organization),
            None => reader.user_id == self.created_by,
        }
    }

    /// Whether `actor` may do what `permission` stands for.
    ///
    /// # Errors
    /// 404 for whoever may not even see it, 403 for whoever may.
    pub fn authorise(&self, actor: &Principal, permission: Permission) -> Result<(), Problem> {
        if !self.visible_to(Some(actor)) {
            return Err(Problem::not_found("The event"));
        }
        let allowed = match self.organization_id {
            Some(organization) => actor.can(permission, organization),
            None => actor.user_id == self.created_by,
        };
        if allowed {
            return Ok(());
        }
        let name = serde_json::to_value(permission).unwrap_or_default();
        Err(Problem::forbidden("You may not do this with the event.")
            .with("requiredPermission", name))
    }

    /// The event after a move.
    ///
    /// # Errors
    /// 409 with `allowedTransitions`.
    pub fn moved(&self, step: Move, now: Timestamp) -> Result<Self, Problem> {
        let status = self
            .status
            .after(step, self.needs_approval)
            .ok_or_else(|| {
                let allowed: Vec<&str> = self
                    .status
                    .next(self.needs_approval)
                    .into_iter()
                    .map(Status::name)
                    .collect();
                Problem::new(&WRONG_TRANSITION)
                    .detail(format!("The event is {}.", self.status.name()))
                    .with("currentStatus", self.status.name())
                    .with("allowedTransitions", allowed)
            })?;
        Ok(Self {
            status,
            updated_at: now,
            published_at: self.published_at.or((step == Move::Publish).then_some(now)),
            sequence: self.sequence + u32::from(step == Move::Cancel),
            // What is called off or over is not changed any more.
            pending: self
                .pending
                .clone()
                .filter(|_| !matches!(step, Move::Cancel | Move::Complete)),
            ..self.clone()
        })
    }

    /// The event with other details; calendars hear of it if it is about when,
    /// where or what.
    pub fn with_details(&self, details: Details, now: Timestamp) -> Self {
        let told = |details: &Details| {
            (
                details.starts_at,
                details.ends_at,
                details.title.clone(),
                (details.venue.clone(), details.room.clone()),
            )
        };
        let changed = told(&self.details) != told(&details);
        Self {
            sequence: self.sequence + u32::from(changed),
            details,
            updated_at: now,
            ..self.clone()
        }
    }

    /// Whether it was changed after it was submitted.
    pub fn edited_in_review(&self) -> bool {
        self.status == Status::Submitted && self.submitted_version != Some(self.version)
    }

    /// The entry of its history for the step that led to this version.
    pub fn entry(
        &self,
        at: Timestamp,
        step: Step,
        actor_id: Option<UserId>,
        note: Option<String>,
        changed: Vec<String>,
    ) -> HistoryEntry {
        HistoryEntry {
            event_id: self.id,
            to_version: self.version,
            step,
            at,
            actor_id,
            note,
            changed,
        }
    }

    /// As people are told of it.
    pub fn brief(&self) -> EventInBrief {
        EventInBrief {
            event_id: self.id,
            title: self.details.title.clone(),
            starts_at: self.details.starts_at,
            time_zone: self.details.time_zone.clone(),
        }
    }

    /// What other groups get to know.
    pub fn snapshot(&self) -> EventSnapshot {
        let details = &self.details;
        EventSnapshot {
            event_id: self.id,
            organization_id: self.organization_id,
            created_by: self.created_by,
            status: self.status.name().to_owned(),
            title: details.title.clone(),
            description: details.description.clone(),
            tags: details.tags.clone(),
            starts_at: details.starts_at,
            ends_at: details.ends_at,
            time_zone: details.time_zone.clone(),
            venue_name: details.venue.as_ref().map(|venue| venue.name.clone()),
            city: details.venue.as_ref().and_then(|venue| venue.city.clone()),
            capacity: details.capacity,
        }
    }
}

impl Entity for Event {
    const KIND: &'static str = "event";

    fn key(&self) -> Key {
        Self::key_of(self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }

    /// `gsi1` lists what is published, by time; `gsi2` everything of an
    /// organisation, or of a person, by time.
    fn indexes(&self) -> Indexes {
        let owner = match self.organization_id {
            Some(organization) => format!("ORG#{organization}"),
            None => format!("USER#{}", self.created_by),
        };
        Indexes {
            gsi1: (self.status == Status::Published)
                .then(|| Key::new(crate::store::PUBLISHED, self.time_key())),
            gsi2: Some(Key::new(owner, self.time_key())),
        }
    }
}
