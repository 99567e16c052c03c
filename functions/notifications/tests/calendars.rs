//! B3-05: letters carry the calendar itself, and no older state of an event
//! after a newer one. The messages are read by the crate `mail-parser`, the
//! calendars as the tests of the events group read theirs.

use jiff::{SignedDuration, Timestamp};
use mail_parser::{MessageParser, MimeHeaders};
use plenary_notifications::mime;
use plenary_notifications::outgoing::{Letter, MailError};
use serde_json::{Value, json};
use shared::event::attendees::GuestNoticed;
use shared::event::events::{
    CalendarDetails, EventChangeNoticed, EventInBrief, RegistrationCancelled, RegistrationCreated,
    RegistrationPromoted, RegistrationTransferOffered,
};
use shared::event::{Contract, Event};
use shared::id::{EventId, RegistrationId, UserId};
use shared::testing::TestUser;

use crate::parsers::{ask, foreign, read};
use crate::stage::{Next, Stage, address, registration};

const GUEST: &str = "guest@example.org";

/// The calendars that a letter brings, as its message says it: each with the
/// method of its part, if it stands beside the text.
fn calendars(letter: &Letter) -> Vec<(Option<String>, String)> {
    let message = mime::message("no-reply@plenary.test", letter);
    let parsed = MessageParser::default().parse(&message).unwrap();
    let beside: Vec<(String, String)> = parsed
        .parts
        .iter()
        .filter(|part| part.is_content_type("text", "calendar"))
        .map(|part| {
            let method = part.content_type().unwrap().attribute("method");
            let text = String::from_utf8(part.contents().to_vec()).unwrap();
            (method.unwrap().to_owned(), text)
        })
        .collect();
    let files: Vec<String> = parsed
        .parts
        .iter()
        .filter(|part| part.is_content_type("application", "ics"))
        .map(|part| String::from_utf8(part.contents().to_vec()).unwrap())
        .collect();
    match beside.as_slice() {
        [] => files.into_iter().map(|text| (None, text)).collect(),
        [(method, text)] => {
            assert_eq!(files, std::slice::from_ref(text), "the same attached");
            vec![(Some(method.clone()), text.clone())]
        }
        more => panic!("{} beside the text", more.len()),
    }
}

/// The one calendar of a letter: method, SEQUENCE, STATUS.
fn only(letter: &Letter) -> (String, u64, String) {
    let all = calendars(letter);
    assert_eq!(all.len(), 1, "{}", letter.content.subject);
    let understood = read(&all[0].1);
    let method = understood["method"].as_str().unwrap().to_owned();
    assert_eq!(all[0].0, Some(method.clone()), "the part says the same");
    let entry = &understood["events"][0];
    let status = entry["status"].as_str().unwrap().to_owned();
    (method, entry["sequence"].as_u64().unwrap(), status)
}

fn request(sequence: u64) -> (String, u64, String) {
    ("REQUEST".into(), sequence, "CONFIRMED".into())
}

fn details(sequence: u32) -> CalendarDetails {
    CalendarDetails {
        sequence,
        ends_at: "2026-10-10T18:30:00Z".parse().unwrap(),
        location: "Saal 1; Süd, Kongresshalle, Berlin".into(),
        cancelled: false,
        accepted: true,
    }
}

/// Somebody's way through an event; every step a second after the one before.
struct Way<'a> {
    stage: &'a Stage,
    user: UserId,
    at: RegistrationCreated,
}

impl<'a> Way<'a> {
    fn of(stage: &'a Stage, user: &TestUser) -> Self {
        let at = registration(user.id, UserId::new(), EventId::new());
        Self {
            stage,
            user: user.id,
            at,
        }
    }

    fn told<C: Contract>(&self, payload: &C, actor: Option<UserId>) -> Event {
        let clock = &self.stage.world.clock;
        clock.advance(SignedDuration::from_secs(1));
        self.stage.event(payload, 1, actor)
    }

    fn confirmed(&self, sequence: u32) -> Event {
        let payload = RegistrationCreated {
            calendar: Some(details(sequence)),
            ..self.at.clone()
        };
        self.told(&payload, Some(self.user))
    }

    fn changed(&self, sequence: u32, starts_at: Timestamp) -> Event {
        let payload = EventChangeNoticed {
            user_id: self.user,
            event: EventInBrief {
                event_id: self.at.event_id,
                title: self.at.title.clone(),
                starts_at,
                time_zone: self.at.time_zone.clone(),
            },
            cancelled: false,
            changed: vec!["startsAt".into()],
            venue_name: None,
            calendar_sequence: sequence,
            calendar: Some(details(sequence)),
        };
        self.told(&payload, None)
    }

