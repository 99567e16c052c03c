//! The people and things that the journeys need, made by the functions
//! themselves.

use serde_json::{Value, json};

use crate::Result;
use crate::payload::Request;
use crate::stack::{Endpoint, Stack};
use crate::timer::Timer;

/// A signed-in person.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// User id.
    pub id: String,
    /// Address.
    pub email: String,
    /// Access token.
    pub token: String,
}

/// Who and what there is.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// Organises: owner of the organisation.
    pub organiser: Person,
    /// Approves.
    pub approver: Person,
    /// Attends.
    pub attendee: Person,
    /// Warms instances up, and is never measured.
    pub passer_by: Person,
    /// The organisation, whose events need approval.
    pub organization: String,
    /// A published event.
    pub event: String,
    /// The public keys.
    pub jwks: Value,
}

/// The password of everybody here.
const PASSWORD: &str = "four unrelated words do well";

/// The request that registers `name`, each from an address of its own.
pub fn registration(name: &str) -> Request {
    let number = name
        .bytes()
        .fold(7_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    Request::new("POST", "/v1/auth/register")
        .from(&format!("198.51.100.{number}"))
        .body(json!({
            "email": format!("{name}@example.org"),
            "password": PASSWORD,
            "name": name,
        }))
}

/// The request that signs `person` in.
pub fn login(person: &Person) -> Request {
    Request::new("POST", "/v1/auth/login")
        .body(json!({"email": person.email, "password": PASSWORD}))
}

/// Registers `name`.
pub async fn register(stack: &mut Stack, name: &str) -> Result<Person> {
    let answer = stack
        .request("auth-api", &registration(name))
        .await?
        .response;
    Ok(Person {
        id: answer.text("/user/id")?,
        email: format!("{name}@example.org"),
        token: answer.text("/accessToken")?,
    })
}

/// `count` new accounts, each at a network of its own.
pub async fn people(stack: &Stack, count: usize) -> Result<Vec<Person>> {
    let mut auth = Timer::start(stack, "auth-api", Endpoint::Unlimited).await?;
    let mut people = Vec::with_capacity(count);
    for number in 0..count {
        let name = format!("person-{}", uuid::Uuid::now_v7().simple());
        let request = registration(&name).from(&home(number));
        let (answer, _) = auth.send(&request).await?;
        people.push(Person {
            id: answer.text("/user/id")?,
            email: format!("{name}@example.org"),
            token: answer.text("/accessToken")?,
        });
    }
    Ok(people)
}

/// The address of the `number`-th person's network.
pub fn home(number: usize) -> String {
    format!("10.{}.{}.7", number / 250 % 250, number % 250)
}

/// Signs people in again: a token lasts a quarter of an hour.
pub async fn sign_in(stack: &Stack, people: &mut [Person]) -> Result<()> {
    let mut auth = Timer::start(stack, "auth-api", Endpoint::Unlimited).await?;
    for (number, person) in people.iter_mut().enumerate() {
        let (answer, _) = auth.send(&login(person).from(&home(number))).await?;
        person.token = answer.text("/accessToken")?;
    }
    Ok(())
}

/// A new event of the organisation.
pub fn new_event(world: &World) -> Request {
    Request::new("POST", "/v1/events")
        .token(&world.organiser.token)
        .keyed()
        .body(json!({
            "organizationId": world.organization,
            "title": "Rust Conference",
            "description": "Two days of talks about systems that last. ".repeat(10),
            "startsAt": "2031-05-20T08:00:00Z",
            "endsAt": "2031-05-21T16:00:00Z",
            "timeZone": "Europe/Berlin",
            "capacity": 500,
            "tags": ["rust", "systems"],
            "venue": {
                "name": "Congress Hall",
                "address": "Alexanderplatz 1, 10178 Berlin",
                "city": "Berlin",
                "coordinates": {"lat": 52.52, "lng": 13.41},
            },
        }))
}

/// A move of an event: submit, approve, publish.
pub fn move_event(event: &str, action: &str, by: &Person) -> Request {
    Request::new("POST", format!("/v1/events/{event}/{action}"))
        .token(&by.token)
        .keyed()
        .body(json!({}))
}

/// Registers the attendee for an event.
pub fn attend(event: &str, person: &Person) -> Request {
    Request::new("POST", format!("/v1/events/{event}/registrations"))
        .token(&person.token)
        .keyed()
        .body(json!({}))
}

/// A networking profile.
pub fn profile(person: &Person, goal: &str) -> Request {
    Request::new("PUT", "/v1/matchmaking/profile")
        .token(&person.token)
        .body(json!({
            "businessType": "startup",
            "companySize": "11-50",
            "roles": ["engineer"],
            "lookingFor": ["partner", "investor"],
            "industries": ["software"],
            "goals": [goal],
        }))
}

impl World {
    /// Registers the people and founds the organisation.
    pub async fn found(stack: &mut Stack) -> Result<Self> {
        let mut world = Self {
            organiser: register(stack, "organiser").await?,
            approver: register(stack, "approver").await?,
            attendee: register(stack, "attendee").await?,
            passer_by: register(stack, "passer-by").await?,
            ..Self::default()
        };
        let founding = Request::new("POST", "/v1/organizations")
            .token(&world.organiser.token)
            .keyed()
            .body(json!({"name": "Rust Club", "slug": "rust-club", "eventApproval": true}));
        let answer = stack.request("auth-api", &founding).await?.response;
        world.organization = answer.text("/id")?;
        let members = format!("/v1/organizations/{}/members", world.organization);
        let joining = Request::new("POST", members)
            .token(&world.organiser.token)
            .keyed()
            .body(json!({"userId": world.approver.id, "role": "approver"}));
        let answer = stack.request("auth-api", &joining).await?.response;
        let accept = format!(
            "/v1/organizations/{}/invitations/{}/accept",
            world.organization,
            answer.text("/id")?
        );
        let accepting = Request::new("POST", accept)
            .token(&world.approver.token)
            .keyed();
        stack.request("auth-api", &accepting).await?;
        let keys = Request::new("GET", "/.well-known/jwks.json");
        world.jwks = stack.request("auth-api", &keys).await?.response.body;
        Ok(world)
    }

    /// Signs everybody in again.
    pub async fn sign_in(&mut self, stack: &Stack) -> Result<()> {
        for person in [
            &mut self.organiser,
            &mut self.approver,
            &mut self.attendee,
            &mut self.passer_by,
        ] {
            sign_in(stack, std::slice::from_mut(person)).await?;
        }
        Ok(())
    }

    /// Publishes an event with one attendee, and gives people profiles.
    pub async fn populate(&mut self, stack: &mut Stack) -> Result<()> {
        stack.settle().await?;
        let answer = stack
            .request("events-api", &new_event(self))
            .await?
            .response;
        self.event = answer.text("/id")?;
        for (action, by) in [
            ("submit", &self.organiser),
            ("approve", &self.approver),
            ("publish", &self.organiser),
        ] {
            stack
                .request("events-api", &move_event(&self.event, action, by))
                .await?;
        }
        stack.settle().await?;
        for person in [
            &self.organiser,
            &self.approver,
            &self.attendee,
            &self.passer_by,
        ] {
            stack
                .request("events-api", &attend(&self.event, person))
                .await?;
        }
        stack.settle().await?;
        Ok(())
    }

    /// Gives people networking profiles.
    pub async fn mingle(&self, stack: &mut Stack) -> Result<()> {
        for (person, goal) in [
            (&self.organiser, "find speakers"),
            (&self.approver, "learn about embedded systems"),
            (&self.attendee, "find a partner for a startup"),
            (&self.passer_by, "hire engineers"),
        ] {
            stack
                .request("matchmaking-api", &profile(person, goal))
                .await?;
        }
        stack.settle().await?;
        Ok(())
    }
}
