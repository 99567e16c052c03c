//! Demo data, loaded over the API as any client would: an organisation, a dozen people
//! who look for each other, and a conference whose sessions are events.
//!
//! Every step may run again: what exists is found instead of made twice.

mod data;

use std::thread;
use std::time::{Duration, Instant};

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};
use serde_json::{Value, json};

use crate::Outcome;
use crate::http::{Http, Reply};
use crate::progress::say;
use data::{APPROVER, ORGANIZER, PASSWORD, PEOPLE, Person, SESSIONS, Session};

/// Roles and events of other groups arrive within this time or not at all.
const PATIENCE: Duration = Duration::from_secs(20);
const SLUG: &str = "plenary-conf";
const ZONE: &str = "Europe/Zurich";

/// Somebody who is signed in.
struct Client<'a> {
    http: &'a Http,
    id: String,
    bearer: String,
}

impl Client<'_> {
    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Outcome<Reply> {
        self.http
            .send(method, path, &[("authorization", &self.bearer)], body)
    }

    /// A write that may come before the API has heard of what it builds on.
    fn eventually(&self, what: &str, path: &str, body: &Value, fine: &[u16]) -> Outcome<Value> {
        let began = Instant::now();
        loop {
            let reply = self.send("POST", path, Some(body))?;
            let early = matches!(reply.status, 403 | 404) && began.elapsed() < PATIENCE;
            if !early {
                return reply.expect(what, fine);
            }
            thread::sleep(Duration::from_millis(250));
        }
    }
}

/// Loads what is not there yet.
pub fn load(http: &Http) -> Outcome {
    let clients = PEOPLE
        .iter()
        .map(|person| sign_in(http, person))
        .collect::<Outcome<Vec<_>>>()?;
    say(&format!("{} people have accounts", clients.len()));
    for (client, person) in clients.iter().zip(PEOPLE) {
        let reply = client.send("PUT", "/v1/matchmaking/profile", Some(&person.profile()))?;
        reply.expect("the networking profile", &[200, 201, 204])?;
    }
    say("their networking profiles are set");
    let (organizer, approver) = (&clients[ORGANIZER], &clients[APPROVER]);
    let organization = organization(organizer)?;
    let member = json!({"userId": approver.id, "role": "approver"});
    let path = format!("/v1/organizations/{organization}");
    let members = format!("{path}/members");
    organizer.eventually("asking the approver", &members, &member, &[201, 409])?;
    accept(organizer, approver, &path)?;
    say("the organisation has an owner and an approver");
    let first_day = first_day()?;
    let existing = titles(organizer, &organization)?;
    for session in SESSIONS {
        if !existing.iter().any(|title| title == session.title) {
            publish(organizer, approver, &organization, session, first_day)?;
        }
    }
    say(&format!("{} events are published", SESSIONS.len()));
    attend(&clients, &organization)
}

/// The approver accepts an invitation that is open.
fn accept(organizer: &Client<'_>, approver: &Client<'_>, organization: &str) -> Outcome {
    let listed = organizer
        .send("GET", &format!("{organization}/invitations"), None)?
        .expect("the invitations", &[200])?;
    let open = listed["items"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|one| one["state"] == "pending" && one["userId"] == approver.id.as_str());
    if let Some(id) = open.and_then(|one| one["id"].as_str()) {
        let path = format!("{organization}/invitations/{id}/accept");
        let reply = approver.send("POST", &path, None)?;
        reply.expect("accepting to approve", &[200])?;
    }
    Ok(())
}

fn sign_in<'a>(http: &'a Http, person: &Person) -> Outcome<Client<'a>> {
    let mut account = json!({"email": person.email(), "password": PASSWORD});
    let mut reply = http.send("POST", "/v1/auth/login", &[], Some(&account))?;
    if reply.status == 401 {
        account["name"] = person.name.into();
        account["company"] = person.company.into();
        reply = http.send("POST", "/v1/auth/register", &[], Some(&account))?;
    }
    let body = reply.expect("signing in", &[200, 201])?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let (id, token) = (text(&body["user"]["id"]), text(&body["accessToken"]));
    match (id, token) {
        (Some(id), Some(token)) => Ok(Client {
            http,
            id,
            bearer: format!("Bearer {token}"),
        }),
        _ => Err(format!(
            "signing in answered without a user or a token: {body}"
        )),
    }
}

