//! How people get into an event.

pub mod get;
pub mod set;
pub mod write;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{Admission, CheckInList, Counts, Question, TicketType};

/// A ticket type, and what is left of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketTypeView {
    /// The type.
    #[serde(flatten)]
    ticket_type: TicketType,
    /// Places that can be had now, of the type and of the event; absent means
    /// that nothing limits them.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<u32>,
    /// How many places people wait for.
    waitlist_count: u32,
}

/// How people get into an event.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdmissionView {
    /// The ticket types, with what is left of each.
    ticket_types: Vec<TicketTypeView>,
    /// What is asked at registration.
    questions: Vec<Question>,
    /// The most places of one registration where there are no ticket types.
    max_per_registration: u32,
    /// How long a place from the waitlist is offered, in minutes; `null` means
    /// that it is given at once.
    #[schema(required)]
    offer_minutes: Option<u32>,
    /// The lists at the door.
    check_in_lists: Vec<CheckInList>,
    /// Counts the changes; the `ETag` begins with it. 0 until the organiser says something.
    version: u64,
}

impl AdmissionView {
    fn new(admission: &Admission, counts: &Counts) -> Self {
        let ticket_types = admission.ticket_types.iter().map(|kind| {
            let (overall, own) = counts.room(&kind.id);
            let limited = counts.capacity.is_some() || kind.quota.is_some();
            TicketTypeView {
                ticket_type: kind.clone(),
                available: limited.then_some(overall.min(own)),
                waitlist_count: counts.kind(&kind.id).waiting,
            }
        });
        Self {
            ticket_types: ticket_types.collect(),
            questions: admission.questions.clone(),
            max_per_registration: admission.max_per_registration,
            offer_minutes: admission.offer_minutes,
            check_in_lists: admission.check_in_lists.clone(),
            version: admission.version,
        }
    }

    /// The version, and what is left, which changes without it.
    fn tag(&self) -> String {
        let left = self.ticket_types.iter().fold(String::new(), |tag, kind| {
            let available = kind
                .available
                .map_or(String::new(), |left| left.to_string());
            format!("{tag}.{available}-{}", kind.waitlist_count)
        });
        format!("{}{left}", self.version)
    }
}

/// What the organiser says of admission.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NewAdmission {
    /// At most 20.
    #[serde(default)]
    ticket_types: Vec<TicketType>,
    /// At most 50.
    #[serde(default)]
    questions: Vec<Question>,
    /// The most places of one registration where there are no ticket types.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 20)]
    max_per_registration: u32,
    /// How long a place from the waitlist is offered; absent means that it is
    /// given at once.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10_080)]
    offer_minutes: Option<u32>,
    /// At most 20; none means one that admits everybody once.
    #[serde(default)]
    check_in_lists: Vec<CheckInList>,
}

fn one() -> u32 {
    1
}
