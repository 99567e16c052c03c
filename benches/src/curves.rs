//! Events by size: what a request takes and consumes with ten of a thing, a
//! thousand, and a hundred thousand.

use crate::load::{BERLIN, Loader};
use crate::payload::Request;
use crate::stack::{Endpoint, Stack};
use crate::timer::{self, Figures, Timer};
use crate::world::{self, Person, World};
use crate::{Context as _, Result, tables};

const BINARY: &str = "events-api";

/// How much to measure.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many events, and attendees of one event, there are.
    pub sizes: Vec<usize>,
    /// Reads of each kind.
    pub reads: usize,
    /// Writes of each kind, each by somebody else.
    pub writes: usize,
    /// Requests whose units are metered.
    pub metered: usize,
}

/// A point of a curve.
#[derive(Debug)]
pub struct Point {
    /// The request.
    pub request: &'static str,
    /// What there are so many of.
    pub of: &'static str,
    /// How many.
    pub size: usize,
    /// What was measured.
    pub figures: Figures,
}

/// Measures every point; the smallest size first, since the stack only grows.
/// It is to be settled: events must know the organisation.
pub async fn measure(stack: &mut Stack, world: &mut World, plan: &Plan) -> Result<Vec<Point>> {
    let loader = Loader::of(stack);
    let mut points = Vec::new();
    let mut events = Vec::new();
    for size in &plan.sizes {
        eprintln!("{size} events …");
        let more = loader.events(world, events.len()..*size).await?;
        events.extend(more.iter().map(ToString::to_string));
        world.sign_in(stack).await?;
        for (request, targets) in reads(&events, plan.reads) {
            points.push(Point {
                request,
                of: "events",
                size: *size,
                figures: read(stack, world, &targets, plan.metered).await?,
            });
        }
    }
    let mut people = world::people(stack, plan.writes + plan.metered).await?;
    for size in &plan.sizes {
        eprintln!("{size} attendees …");
        let event = event(stack, world).await?;
        loader.attendees(&event, *size).await?;
        world.sign_in(stack).await?;
        world::sign_in(stack, &mut people).await?;
        points.extend(writes(stack, world, (&event, *size), &people, plan).await?);
    }
    Ok(points)
}

/// The reads of each kind: `count` targets.
fn reads(events: &[String], count: usize) -> [(&'static str, Vec<String>); 3] {
    let (lat, lng) = BERLIN;
    let near = format!("/v1/events?near={lat},{lng}&radiusKm=10");
    // Every event in turn, a prime apart.
    let details = (0..count).map(|n| format!("/v1/events/{}", events[n * 7_919 % events.len()]));
    [
        ("`GET /v1/events`", vec!["/v1/events".to_owned(); count]),
        ("`GET /v1/events?near=…&radiusKm=10`", vec![near; count]),
        ("`GET /v1/events/{event}`", details.collect()),
    ]
}

async fn read(
    stack: &mut Stack,
    world: &World,
    targets: &[String],
    metered: usize,
) -> Result<Figures> {
    let request = |target: &String| Request::new("GET", target).token(&world.attendee.token);
    let first = request(targets.first().context("no target")?);
    tables::clear(stack.database(), "limits")?;
    stack.restart(BINARY).await?;
    let some: Vec<Request> = targets.iter().take(metered).map(request).collect();
    let units = timer::units(stack, BINARY, &some).await?;
    let mut timer = Timer::warmed(stack, (BINARY, Endpoint::Database), &first).await?;
    for target in targets {
        timer.time(&request(target)).await?;
    }
    timer.figures(units)
}

/// A published event with room for everybody.
async fn event(stack: &mut Stack, world: &World) -> Result<String> {
    let mut new = world::new_event(world);
    if let Some(body) = &mut new.body {
        body["capacity"] = 1_000_000.into();
    }
    tables::clear(stack.database(), "limits")?;
    let event = stack.request(BINARY, &new).await?.response.text("/id")?;
    for (action, by) in [
        ("submit", &world.organiser),
        ("approve", &world.approver),
        ("publish", &world.organiser),
    ] {
        let request = world::move_event(&event, action, by);
        stack.request(BINARY, &request).await?;
    }
    Ok(event)
}

/// Registrations and check-ins at an event.
async fn writes(
    stack: &mut Stack,
    world: &World,
    (event, size): (&str, usize),
    people: &[Person],
    plan: &Plan,
) -> Result<[Point; 2]> {
    let organiser = &world.organiser;
    let (metered, counted) = people.split_at(plan.metered);
    let look = Request::new("GET", format!("/v1/events/{event}")).token(&organiser.token);
    tables::clear(stack.database(), "limits")?;

    let register = |person: &Person| world::attend(event, person);
    let requests: Vec<Request> = metered.iter().map(register).collect();
    let units = timer::units(stack, BINARY, &requests).await?;
    let mut timer = Timer::warmed(stack, (BINARY, Endpoint::Database), &look).await?;
    for person in counted {
        timer.time(&register(person)).await?;
    }
    let registered = timer.figures(units)?;

    // The key of the tickets is sealed by KMS.
    let mut timer = Timer::start(stack, BINARY, Endpoint::Unlimited).await?;
    let mut requests = Vec::new();
    for person in people {
        let tickets = format!("/v1/events/{event}/registrations/me/tickets");
        let request = Request::new("GET", tickets).token(&person.token);
        let ticket = timer.send(&request).await?.0.text("/items/0/ticket")?;
        requests.push(
            Request::new("POST", format!("/v1/events/{event}/check-ins"))
                .token(&organiser.token)
                .keyed()
                .body(serde_json::json!({"ticket": ticket})),
        );
    }
    let (metered, counted) = requests.split_at(plan.metered);
    let units = timer::units(stack, BINARY, metered).await?;
    let mut timer = Timer::warmed(stack, (BINARY, Endpoint::Unlimited), &look).await?;
    for request in counted {
        timer.time(request).await?;
    }
    let checked_in = timer.figures(units)?;
    let point = |request, figures| Point {
        request,
        of: "attendees of the event",
        size,
        figures,
    };
    Ok([
        point("`POST /v1/events/{event}/registrations`", registered),
        point("`POST /v1/events/{event}/check-ins`", checked_in),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_read_of_many_events_not_of_one() {
        let events: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        let [_, _, (_, targets)] = reads(&events, 50);
        let distinct: std::collections::BTreeSet<_> = targets.iter().collect();
        assert_eq!((targets.len(), distinct.len()), (50, 10));
    }
}
