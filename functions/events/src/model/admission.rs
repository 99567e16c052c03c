//! How people get into an event: its ticket types, its questions, how the
//! waitlist offers places, and the lists at the door.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::id::EventId;
use shared::problem::Problem;
use shared::table::{Entity, Key};
use utoipa::ToSchema;

use super::answers::{Answers, Question};
use super::check_in_list::CheckInList;
use super::counts::Counts;
use super::details::Price;
use super::faults::Faults;
use crate::problems::SALE_CLOSED;

/// The most places of one registration: what is freed at once must be given
/// out in one commit.
pub const MAX_QUANTITY: u32 = 20;
pub(super) const MAX_TYPES: usize = 20;
const MAX_QUESTIONS: usize = 50;
const MAX_LISTS: usize = 20;
/// The most of all of it, as JSON: it is one item, read by each who registers,
/// and a change of it that waits stands within the event.
const MAX_BYTES: usize = 64 * 1024;
/// An offer lasts a week at most.
const MAX_OFFER_MINUTES: u32 = 7 * 24 * 60;

/// A kind of ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TicketType {
    /// Its short name, which registrations refer to; it cannot be renamed.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,30}$", example = "early_bird")]
    pub id: String,
    /// What people read.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// How many places of this type there are; absent means as many as the
    /// event has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub quota: Option<u32>,
    /// What it costs; absent means nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// From when people can register for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sales_from: Option<Timestamp>,
    /// Until when, exclusively.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sales_until: Option<Timestamp>,
    /// The most places of one registration.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 20)]
    pub max_per_registration: u32,
}

/// How people get into an event. Absent, it is one kind of place for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Admission {
    /// Of which event.
    pub event_id: EventId,
    /// The ticket types, in the order in which they are shown.
    #[serde(default)]
    pub ticket_types: Vec<TicketType>,
    /// What is asked at registration.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// The most places of one registration of an event without ticket types.
    #[serde(default = "one")]
    pub max_per_registration: u32,
    /// How long a place from the waitlist is offered, in minutes; absent means
    /// that it is given at once.
    #[serde(default)]
    pub offer_minutes: Option<u32>,
    /// The lists at the door; none means one that admits everybody once.
    #[serde(default)]
    pub check_in_lists: Vec<CheckInList>,
    /// Counts the changes.
    pub version: u64,
}

fn one() -> u32 {
    1
}

impl Admission {
    /// The admission of an event whose organiser said nothing.
    pub fn standard(event_id: EventId) -> Self {
        Self {
            event_id,
            ticket_types: Vec::new(),
            questions: Vec::new(),
            max_per_registration: 1,
            offer_minutes: None,
            check_in_lists: Vec::new(),
            version: 0,
        }
    }

    /// Where it is kept: before the counts, so that nothing stands between
    /// those and the event.
    pub fn key_of(id: EventId) -> Key {
        Key::new(format!("EVENT#{id}"), "ADMISSION")
    }

    /// The list at the door of this name; without a name, the first.
    pub fn list(&self, id: Option<&str>) -> Option<CheckInList> {
        if self.check_in_lists.is_empty() {
            let main = CheckInList::standard();
            return (id.is_none_or(|id| id == main.id)).then_some(main);
        }
        let mut lists = self.check_in_lists.iter();
        match id {
            None => lists.next().cloned(),
            Some(id) => lists.find(|list| list.id == id).cloned(),
        }
    }

    /// The type that a registration wants: `""` where there are none.
    ///
    /// # Errors
    /// 400 for one that does not exist, or none although there are several.
    pub fn wanted(&self, ticket_type: Option<&str>) -> Result<String, Problem> {
        let ids = || {
            let ids: Vec<&str> = self
                .ticket_types
                .iter()
                .map(|kind| kind.id.as_str())
                .collect();
            ids.join(", ")
        };
        match (ticket_type, self.ticket_types.as_slice()) {
            (None, []) => Ok(String::new()),
            (None, [only]) => Ok(only.id.clone()),
            (None, _) => {
                let detail = format!("is required: one of {}", ids());
                Err(Problem::invalid("/ticketType", "missing", detail))
            }
            (Some(id), types) if types.iter().any(|kind| kind.id == id) => Ok(id.to_owned()),
            (Some(_), []) => {
                let detail = "the event has no ticket types";
                Err(Problem::invalid("/ticketType", "unknown", detail))
            }
            (Some(_), _) => {
                let detail = format!("must be one of {}", ids());
                Err(Problem::invalid("/ticketType", "unknown", detail))
            }
        }
    }

