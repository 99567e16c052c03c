//! How many people an organiser, or somebody who hands over, may have written
//! to: anybody can have an account, and letters go to anybody.

use http::header::RETRY_AFTER;
use jiff::SignedDuration;
use shared::commit::Commit;
use shared::digest;
use shared::id::{OrganizationId, UserId};
use shared::problem::{Problem, QUOTA_EXCEEDED};
use shared::table::Key;

/// Between two letters to the same person.
const PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// How many letters one person gets in a day (UTC), whoever has them sent.
const MOST_RECEIVED: u32 = 20;
/// How many letters a person has sent in a day.
const MOST_BY_PERSON: u32 = 100;
/// How many an organisation has sent in a day.
const MOST_BY_ORGANIZATION: u32 = 10_000;
/// Longer than the day that they count.
const KEPT: SignedDuration = SignedDuration::from_hours(48);

/// Who has letters sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// An organisation, for its events.
    Organization(OrganizationId),
    /// Anybody.
    Person(UserId),
}

impl Sender {
    /// Who sends for an event.
    pub fn of(event: &crate::model::Event) -> Self {
        event
            .organization_id
            .map_or(Self::Person(event.created_by), Self::Organization)
    }
}

/// Counts a letter to `recipient`, an address or a user's id; the commit fails
/// with 429 when it is one too many, or too soon after another.
pub fn letter(commit: &mut Commit, sender: Sender, recipient: &str) {
    let now = commit.now();
    let day = now.strftime("%Y-%m-%d").to_string();
    let hash = digest::sha256(&[b"letter", recipient.as_bytes()]);
    let received = Key::new(format!("LETTERS#{hash}#{day}"), "RECEIVED");
    commit
        .update(received)
        .add("count", 1)
        .set("at", now.as_second())
        .until(now + KEPT)
        .when("(attribute_not_exists(#at) OR #at <= :before)")
        .bind(":before", (now - PAUSE).as_second())
        .when("(attribute_not_exists(#count) OR #count < :most)")
        .bind(":most", MOST_RECEIVED)
        .or(Problem::new(&QUOTA_EXCEEDED)
            .detail("This person was written to a moment ago, or too often today.")
            .header(RETRY_AFTER, &PAUSE.as_secs().to_string()));
    let (sender, most) = match sender {
        Sender::Organization(id) => (format!("ORG#{id}"), MOST_BY_ORGANIZATION),
        Sender::Person(id) => (format!("USER#{id}"), MOST_BY_PERSON),
    };
    commit
        .update(Key::new(format!("LETTERS#{sender}#{day}"), "SENT"))
        .add("count", 1)
        .until(now + KEPT)
        .when("(attribute_not_exists(#count) OR #count < :most)")
        .bind(":most", most)
        .or(Problem::new(&QUOTA_EXCEEDED)
            .detail(format!("At most {most} people can be written to in a day."))
            .header(RETRY_AFTER, "3600"));
}
