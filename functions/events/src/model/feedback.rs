//! What attendees thought of an event.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::id::{EventId, UserId};
use shared::table::{Entity, Key};

/// One person's feedback, without whose it is: organisers page through it, and
/// neither an item nor its key, which stands in cursors, tells who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Feedback {
    /// On what.
    pub event_id: EventId,
    /// Random.
    pub id: String,
    /// 1 to 5.
    pub rating: u8,
    /// In words.
    #[serde(default)]
    pub comment: String,
    /// The last change.
    pub updated_at: Timestamp,
    /// Counts the changes.
    pub version: u64,
}

impl Feedback {
    /// Where it is kept.
    pub fn key_of(event: EventId, id: &str) -> Key {
        Key::new(format!("FEEDBACK#{event}"), format!("ONE#{id}"))
    }
}

impl Entity for Feedback {
    const KIND: &'static str = "feedback";

    fn key(&self) -> Key {
        Self::key_of(self.event_id, &self.id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

/// Which feedback is a person's; kept with the person.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedbackGiver {
    /// Who.
    pub user_id: UserId,
    /// On what.
    pub event_id: EventId,
    /// Which.
    pub feedback: String,
}

impl FeedbackGiver {
    /// What the sort keys of these begin with.
    pub const PREFIX: &'static str = "FEEDBACK#";

    /// Where it is kept.
    pub fn key_of(user: UserId, event: EventId) -> Key {
        Key::new(format!("USER#{user}"), format!("FEEDBACK#{event}"))
    }
}

impl Entity for FeedbackGiver {
    const KIND: &'static str = "feedback-giver";

    fn key(&self) -> Key {
        Self::key_of(self.user_id, self.event_id)
    }
}

/// How many gave which rating.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratings {
    /// The event.
    #[serde(default)]
    pub event: Option<EventId>,
    #[serde(default)]
    r1: u32,
    #[serde(default)]
    r2: u32,
    #[serde(default)]
    r3: u32,
    #[serde(default)]
    r4: u32,
    #[serde(default)]
    r5: u32,
}

impl Ratings {
    /// Where they are kept.
    pub fn key_of(event: EventId) -> Key {
        Key::new(format!("FEEDBACK#{event}"), "RATINGS")
    }

    /// The attribute that counts a rating.
    pub fn attribute(rating: u8) -> String {
        format!("r{rating}")
    }

    /// How many gave 1, 2, 3, 4 and 5.
    pub fn distribution(&self) -> [u32; 5] {
        [self.r1, self.r2, self.r3, self.r4, self.r5]
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.distribution().iter().sum()
    }

    /// Their mean, if there are any.
    pub fn average(&self) -> Option<f64> {
        let weighted: f64 = self
            .distribution()
            .iter()
            .zip([1.0, 2.0, 3.0, 4.0, 5.0])
            .map(|(count, rating)| f64::from(*count) * rating)
            .sum();
        let count = self.count();
        (count > 0).then(|| weighted / f64::from(count))
    }
}

impl Entity for Ratings {
    const KIND: &'static str = "ratings";

    fn key(&self) -> Key {
        let nobody = EventId::from_uuid(uuid::Uuid::nil());
        Self::key_of(self.event.unwrap_or(nobody))
    }
}
