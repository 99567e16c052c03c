//! What of admission an approver approves: which ticket types there are, what
//! they are called and cost, and what is asked. Places, sale windows, the
//! waitlist's rules and the lists at the door are how an event is run: they
//! hold at once.

use jiff::Timestamp;
use serde_json::{Map, Value};
use shared::id::UserId;
use shared::problem::Problem;

use super::admission::{Admission, TicketType};
use super::change::PendingChange;

const TICKET_TYPES: &str = "ticketTypes";
const QUESTIONS: &str = "questions";

/// Whether a field of a change is one of admission.
pub(super) fn of_admission(name: &str) -> bool {
    [TICKET_TYPES, QUESTIONS].contains(&name)
}

/// A ticket type with the name and the price of `face`.
fn faced(kind: &TicketType, face: &TicketType) -> TicketType {
    TicketType {
        name: face.name.clone(),
        price: face.price.clone(),
        ..kind.clone()
    }
}

impl TicketType {
    fn same_face(&self, other: &Self) -> bool {
        (&self.id, &self.name, &self.price) == (&other.id, &other.name, &other.price)
    }
}

impl Admission {
    fn ticket_type(&self, id: &str) -> Option<&TicketType> {
        self.ticket_types.iter().find(|kind| kind.id == id)
    }

    /// What of `wanted` holds without review: all but what is reviewed.
    #[must_use]
    pub fn run_as(&self, wanted: &Self) -> Self {
        let kept = self.ticket_types.iter().map(|kind| {
            let run = wanted.ticket_type(&kind.id).unwrap_or(kind);
            faced(run, kind)
        });
        Self {
            ticket_types: kept.collect(),
            questions: self.questions.clone(),
            version: self.version,
            ..wanted.clone()
        }
    }

    /// The fields of `wanted` that have to be reviewed.
    ///
    /// # Errors
    /// 500 when they have no JSON form.
    fn to_review(&self, wanted: &Self) -> Result<Map<String, Value>, Problem> {
        let same = self.ticket_types.len() == wanted.ticket_types.len()
            && self
                .ticket_types
                .iter()
                .zip(&wanted.ticket_types)
                .all(|(old, new)| old.same_face(new));
        let mut fields = reviewed(wanted)?;
        if same {
            fields.remove(TICKET_TYPES);
        }
        if self.questions == wanted.questions {
            fields.remove(QUESTIONS);
        }
        Ok(fields)
    }

    /// The names of the fields in which `other` differs.
    pub fn changed(&self, other: &Self) -> Vec<String> {
        [
            (TICKET_TYPES, self.ticket_types != other.ticket_types),
            (QUESTIONS, self.questions != other.questions),
            (
                "maxPerRegistration",
                self.max_per_registration != other.max_per_registration,
            ),
            ("offerMinutes", self.offer_minutes != other.offer_minutes),
            ("checkInLists", self.check_in_lists != other.check_in_lists),
        ]
        .into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(name, _)| name.to_owned())
        .collect()
    }
}

impl PendingChange {
    /// The change that waits once `wanted` is sent to review too; nothing if
    /// `wanted` needs none. What is sent as it is approved says nothing of what
    /// waits already.
    ///
    /// # Errors
    /// 500 when the fields have no JSON form.
    pub fn of_admission(
        waiting: Option<&Self>,
        approved: &Admission,
        wanted: &Admission,
        by: UserId,
        at: Timestamp,
    ) -> Result<Option<Self>, Problem> {
        let new = approved.to_review(wanted)?;
        if new.is_empty() {
            return Ok(None);
        }
        let mut fields = waiting
            .map(|change| change.fields.clone())
            .unwrap_or_default();
        fields.extend(new);
        Ok(Some(Self {
            fields,
            proposed_by: by,
            proposed_at: at,
        }))
    }

    /// Whether it is about admission.
    pub fn about_admission(&self) -> bool {
        self.fields.keys().any(|name| of_admission(name))
    }

    /// Admission with the change in it. How a ticket type is run is taken from
    /// the one that there is, for it may have changed since.
    ///
    /// # Errors
    /// 400 when both together are not valid any more.
    pub fn admitted(&self, now: &Admission) -> Result<Admission, Problem> {
        self.merged(now)?.checked()
    }

    /// As [`PendingChange::admitted`], valid or not.
    pub(super) fn merged(&self, now: &Admission) -> Result<Admission, Problem> {
        let mut next = now.clone();
        if let Some(types) = self.fields.get(TICKET_TYPES) {
            let wanted: Vec<TicketType> =
                serde_json::from_value(types.clone()).map_err(Problem::internal)?;
            next.ticket_types = wanted
                .into_iter()
                .map(|face| match now.ticket_type(&face.id) {
                    Some(kind) => faced(kind, &face),
                    None => face,
                })
                .collect();
        }
        if let Some(questions) = self.fields.get(QUESTIONS) {
            next.questions =
                serde_json::from_value(questions.clone()).map_err(Problem::internal)?;
        }
        Ok(next)
    }
}

/// What of admission is reviewed, by name.
///
/// # Errors
/// 500 when it has no JSON form.
pub(super) fn reviewed(admission: &Admission) -> Result<Map<String, Value>, Problem> {
    let Admission {
        ticket_types,
        questions,
        ..
    } = admission;
    let types = serde_json::to_value(ticket_types).map_err(Problem::internal)?;
    let questions = serde_json::to_value(questions).map_err(Problem::internal)?;
    Ok(Map::from_iter([
        (TICKET_TYPES.to_owned(), types),
        (QUESTIONS.to_owned(), questions),
    ]))
}
