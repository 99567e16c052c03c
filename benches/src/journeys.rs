//! The journeys: what each step consumes, from the request to the last worker.

use crate::payload::Request;
use crate::stack::{Metered, Settled, Stack};
use crate::usage::Usage;
use crate::world::{self, World};
use crate::{Context as _, Result, tables};

/// How many requests a person makes at one instance before wandering off. What
/// an instance remembers of the person spares reads and writes within a visit.
pub const VISIT: u32 = 10;

/// What a step is counted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Reads.
    Read,
    /// Writes with an Idempotency-Key.
    KeyedWrite,
    /// Takes or gives credentials, or sets something without a key.
    Other,
}

/// A measured step.
#[derive(Debug)]
pub struct Step {
    /// What it does.
    pub name: &'static str,
    /// What it is counted as.
    pub kind: Kind,
    /// The first request of a person at an instance.
    pub first: Usage,
    /// The mean request of a visit; only reads are repeated.
    pub visit: Option<Usage>,
    /// What it set off.
    pub caused: Usage,
    /// Messages that workers received.
    pub delivered: usize,
}

impl Step {
    /// What is priced: the visit's mean, or the single write and all it set off.
    pub fn priced(&self) -> Usage {
        let mut usage = self.visit.as_ref().unwrap_or(&self.first).clone();
        usage += &self.caused;
        usage
    }
}

/// Steps that were measured, and why others were not.
#[derive(Debug, Default)]
pub struct Journeys {
    /// The steps.
    pub steps: Vec<Step>,
    /// Reasons.
    pub failures: Vec<String>,
}

/// One step to take.
struct Plan<'a> {
    name: &'static str,
    kind: Kind,
    binary: &'a str,
    request: Request,
}

/// Takes every step in turn.
pub async fn travel(stack: &mut Stack, world: &mut World) -> Journeys {
    let mut journeys = Journeys::default();
    for result in [
        accounts(stack, world, &mut journeys.steps).await,
        events(stack, world, &mut journeys.steps).await,
        notifications(stack, world, &mut journeys.steps).await,
        matches(stack, world, &mut journeys.steps).await,
    ] {
        if let Err(failure) = result {
            journeys.failures.push(failure.to_string());
        }
    }
    stack.explain("");
    journeys
}

async fn accounts(stack: &mut Stack, world: &World, steps: &mut Vec<Step>) -> Result<()> {
    let person = world.attendee.clone();
    for plan in [
        Plan {
            name: "register",
            kind: Kind::Other,
            binary: "auth-api",
            request: world::registration("newcomer"),
        },
        Plan {
            name: "log in",
            kind: Kind::Other,
            binary: "auth-api",
            request: world::login(&person).from("198.51.100.250"),
        },
        Plan {
            name: "read own profile",
            kind: Kind::Read,
            binary: "auth-api",
            request: Request::new("GET", "/v1/users/me").token(&person.token),
        },
    ] {
        take(stack, world, plan, steps).await?;
    }
    Ok(())
}

async fn events(stack: &mut Stack, world: &mut World, steps: &mut Vec<Step>) -> Result<()> {
    world
        .populate(stack)
        .await
        .context("an event to begin with")?;
    let (organiser, approver) = (world.organiser.clone(), world.approver.clone());
    let binary = "events-api";
    let write = |name, request| Plan {
        name,
        kind: Kind::KeyedWrite,
        binary,
        request,
    };
    let read = |name, request| Plan {
        name,
        kind: Kind::Read,
        binary,
        request,
    };

    let create = write("create event", world::new_event(world));
    let event = take(stack, world, create, steps)
        .await?
        .response
        .text("/id")?;
    let moves = [
        ("submit event", "submit", &organiser),
        ("approve event", "approve", &approver),
        ("publish event", "publish", &organiser),
    ];
    for (name, action, by) in moves {
        take(
            stack,
            world,
            write(name, world::move_event(&event, action, by)),
            steps,
        )
        .await?;
    }
    let attendee = world.attendee.clone();
    let get = |target: String| Request::new("GET", target).token(&attendee.token);
    take(
        stack,
        world,
        read("list events", get("/v1/events".into())),
        steps,
    )
    .await?;
    take(
        stack,
        world,
        read("read event", get(format!("/v1/events/{event}"))),
        steps,
    )
    .await?;
    let attend = write("register for event", world::attend(&event, &attendee));
    take(stack, world, attend, steps).await?;
    Ok(())
}

