//! The door: who came in, by what was scanned where and when.
//!
//! Devices scan without a network and tell later, in any order and more than
//! once. So what is known of a ticket on a list is made of sums, the earliest
//! and the latest of its scans: whatever comes when, the same comes out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::id::{EventId, RegistrationId, UserId};
use shared::table::{Entity, Key};
use utoipa::ToSchema;

use super::check_in_list::CheckInList;
use super::event::Event;
use super::registration::{Registration, RegistrationStatus};
use super::status::Status;

/// Which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// In.
    #[default]
    Entry,
    /// Out.
    Exit,
}

/// What to do at the door, or why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Let in.
    Admitted,
    /// Was let in before, and the list admits once: a second use.
    AlreadyCheckedIn,
    /// Let out.
    Left,
    /// Is not inside, so cannot leave.
    NotInside,
    /// Has no registration.
    NotRegistered,
    /// Waits for a place, or has not yet taken the one on offer.
    Waitlisted,
    /// Gave up the registration.
    Cancelled,
    /// The event is not open.
    EventClosed,
    /// The list does not admit now.
    ListClosed,
    /// The list does not admit this ticket type.
    WrongTicketType,
    /// The registration is for fewer people.
    NoSuchPlace,
    /// The ticket is of an earlier registration, or was handed over.
    VoidTicket,
    /// The ticket is for another event.
    WrongEvent,
    /// It is not a ticket, or not one of ours.
    InvalidTicket,
    /// No scan: a check-in was taken back.
    Undone,
}

impl Verdict {
    /// Whether to let the person in, by this scan.
    pub const fn admitted(self) -> bool {
        matches!(self, Self::Admitted)
    }
}

/// Why a registration's place is refused on a list at `at`, if it is.
pub fn refusal(
    event: &Event,
    list: &CheckInList,
    registration: Option<&Registration>,
    number: u8,
    at: Timestamp,
) -> Option<Verdict> {
    if event.status != Status::Published && event.status != Status::Completed {
        return Some(Verdict::EventClosed);
    }
    let Some(registration) = registration else {
        return Some(Verdict::NotRegistered);
    };
    match registration.status {
        RegistrationStatus::Waitlisted | RegistrationStatus::Offered => {
            return Some(Verdict::Waitlisted);
        }
        RegistrationStatus::Cancelled => return Some(Verdict::Cancelled),
        RegistrationStatus::Confirmed | RegistrationStatus::CheckedIn => {}
    }
    if number == 0 || u32::from(number) > registration.quantity {
        return Some(Verdict::NoSuchPlace);
    }
    if !list.ticket_types.is_empty() && !list.ticket_types.contains(&registration.ticket_type) {
        return Some(Verdict::WrongTicketType);
    }
    let closed = list.opens_at.is_some_and(|from| at < from)
        || list.closes_at.is_some_and(|until| until <= at);
    closed.then_some(Verdict::ListClosed)
}

/// What was scanned: kept as it came, and once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scan {
    /// At the door of what.
    pub event_id: EventId,
    /// On which list.
    pub list: String,
    /// By which device.
    pub device: String,
    /// The device's own mark of this scan.
    pub nonce: String,
    /// Whose ticket, where it was one.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// Of which registration.
    #[serde(default)]
    pub registration_id: Option<RegistrationId>,
    /// Which of its places.
    #[serde(default)]
    pub number: u8,
    /// Which way.
    pub direction: Direction,
    /// When, by the device's clock.
    pub at: Timestamp,
    /// When it became known.
    pub received_at: Timestamp,
    /// What came of it.
    pub verdict: Verdict,
    /// Who told.
    pub told_by: UserId,
    /// The hash of what was scanned, where and which way: the same mark with
    /// another one is another scan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Why a check-in was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Scan {
    /// Where it is kept.
    pub fn key_of(event: EventId, device: &str, nonce: &str) -> Key {
        Key::new(format!("DOOR#{event}"), format!("SCAN#{device}#{nonce}"))
    }

    /// How scans of a ticket sort: by time, and then in some order that is
    /// always the same.
    fn order(&self) -> String {
        // Seconds and nanoseconds with a fixed width sort as numbers do.
        let (second, nano) = (self.at.as_second(), self.at.subsec_nanosecond());
        format!("{second:020}.{nano:09}#{}#{}", self.device, self.nonce)
    }
}

impl Entity for Scan {
    const KIND: &'static str = "scan";

    fn key(&self) -> Key {
        Self::key_of(self.event_id, &self.device, &self.nonce)
    }
}

/// What is known of one ticket on one list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// At the door of what.
    pub event_id: EventId,
    /// On which list.
    pub list: String,
    /// Of which registration.
    pub registration_id: RegistrationId,
    /// Which of its places.
    pub number: u8,
    /// Scans on the way in.
    pub entries: u32,
    /// Scans on the way out.
    pub exits: u32,
    /// Second uses that the door refused; those it did not know of are entries.
    #[serde(default)]
    pub refused: u32,
    /// The earliest entry.
    #[serde(default)]
    pub first_at: Option<Timestamp>,
    /// The order of the latest scan.
    #[serde(default)]
    pub latest: String,
    /// Which way that one went.
    pub inside: bool,
    /// Counts the changes.
    pub version: u64,
}