fn organization(organizer: &Client<'_>) -> Outcome<String> {
    let listed = organizer
        .send("GET", "/v1/organizations", None)?
        .expect("the organisations", &[200])?;
    let found = listed["items"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|item| item["slug"] == SLUG);
    if let Some(id) = found.and_then(|item| item["id"].as_str()) {
        return Ok(id.to_owned());
    }
    let body = json!({"name": "Plenary Conf", "slug": SLUG, "eventApproval": true});
    let created = organizer.send("POST", "/v1/organizations", Some(&body))?;
    id_of(&created.expect("the organisation", &[201])?)
}

fn id_of(resource: &Value) -> Outcome<String> {
    let id = resource["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| format!("no id in {resource}"))
}

/// The events of the organisation, whatever their state.
fn events(client: &Client<'_>, organization: &str) -> Outcome<Vec<Value>> {
    let mut found = Vec::new();
    let mut path = format!("/v1/events?organizationId={organization}&limit=100");
    let first = path.clone();
    loop {
        let page = client
            .send("GET", &path, None)?
            .expect("the events", &[200])?;
        found.extend(page["items"].as_array().into_iter().flatten().cloned());
        match page["nextCursor"].as_str() {
            Some(cursor) => path = format!("{first}&cursor={cursor}"),
            None => return Ok(found),
        }
    }
}

fn titles(client: &Client<'_>, organization: &str) -> Outcome<Vec<String>> {
    let events = events(client, organization)?;
    Ok(events
        .iter()
        .filter_map(|event| event["title"].as_str().map(str::to_owned))
        .collect())
}

/// From draft to published, as it goes in an organisation that approves its events.
fn publish(
    organizer: &Client<'_>,
    approver: &Client<'_>,
    organization: &str,
    session: &Session,
    first_day: Date,
) -> Outcome {
    let mut body = session.event();
    body["organizationId"] = organization.into();
    body["timeZone"] = ZONE.into();
    body["startsAt"] = instant(first_day, session.day, session.starts)?.into();
    body["endsAt"] = instant(first_day, session.day, session.ends)?.into();
    let event = id_of(&organizer.eventually("the event", "/v1/events", &body, &[201])?)?;
    let step = |client: &Client<'_>, action: &str| {
        let path = format!("/v1/events/{event}/{action}");
        client
            .eventually(action, &path, &json!({}), &[200, 201, 204])
            .map(drop)
    };
    step(organizer, "submit")?;
    step(approver, "approve")?;
    step(organizer, "publish")
}

/// Everybody comes to the conference, and so finds the others.
fn attend(clients: &[Client<'_>], organization: &str) -> Outcome {
    let listed = events(&clients[ORGANIZER], organization)?;
    let main = listed
        .iter()
        .find(|event| event["title"] == SESSIONS[0].title);
    let id = id_of(main.ok_or("the conference is not listed")?)?;
    let path = format!("/v1/events/{id}/registrations");
    for client in clients {
        client.eventually("registering", &path, &json!({}), &[200, 201, 409])?;
    }
    say(&format!(
        "everybody is registered for {:?} ({id})",
        SESSIONS[0].title
    ));
    Ok(())
}

/// Six weeks from now, on a Thursday.
fn first_day() -> Outcome<Date> {
    let day = now()?
        .date()
        .checked_add(6.weeks())
        .map_err(|err| format!("the date: {err}"))?;
    let until_thursday = (3 - i64::from(day.weekday().to_monday_zero_offset())).rem_euclid(7);
    day.checked_add(until_thursday.days())
        .map_err(|err| format!("the date: {err}"))
}

#[allow(clippy::disallowed_methods)]
fn now() -> Outcome<Zoned> {
    Zoned::now()
        .in_tz(ZONE)
        .map_err(|err| format!("{ZONE}: {err}"))
}

fn instant(first_day: Date, day: i64, hour: (i8, i8)) -> Outcome<String> {
    let fail = |err: jiff::Error| format!("the time of a session: {err}");
    let date = first_day.checked_add(day.days()).map_err(fail)?;
    let time = Time::new(hour.0, hour.1, 0, 0).map_err(fail)?;
    let zone = TimeZone::get(ZONE).map_err(fail)?;
    let zoned = date.to_datetime(time).to_zoned(zone).map_err(fail)?;
    Ok(zoned.timestamp().to_string())
}

/// Whom to sign in as.
pub fn credentials() -> String {
    let line =
        |what: &str, index: usize| format!("{what:<12} {:<28} {PASSWORD}", PEOPLE[index].email());
    let mut lines = vec!["Demo accounts".to_owned()];
    lines.extend([
        line("organiser", ORGANIZER),
        line("approver", APPROVER),
        line("attendee", APPROVER + 1),
    ]);
    lines.push(format!(
        "… and {} more attendees: see xtask/src/demo/data.rs",
        PEOPLE.len() - 3
    ));
    lines.join("\n")
}