async fn notifications(stack: &mut Stack, world: &World, steps: &mut Vec<Step>) -> Result<()> {
    for (name, target) in [
        ("list notifications", "/v1/notifications"),
        (
            "count unread notifications",
            "/v1/notifications/unread-count",
        ),
    ] {
        let request = Request::new("GET", target).token(&world.attendee.token);
        let plan = Plan {
            name,
            kind: Kind::Read,
            binary: "notifications-api",
            request,
        };
        take(stack, world, plan, steps).await?;
    }
    Ok(())
}

async fn matches(stack: &mut Stack, world: &World, steps: &mut Vec<Step>) -> Result<()> {
    world.mingle(stack).await.context("networking profiles")?;
    let binary = "matchmaking-api";
    let set = world::profile(&world.attendee, "meet the people behind the compiler");
    let plan = Plan {
        name: "set networking profile",
        kind: Kind::Other,
        binary,
        request: set,
    };
    take(stack, world, plan, steps).await?;
    let target = format!("/v1/matchmaking/matches?eventId={}", world.event);
    let request = Request::new("GET", target).token(&world.attendee.token);
    let plan = Plan {
        name: "list matches",
        kind: Kind::Read,
        binary,
        request,
    };
    take(stack, world, plan, steps).await?;
    Ok(())
}

/// Takes one step at an instance that has served others but not this person.
async fn take(
    stack: &mut Stack,
    world: &World,
    plan: Plan<'_>,
    steps: &mut Vec<Step>,
) -> Result<Metered> {
    stack.settle().await?;
    stack.restart(plan.binary).await?;
    for request in warming(plan.binary, world) {
        stack.invoke(plan.binary, &request.event()).await?;
    }
    stack.settle().await?;
    // Nobody has made a request for a while, as is usual with people.
    tables::clear(stack.database(), "limits")?;
    stack.explain(plan.name);
    let first = stack
        .request(plan.binary, &plan.request)
        .await
        .context(plan.name)?;
    let mut visit = None;
    if plan.kind == Kind::Read {
        let mut sum = first.usage.clone();
        for _ in 1..VISIT {
            sum += &stack.request(plan.binary, &plan.request).await?.usage;
        }
        visit = Some(sum.times(1.0 / f64::from(VISIT)));
    }
    let Settled {
        usage: caused,
        delivered,
    } = stack.settle().await.context(plan.name)?;
    steps.push(Step {
        name: plan.name,
        kind: plan.kind,
        first: first.usage.clone(),
        visit,
        caused,
        delivered,
    });
    Ok(first)
}

/// Requests of somebody else that an instance has served before.
fn warming(binary: &str, world: &World) -> Vec<Request> {
    let somebody = &world.passer_by;
    let get = |target: &str| Request::new("GET", target).token(&somebody.token);
    match binary {
        "auth-api" => vec![world::login(somebody), get("/v1/users/me")],
        "events-api" => vec![get(&format!("/v1/events/{}", world.event))],
        "notifications-api" => vec![get("/v1/notifications/unread-count")],
        "matchmaking-api" => vec![get("/v1/matchmaking/profile")],
        _ => Vec::new(),
    }
}

/// The mean price per million of some steps.
pub fn mean_price<'a>(steps: impl Iterator<Item = &'a Step>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for step in steps {
        sum += step.priced().price() * 1e6;
        count += 1.0;
    }
    (count > 0.0).then(|| sum / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(kind: Kind, reads: f64, visit: Option<f64>, writes: f64) -> Step {
        let of = |reads| Usage {
            reads,
            ..Usage::default()
        };
        Step {
            name: "step",
            kind,
            first: of(reads),
            visit: visit.map(of),
            caused: Usage {
                writes,
                ..Usage::default()
            },
            delivered: 0,
        }
    }

    #[test]
    fn a_read_is_priced_by_its_visit_and_a_write_with_what_it_set_off() {
        let read = step(Kind::Read, 10.0, Some(2.0), 0.0);
        assert!((read.priced().price() * 1e6 - 0.25).abs() < 1e-9);
        let write = step(Kind::KeyedWrite, 2.0, None, 4.0);
        assert!((write.priced().price() * 1e6 - 2.75).abs() < 1e-9);
    }

    #[test]
    fn prices_are_averaged_over_the_steps_of_a_kind() {
        let steps = [
            step(Kind::Read, 8.0, None, 0.0),
            step(Kind::Read, 16.0, None, 0.0),
        ];
        assert!((mean_price(steps.iter()).unwrap() - 1.5).abs() < 1e-9);
        assert_eq!(mean_price([].iter()), None);
    }
}