impl Presence {
    /// Nothing is known yet.
    pub fn none(
        event_id: EventId,
        list: &str,
        registration_id: RegistrationId,
        number: u8,
    ) -> Self {
        Self {
            event_id,
            list: list.to_owned(),
            registration_id,
            number,
            entries: 0,
            exits: 0,
            refused: 0,
            first_at: None,
            latest: String::new(),
            inside: false,
            version: 0,
        }
    }

    /// Where it is kept.
    pub fn key_of(event: EventId, list: &str, registration: RegistrationId, number: u8) -> Key {
        Key::new(
            format!("DOOR#{event}"),
            format!("AT#{list}#{registration}#{number:03}"),
        )
    }

    /// What to do for a scan, given what is known.
    pub fn verdict(&self, scan: &Scan, list: &CheckInList) -> Verdict {
        let newest = self.latest < scan.order();
        match scan.direction {
            Direction::Exit if self.inside || !newest => Verdict::Left,
            Direction::Exit => Verdict::NotInside,
            Direction::Entry if self.entries == 0 => Verdict::Admitted,
            // Out and in again; or one of several visits, told late.
            Direction::Entry if list.multi_entry && !(newest && self.inside) => Verdict::Admitted,
            Direction::Entry => Verdict::AlreadyCheckedIn,
        }
    }

    /// After a second use that was refused: nobody came in by it.
    pub fn after_refusal(&self) -> Self {
        Self {
            refused: self.refused + 1,
            ..self.clone()
        }
    }

    /// After the check-in was taken back: as if it had never been.
    pub fn undone(&self) -> Self {
        Self {
            version: self.version,
            ..Self::none(self.event_id, &self.list, self.registration_id, self.number)
        }
    }

    /// Whether the ticket was shown for entry more often than `list` admits: to
    /// two devices without a network, or a copy of it.
    pub fn used_twice(&self, list: &CheckInList) -> bool {
        !list.multi_entry && self.entries + self.refused > 1
    }

    /// What is known after a scan, whatever order they come in.
    pub fn after(&self, scan: &Scan) -> Self {
        let mut next = self.clone();
        match scan.direction {
            Direction::Entry => {
                next.entries += 1;
                let first = next.first_at.map_or(scan.at, |first| first.min(scan.at));
                next.first_at = Some(first);
            }
            Direction::Exit => next.exits += 1,
        }
        let order = scan.order();
        if next.latest < order {
            next.latest = order;
            next.inside = scan.direction == Direction::Entry;
        }
        next
    }
}

impl Entity for Presence {
    const KIND: &'static str = "presence";

    fn key(&self) -> Key {
        Self::key_of(self.event_id, &self.list, self.registration_id, self.number)
    }

    fn version(&self) -> u64 {
        self.version
    }
}

/// How many a list has let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attendance {
    /// Tickets that came in at least once.
    #[serde(default)]
    pub admitted: u32,
    /// Of these, who is inside now.
    #[serde(default)]
    pub inside: u32,
    /// At the door of what.
    #[serde(default)]
    pub event_id: Option<EventId>,
    /// On which list.
    #[serde(default)]
    pub list: String,
}

impl Attendance {
    /// Where it is kept.
    pub fn key_of(event: EventId, list: &str) -> Key {
        Key::new(format!("DOOR#{event}"), format!("COUNT#{list}"))
    }
}

impl Entity for Attendance {
    const KIND: &'static str = "attendance";

    fn key(&self) -> Key {
        Self::key_of(
            self.event_id
                .unwrap_or_else(|| EventId::from_uuid(uuid::Uuid::nil())),
            &self.list,
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scan(at: i64, device: u8, entry: bool) -> Scan {
        let direction = if entry {
            Direction::Entry
        } else {
            Direction::Exit
        };
        let at = Timestamp::from_second(1_800_000_000 + at).unwrap();
        Scan {
            event_id: EventId::new(),
            list: "main".into(),
            device: format!("d{device}"),
            nonce: format!("{at}"),
            user_id: None,
            registration_id: None,
            number: 1,
            direction,
            at,
            received_at: at,
            verdict: Verdict::Admitted,
            told_by: UserId::new(),
            what: None,
            reason: None,
        }
    }

    proptest! {
        /// B3-06: the same scans in any order are the same presence.
        #[test]
        fn ev_20_the_order_of_telling_does_not_matter(
            scans in proptest::collection::vec((0_i64..100, 0_u8..4, any::<bool>()), 1..20)
                .prop_flat_map(|scans| (Just(scans.clone()), Just(scans).prop_shuffle()))
        ) {
            let empty = Presence::none(EventId::new(), "main", RegistrationId::new(), 1);
            let told = |scans: &[(i64, u8, bool)]| scans.iter().fold(empty.clone(), |known, (at, device, entry)| {
                known.after(&scan(*at, *device, *entry))
            });
            // Two scans of one device at one instant are one mark; the way is part of none.
            let mut once = scans.0.clone();
            once.sort_unstable();
            once.dedup_by_key(|scan| (scan.0, scan.1));
            let shuffled: Vec<_> = scans.1.into_iter().filter(|scan| once.contains(scan)).collect();
            let mut distinct = shuffled.clone();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assume!(distinct.len() == shuffled.len());
            prop_assert_eq!(told(&once), told(&shuffled));
        }
    }
}
