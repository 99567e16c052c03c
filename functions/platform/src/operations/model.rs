//! An operation, and how what is heard of it becomes its state.
//!
//! Events come in any order and any number of times. So the state is the sum of
//! the facts: each has its place, what is there already stays unless an earlier
//! one comes, and what follows from several facts is reckoned when it is asked
//! for. Adding facts commutes and repeats without effect.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::id::{OperationId, UserId};
use shared::personal::GROUPS;
use utoipa::ToSchema;

/// This group's own name among the steps of a deletion: the person's exports.
pub const OWN: &str = "platform";

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = OperationKind)]
pub enum Kind {
    /// An account is deleted, with all that is kept of the person.
    AccountDeletion,
    /// All that is kept of a person is put into one file.
    AccountExport,
}

impl Kind {
    /// The groups that have a part in it.
    pub fn groups(self) -> impl Iterator<Item = &'static str> {
        let own = (self == Self::AccountDeletion).then_some(OWN);
        GROUPS.into_iter().chain(own)
    }
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = OperationStatus)]
pub enum Status {
    /// It begins at `eraseAt`, unless it is cancelled.
    Scheduled,
    /// It was cancelled before it began.
    Cancelled,
    /// Some groups have not done their part.
    Running,
    /// Nothing is left to do.
    Completed,
}

/// What a group did.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// When.
    pub completed_at: Timestamp,
    /// How many of what.
    pub counts: BTreeMap<String, u64>,
}

/// The file of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Archive {
    /// When it was made.
    pub completed_at: Timestamp,
    /// When it is removed.
    pub expires_at: Timestamp,
}

/// What an event says of an operation.
#[derive(Debug, Clone)]
pub enum Fact {
    /// A person wants their account deleted.
    DeletionRequested {
        /// Who.
        user_id: UserId,
        /// When the event was.
        at: Timestamp,
        /// When it begins.
        erase_at: Timestamp,
    },
    /// They changed their mind.
    DeletionCancelled {
        /// Who.
        user_id: UserId,
        /// When the event was.
        at: Timestamp,
    },
    /// The account is gone.
    Deleted {
        /// When the event was.
        at: Timestamp,
    },
    /// A person wants all that is kept of them.
    ExportRequested {
        /// Who.
        user_id: UserId,
        /// When the event was.
        at: Timestamp,
    },
    /// A group has done its part.
    Stepped {
        /// Which.
        group: String,
        /// What it did.
        step: Step,
    },
    /// Whose operation it was is gone: nothing is left to be seen of it.
    Discarded {
        /// When the account went.
        at: Timestamp,
    },
}

/// Everything that is known of an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Which.
    pub id: OperationId,
    /// Counts the changes; 0 if nothing is stored yet.
    pub version: u64,
    /// What is done; unknown while only steps were heard of. `kind` is what the
    /// item is.
    #[serde(default, rename = "operation")]
    pub kind: Option<Kind>,
    /// Whose it is, as long as there is an account.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// When it was asked for.
    #[serde(default)]
    pub requested_at: Option<Timestamp>,
    /// When a deletion begins.
    #[serde(default)]
    pub erase_at: Option<Timestamp>,
    /// When it was cancelled.
    #[serde(default)]
    pub cancelled_at: Option<Timestamp>,
    /// When the account went.
    #[serde(default)]
    pub deleted_at: Option<Timestamp>,
    /// When another operation deleted the account that this one belonged to.
    #[serde(default)]
    pub discarded_at: Option<Timestamp>,
    /// What the groups did.
    #[serde(default)]
    pub steps: BTreeMap<String, Step>,
    /// What became of an export.
    #[serde(default)]
    pub archive: Option<Archive>,
}

/// Puts a value in its place unless a smaller one is there: of two events that
/// say different things the earlier counts, whichever came first.
fn least<T: Ord>(place: &mut Option<T>, value: T) {
    if place.as_ref().is_none_or(|there| value < *there) {
        *place = Some(value);
    }
}