    fn moved(&self, sequence: u32) -> Event {
        self.changed(sequence, self.at.starts_at)
    }

    fn ended(&self, calendar: CalendarDetails, actor: Option<UserId>) -> Event {
        let at = self.at.clone();
        let payload = RegistrationCancelled {
            registration_id: at.registration_id,
            event_id: at.event_id,
            user_id: self.user,
            status: "cancelled".into(),
            title: at.title,
            starts_at: at.starts_at,
            time_zone: at.time_zone,
            organizer_id: at.organizer_id,
            organization_id: None,
            reason: None,
            accepted: true,
            calendar: Some(calendar),
        };
        self.told(&payload, actor)
    }

    async fn handles(&self, event: &Event) {
        assert!(self.stage.handles(event).await, "{}", event.kind);
    }
}

/// B3-05, B3-04: the calendar of a confirmation is an invitation that its reader
/// has accepted, under the event's own UID; three parsers read the same.
#[tokio::test]
async fn b3_05_a_confirmation_brings_the_event_for_the_calendar() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let mut way = Way::of(&stage, &ada);
    way.at.title = "Rust; für, alle\\ — 日本語 🎉".into();
    let event = way.confirmed(3);
    way.handles(&event).await;
    let letter = stage.post.letters().remove(0);
    assert_eq!(only(&letter), request(3));
    let (_, text) = calendars(&letter).remove(0);
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
    let unfolded = text.replace("\r\n ", "");
    let url = format!("https://plenary.test/v1/events/{}", way.at.event_id);
    for line in [
        format!("UID:{}", way.at.event_id),
        "ORGANIZER;CN=Plenary:mailto:no-reply@plenary.test".into(),
        format!(
            "ATTENDEE;PARTSTAT=ACCEPTED;RSVP=FALSE:mailto:{}",
            address("Ada")
        ),
        format!("DTSTAMP:{}", event.time.strftime("%Y%m%dT%H%M%SZ")),
        format!("URL:{url}"),
        "TRANSP:OPAQUE".into(),
    ] {
        assert!(
            unfolded.contains(&format!("{line}\r\n")),
            "{line}\n{unfolded}"
        );
    }
    for (name, mut command) in foreign() {
        let wanted = json!({"method": "REQUEST", "events": [{
            "uid": way.at.event_id, "sequence": 3,
            "start": "2026-10-10T16:30:00Z", "end": "2026-10-10T18:30:00Z", "zone": "UTC",
            "summary": way.at.title, "description": url,
            "location": "Saal 1; Süd, Kongresshalle, Berlin", "geo": Value::Null,
            "status": "CONFIRMED", "categories": [],
        }]});
        assert_eq!(ask(&mut command, &text), wanted, "{name}");
    }
}

/// B3-05: whom an organiser registered has accepted nothing; who waits has
/// nothing in the calendar; who comes from the waitlist has.
#[tokio::test]
async fn b3_05_a_calendar_says_how_its_reader_stands_to_the_event() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let mut way = Way::of(&stage, &ada);
    way.at.status = "waitlisted".into();
    let waits = way.told(&way.at.clone(), Some(ada.id));
    way.handles(&waits).await;
    let promoted = RegistrationPromoted {
        registration_id: way.at.registration_id,
        event_id: way.at.event_id,
        user_id: ada.id,
        status: "confirmed".into(),
        title: way.at.title.clone(),
        starts_at: way.at.starts_at,
        time_zone: way.at.time_zone.clone(),
        organizer_id: way.at.organizer_id,
        organization_id: None,
        reason: None,
        accepted: false,
        calendar: Some(CalendarDetails {
            accepted: false,
            ..details(0)
        }),
    };
    way.handles(&way.told(&promoted, None)).await;
    let letters = stage.post.letters();
    assert!(calendars(&letters[0]).is_empty());
    assert_eq!(only(&letters[1]), request(0));
    let (_, text) = calendars(&letters[1]).remove(0);
    assert!(text.contains("ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=FALSE:"));
    assert!(text.contains("TRANSP:TRANSPARENT"), "{text}");
}