    /// Whether so many places of a type may be taken by one registration.
    ///
    /// # Errors
    /// 400 for too many.
    pub fn sized(&self, kind: &str, quantity: u32) -> Result<(), Problem> {
        let most = self
            .ticket_types
            .iter()
            .find(|other| other.id == kind)
            .map_or(self.max_per_registration, |kind| kind.max_per_registration);
        if (1..=most).contains(&quantity) {
            return Ok(());
        }
        let detail = format!("must be 1 to {most}");
        Err(Problem::invalid("/quantity", "out-of-range", detail))
    }

    /// Whether nobody can want more than one place.
    pub fn singles(&self) -> bool {
        self.max_per_registration == 1
            && self
                .ticket_types
                .iter()
                .all(|kind| kind.max_per_registration == 1)
    }

    /// Whether the type is on sale at `now`.
    ///
    /// # Errors
    /// 409 before and after.
    pub fn on_sale(&self, kind: &str, now: Timestamp) -> Result<(), Problem> {
        let Some(kind) = self.ticket_types.iter().find(|other| other.id == kind) else {
            return Ok(());
        };
        let closed = |detail: String| Err(Problem::new(&SALE_CLOSED).detail(detail));
        match (kind.sales_from, kind.sales_until) {
            (Some(from), _) if now < from => {
                closed(format!("Registration for {} begins at {from}.", kind.name))
            }
            (_, Some(until)) if until <= now => {
                closed(format!("Registration for {} ended at {until}.", kind.name))
            }
            _ => Ok(()),
        }
    }

    /// Whether somebody can have a place at `now`: of a type that is on sale and
    /// for which nobody waits.
    pub fn has_place_now(&self, counts: &Counts, now: Timestamp) -> bool {
        if self.ticket_types.is_empty() {
            return counts.has_place_of("");
        }
        let mut ids = self.ticket_types.iter().map(|kind| &kind.id);
        ids.any(|id| counts.has_place_of(id) && self.on_sale(id, now).is_ok())
    }

    /// Checks the answers of somebody who wants a place of type `kind`.
    ///
    /// # Errors
    /// 400 with a pointer to every fault.
    pub fn answered(&self, kind: &str, answers: &Answers) -> Result<(), Problem> {
        super::answers::check(&self.questions, kind, answers, true)
    }

    /// The same, where required answers may be missing: an organiser does not
    /// know them.
    ///
    /// # Errors
    /// 400 with a pointer to every fault.
    pub fn answered_in_part(&self, kind: &str, answers: &Answers) -> Result<(), Problem> {
        super::answers::check(&self.questions, kind, answers, false)
    }

    /// Whether an organiser may register so many at once.
    ///
    /// # Errors
    /// 400 for too many.
    pub fn sized_for_organiser(&self, quantity: u32) -> Result<(), Problem> {
        if (1..=MAX_QUANTITY).contains(&quantity) {
            return Ok(());
        }
        let detail = format!("must be 1 to {MAX_QUANTITY}");
        Err(Problem::invalid("/quantity", "out-of-range", detail))
    }

    /// Itself, if every rule holds.
    ///
    /// # Errors
    /// 400 with every fault.
    pub fn checked(self) -> Result<Self, Problem> {
        let mut faults = Faults::default();
        faults.few("/ticketTypes", self.ticket_types.len(), MAX_TYPES);
        faults.few("/questions", self.questions.len(), MAX_QUESTIONS);
        faults.few("/checkInLists", self.check_in_lists.len(), MAX_LISTS);
        faults.distinct(
            "/ticketTypes",
            self.ticket_types.iter().map(|kind| &kind.id),
        );
        faults.distinct(
            "/questions",
            self.questions.iter().map(|question| &question.id),
        );
        faults.distinct(
            "/checkInLists",
            self.check_in_lists.iter().map(|list| &list.id),
        );
        faults.within(
            "/maxPerRegistration",
            self.max_per_registration,
            1,
            MAX_QUANTITY,
        );
        if let Some(minutes) = self.offer_minutes {
            faults.within("/offerMinutes", minutes, 1, MAX_OFFER_MINUTES);
        }
        for (i, kind) in self.ticket_types.iter().enumerate() {
            faults.ticket_type(&format!("/ticketTypes/{i}"), kind);
        }
        for (i, question) in self.questions.iter().enumerate() {
            question.check(&format!("/questions/{i}"), &mut faults);
            let at = format!("/questions/{i}/ticketTypes");
            faults.types(&at, &question.ticket_types, &self.ticket_types);
        }
        for (i, list) in self.check_in_lists.iter().enumerate() {
            faults.list(&format!("/checkInLists/{i}"), list, &self.ticket_types);
        }
        faults.small("", &self, MAX_BYTES);
        faults.done()?;
        Ok(self)
    }
}

impl Entity for Admission {
    const KIND: &'static str = "admission";

    fn key(&self) -> Key {
        Self::key_of(self.event_id)
    }

    fn version(&self) -> u64 {
        self.version
    }
}