impl Operation {
    /// Nothing known yet.
    pub fn new(id: OperationId) -> Self {
        Self {
            id,
            version: 0,
            kind: None,
            user_id: None,
            requested_at: None,
            erase_at: None,
            cancelled_at: None,
            deleted_at: None,
            discarded_at: None,
            steps: BTreeMap::new(),
            archive: None,
        }
    }

    /// With one fact more.
    pub fn with(mut self, fact: &Fact) -> Self {
        match fact {
            Fact::DeletionRequested {
                user_id,
                at,
                erase_at,
            } => {
                self.of(Kind::AccountDeletion, *user_id);
                least(&mut self.requested_at, *at);
                least(&mut self.erase_at, *erase_at);
            }
            Fact::DeletionCancelled { user_id, at } => {
                self.of(Kind::AccountDeletion, *user_id);
                least(&mut self.cancelled_at, *at);
            }
            Fact::Deleted { at } => {
                least(&mut self.kind, Kind::AccountDeletion);
                least(&mut self.deleted_at, *at);
            }
            Fact::ExportRequested { user_id, at } => {
                self.of(Kind::AccountExport, *user_id);
                least(&mut self.requested_at, *at);
            }
            Fact::Stepped { group, step } => {
                let mut place = self.steps.remove(group);
                least(&mut place, step.clone());
                self.steps.extend(place.map(|step| (group.clone(), step)));
            }
            Fact::Discarded { at } => least(&mut self.discarded_at, *at),
        }
        if self.deleted_at.is_some() || self.discarded_at.is_some() {
            self.user_id = None;
        }
        self
    }

    fn of(&mut self, kind: Kind, user_id: UserId) {
        least(&mut self.kind, kind);
        least(&mut self.user_id, user_id);
    }

    /// Whether every group has done its part.
    pub fn is_answered(&self) -> bool {
        self.kind.is_some_and(|kind| {
            let mut groups = kind.groups();
            groups.all(|group| self.steps.contains_key(group))
        })
    }

    /// Whether its file can be made, and is to be.
    pub fn is_due(&self) -> bool {
        self.kind == Some(Kind::AccountExport)
            && self.discarded_at.is_none()
            && self.archive.is_none()
            && self.is_answered()
    }

    /// How far it is; nothing while it is not known what it is, or when it is
    /// nobody's any more.
    pub fn status(&self) -> Option<Status> {
        if self.discarded_at.is_some() {
            return None;
        }
        let begun = self.deleted_at.is_some() || !self.steps.is_empty();
        Some(match self.kind? {
            Kind::AccountExport if self.archive.is_some() => Status::Completed,
            Kind::AccountExport => Status::Running,
            Kind::AccountDeletion if self.completed_at().is_some() => Status::Completed,
            Kind::AccountDeletion if begun => Status::Running,
            Kind::AccountDeletion if self.cancelled_at.is_some() => Status::Cancelled,
            Kind::AccountDeletion => Status::Scheduled,
        })
    }

    /// When it was asked for: if the request was not heard of, when the first was
    /// that was.
    pub fn created_at(&self) -> Timestamp {
        let steps = self.steps.values().map(|step| step.completed_at);
        let others = [self.cancelled_at, self.deleted_at, self.discarded_at];
        let heard = || steps.chain(others.into_iter().flatten()).min();
        self.requested_at.or_else(heard).unwrap_or_default()
    }

    /// When the groups were told to begin.
    pub fn started_at(&self) -> Option<Timestamp> {
        match self.kind? {
            Kind::AccountDeletion => self.deleted_at,
            Kind::AccountExport => self.requested_at,
        }
    }

    /// When nothing was left to do.
    pub fn completed_at(&self) -> Option<Timestamp> {
        match self.kind? {
            Kind::AccountExport => self.archive.map(|archive| archive.completed_at),
            Kind::AccountDeletion => {
                let gone = self.deleted_at.filter(|_| self.is_answered())?;
                let steps = self.steps.values().map(|step| step.completed_at);
                steps.chain([gone]).max()
            }
        }
    }
}

#[cfg(test)]
mod tests;