/// B3-05: SEQUENCE rises from change to change to the cancellation.
#[tokio::test]
async fn b3_05_confirm_change_and_cancel_are_one_entry_that_moves_on() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let way = Way::of(&stage, &ada);
    way.handles(&way.confirmed(0)).await;
    way.handles(&way.moved(1)).await;
    let later = "2026-10-11T16:00:00Z".parse().unwrap();
    way.handles(&way.changed(3, later)).await;
    let called_off = CalendarDetails {
        cancelled: true,
        ..details(4)
    };
    let ended = way.ended(called_off, None);
    way.handles(&ended).await;
    way.handles(&ended).await;
    let letters = stage.post.letters();
    let told: Vec<_> = letters.iter().map(only).collect();
    let cancel = ("CANCEL".to_owned(), 4, "CANCELLED".to_owned());
    assert_eq!(told, [request(0), request(1), request(3), cancel]);
    let uids: Vec<Value> = letters
        .iter()
        .map(|letter| read(&calendars(letter)[0].1)["events"][0]["uid"].clone())
        .collect();
    assert!(uids.iter().all(|uid| *uid == json!(way.at.event_id)));
    let third = read(&calendars(&letters[2])[0].1);
    assert_eq!(third["events"][0]["start"], "20261011T160000Z");
}

/// B3-05: whatever comes late, the calendar hears of nothing older; the letter
/// itself still comes.
#[tokio::test]
async fn b3_05_what_comes_late_brings_no_older_calendar() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let way = Way::of(&stage, &ada);
    let (confirmed, first, second) = (way.confirmed(0), way.moved(1), way.moved(2));
    let ended = way.ended(details(2), None);
    for event in [&second, &first, &ended, &confirmed, &second, &first] {
        way.handles(event).await;
    }
    let letters = stage.post.letters();
    assert_eq!(letters.len(), 4);
    assert_eq!(only(&letters[0]), request(2));
    assert!(calendars(&letters[1]).is_empty(), "older by SEQUENCE");
    // Of the same SEQUENCE, and later; a CANCEL for one has no STATUS.
    assert_eq!(only(&letters[2]), ("CANCEL".into(), 2, String::new()));
    assert!(calendars(&letters[3]).is_empty(), "older than the end");
    // Who registers again is in again.
    way.handles(&way.confirmed(2)).await;
    assert_eq!(only(&stage.post.letters()[4]), request(2));
}

/// B3-05: in whatever order, and however often, and whoever handles them, what
/// goes out never goes back.
#[tokio::test]
async fn b3_05_no_order_of_events_takes_a_calendar_back() {
    for seed in 0..12_usize {
        let stage = Stage::new().await;
        let ada = stage.person("Ada").await;
        let way = Way::of(&stage, &ada);
        let mut events = vec![way.confirmed(0), way.moved(1), way.moved(2)];
        events.push(way.ended(details(3), None));
        let mut order = Vec::new();
        let mut rest = seed * 2;
        while !events.is_empty() {
            let next = events.remove(rest % events.len());
            rest /= 4 - events.len();
            order.push(next);
        }
        for event in order.iter().chain(&order) {
            way.handles(event).await;
        }
        let ages: Vec<u64> = stage
            .post
            .letters()
            .iter()
            .flat_map(calendars)
            .map(|(_, text)| read(&text)["events"][0]["sequence"].as_u64().unwrap())
            .collect();
        assert!(ages.is_sorted(), "{seed}: {ages:?}");
        assert_eq!(ages.last(), Some(&3), "{seed}: the newest always comes");
        assert_eq!(stage.post.letters().len(), 4);
    }
}

/// B3-05: what waits while something newer goes out leaves its calendar behind,
/// be it for quiet hours or because the mail service was busy.
#[tokio::test]
async fn b3_05_what_waited_brings_no_older_calendar() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let way = Way::of(&stage, &ada);
    let later = MailError::Later("throttled".into());
    stage.post.then(Next::Fail(later));
    way.handles(&way.moved(1)).await;
    way.handles(&way.moved(2)).await;
    stage.world.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(stage.sweep().await, 1);
    let letters = stage.post.letters();
    assert_eq!(only(&letters[0]), request(2));
    assert!(calendars(&letters[1]).is_empty());
}

/// B3-05, NO-05: a digest has the newest of each event, once, as files; of one
/// event alone it is an invitation like any other.
#[tokio::test]
async fn b3_05_a_digest_brings_the_newest_of_each_event() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let digest = stage.api.put("/v1/notifications/preferences").bearer(&ada);
    let digest = digest.json(json!({"digest": "daily"}));
    digest.send().await.expect(200);
    let (one, other) = (Way::of(&stage, &ada), Way::of(&stage, &ada));
    for way in [&one, &other] {
        way.handles(&way.confirmed(0)).await;
    }
    one.handles(&one.confirmed(1)).await;
    assert!(stage.post.letters().is_empty());
    stage.world.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(stage.sweep().await, 1);
    let letter = stage.post.letters().remove(0);
    assert_eq!(letter.content.subject, "3 updates for you");
    let mut told: Vec<(String, u64)> = calendars(&letter)
        .iter()
        .map(|(method, text)| {
            assert_eq!(*method, None, "no invitation among several");
            let entry = read(text)["events"][0].clone();
            let uid = entry["uid"].as_str().unwrap().to_owned();
            (uid, entry["sequence"].as_u64().unwrap())
        })
        .collect();
    told.sort();
    let mut wanted = vec![
        (one.at.event_id.to_string(), 1),
        (other.at.event_id.to_string(), 0),
    ];
    wanted.sort();
    assert_eq!(told, wanted);

    let third = Way::of(&stage, &ada);
    third.handles(&third.confirmed(0)).await;
    third.handles(&third.confirmed(1)).await;
    stage.world.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(stage.sweep().await, 1);
    assert_eq!(only(&stage.post.letters()[1]), request(1));
}

/// B3-05: who gives up the own place is told nothing new; the calendar is.
#[tokio::test]
async fn b3_05_who_withdraws_has_it_in_writing_for_the_calendar_alone() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let way = Way::of(&stage, &ada);
    way.handles(&way.confirmed(0)).await;
    way.handles(&way.ended(details(0), Some(ada.id))).await;
    assert_eq!(stage.types(&ada).await, ["registration.confirmed"]);
    assert_eq!(stage.unread(&ada).await, 1);
    let letters = stage.post.letters();
    assert_eq!(only(&letters[1]), ("CANCEL".into(), 0, String::new()));
}

/// B3-05, EV-20: who has no account has a calendar all the same: confirmed,
/// changed, ended, and nothing older after something newer.
#[tokio::test]
async fn b3_05_guests_have_it_in_their_calendars_too() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let way = Way::of(&stage, &ada);
    let at = &way.at;
    let asked = |sequence| {
        Some(CalendarDetails {
            accepted: false,
            ..details(sequence)
        })
    };
    let confirmed = RegistrationTransferOffered {
        registration_id: at.registration_id,
        event_id: at.event_id,
        from_user: None,
        to_user: None,
        email: Some(GUEST.into()),
        sealed_token: Some("sealed:c0de".into()),
        title: at.title.clone(),
        starts_at: at.starts_at,
        time_zone: at.time_zone.clone(),
        expires_at: at.starts_at,
        calendar: asked(0),
    };
    let noticed = |sequence, cancelled| GuestNoticed {
        registration_id: RegistrationId::new(),
        email: GUEST.into(),
        event: EventInBrief {
            event_id: at.event_id,
            title: at.title.clone(),
            starts_at: at.starts_at,
            time_zone: at.time_zone.clone(),
        },
        cancelled,
        reason: None,
        changed: vec!["venue".into()],
        venue_name: None,
        calendar_sequence: sequence,
        calendar: asked(sequence),
    };
    way.handles(&way.told(&confirmed, None)).await;
    let late = way.told(&noticed(1, false), None);
    way.handles(&way.told(&noticed(2, false), None)).await;
    way.handles(&late).await;
    way.handles(&way.told(&noticed(2, true), None)).await;
    let letters = stage.post.letters();
    assert!(letters.iter().all(|letter| letter.to == GUEST));
    assert_eq!(only(&letters[0]), request(0));
    assert_eq!(only(&letters[1]), request(2));
    assert!(calendars(&letters[2]).is_empty());
    assert_eq!(only(&letters[3]), ("CANCEL".into(), 2, String::new()));
    let (_, text) = calendars(&letters[0]).remove(0);
    assert!(
        text.replace("\r\n ", "")
            .contains(&format!("mailto:{GUEST}"))
    );
    let items = stage.world.db.items(stage.world.table()).await;
    let remembered = format!("{items:?}");
    assert!(remembered.contains("INVITED#"));
}

/// B3-05: two workers at once, one with something older: one remembers, the
/// other looks again.
#[tokio::test]
async fn b3_05_two_at_once_agree_on_the_newest() {
    let stage = Stage::new().await;
    let ada = stage.person("Ada").await;
    let way = Way::of(&stage, &ada);
    let events: Vec<Event> = (0..8).map(|sequence| way.moved(sequence)).collect();
    let handled = events.iter().map(|event| stage.handles(event));
    let done = futures::future::join_all(handled).await;
    assert!(done.iter().all(|done| *done));
    for event in &events {
        way.handles(event).await;
    }
    // Nothing can go out after all of them that is older than the newest.
    let waits = way.moved(6);
    let mut waits = waits;
    waits.time = events[0].time;
    way.handles(&waits).await;
    let letters = stage.post.letters();
    assert!(calendars(letters.last().unwrap()).is_empty());
    let newest = letters.iter().flat_map(calendars).map(|(_, text)| {
        let entry = read(&text)["events"][0].clone();
        entry["sequence"].as_u64().unwrap()
    });
    assert_eq!(newest.max(), Some(7));
}
