//! Identity: what signing in, renewing and verifying take and consume.

use std::time::{Duration, Instant};

use serde_json::json;
use shared::access::AccessReader;
use shared::token::Verifier;

use crate::authenticator::Authenticator;
use crate::load;
use crate::payload::Request;
use crate::stack::{Endpoint, Stack};
use crate::stats::Samples;
use crate::timer::{Figures, Timer};
use crate::world::{self, Person, World};
use crate::{Context as _, Result, tables};

const BINARY: &str = "auth-api";
/// The issuer of the tokens, as functions are told in `PUBLIC_URL`.
const ISSUER: &str = "https://api.example.com";

/// How much to measure.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// People who sign in, once of each kind.
    pub people: usize,
    /// Of these, the units are metered.
    pub metered: usize,
    /// Verifications of a token.
    pub verifications: usize,
}

/// What was measured.
#[derive(Debug, Default)]
pub struct Identity {
    /// Requests by name.
    pub requests: Vec<(&'static str, Figures)>,
    /// What is done within a function, by name, in µs.
    pub verifying: Vec<(&'static str, Samples)>,
}

/// Somebody with or without an authenticator app.
struct Signer {
    person: Person,
    home: String,
    app: Option<Authenticator>,
}

/// Measures everything.
pub async fn measure(stack: &mut Stack, world: &mut World, plan: Plan) -> Result<Identity> {
    tables::clear(stack.database(), "limits")?;
    world.sign_in(stack).await?;
    let mut identity = Identity::default();
    let people = world::people(stack, plan.people).await?;
    let mut signers: Vec<Signer> = people
        .into_iter()
        .enumerate()
        .map(|(number, person)| Signer {
            person,
            home: world::home(number),
            app: None,
        })
        .collect();
    for (known, new, abroad) in [
        (
            "sign-in by password, known network",
            "sign-in by password, new network",
            16,
        ),
        (
            "sign-in by password and TOTP, known network",
            "sign-in by password and TOTP, new network",
            17,
        ),
    ] {
        // Whoever was right somewhere is known there from then on.
        let mut timer = Timer::start(stack, BINARY, Endpoint::Unlimited).await?;
        for signer in &mut signers {
            let home = signer.home.clone();
            sign_in(&mut timer, signer, &home).await?;
        }
        let at_home = round(stack, world, &mut signers, plan, None).await?;
        identity.requests.push((known, at_home));
        let abroad = round(stack, world, &mut signers, plan, Some(abroad)).await?;
        identity.requests.push((new, abroad));
        if signers.iter().all(|signer| signer.app.is_none()) {
            let renewed = renewing(stack, world, &mut signers, plan).await?;
            identity.requests.push(("refresh", renewed));
            enrol(stack, &mut signers).await?;
        }
    }
    identity.verifying = verifying(stack, world, plan.verifications).await?;
    Ok(identity)
}

/// Everybody signs in once: at home, or at a network of their own in
/// `172.<abroad>.0.0/16`.
async fn round(
    stack: &mut Stack,
    world: &World,
    signers: &mut [Signer],
    plan: Plan,
    abroad: Option<u8>,
) -> Result<Figures> {
    let network = |signer: &Signer, number: usize| match abroad {
        None => signer.home.clone(),
        Some(second) => format!("172.{second}.{}.{}", number / 250, number % 250),
    };
    stack.restart(BINARY).await?;
    let (mut reads, mut writes) = (0.0, 0.0);
    let (metered, counted) = signers.split_at_mut(plan.metered);
    for (number, signer) in metered.iter_mut().enumerate() {
        let from = network(signer, number);
        let request = world::login(&signer.person).from(&from);
        let mut answered = vec![stack.request(BINARY, &request).await?];
        if let Some(app) = &mut signer.app {
            let challenge = answered[0].response.text("/challengeId")?;
            let request = verification(&challenge, &app.next().await).from(&from);
            answered.push(stack.request(BINARY, &request).await?);
        }
        reads += answered.iter().map(|one| one.usage.reads).sum::<f64>();
        writes += answered.iter().map(|one| one.usage.writes).sum::<f64>();
    }
    let count = crate::usage::units(plan.metered, 1);
    let mut timer = Timer::warmed(
        stack,
        (BINARY, Endpoint::Unlimited),
        &world::login(&world.passer_by),
    )
    .await?;
    for (number, signer) in counted.iter_mut().enumerate() {
        let from = network(signer, plan.metered + number);
        let took = sign_in(&mut timer, signer, &from).await?;
        timer.note(took);
    }
    timer.figures((reads / count, writes / count))
}

/// The ms that a sign-in takes: one request, or two with an app.
async fn sign_in(timer: &mut Timer, signer: &mut Signer, from: &str) -> Result<f64> {
    let request = world::login(&signer.person).from(from);
    let (answer, mut took) = timer.send(&request).await?;
    if let Some(app) = &mut signer.app {
        let challenge = answer.text("/challengeId")?;
        let request = verification(&challenge, &app.next().await).from(from);
        took += timer.send(&request).await?.1;
    }
    Ok(took)
}

fn verification(challenge: &str, code: &str) -> Request {
    Request::new("POST", "/v1/auth/mfa/verify")
        .body(json!({"challengeId": challenge, "code": code}))
}

/// Everybody sets up an authenticator app.
async fn enrol(stack: &Stack, signers: &mut [Signer]) -> Result<()> {
    let mut timer = Timer::start(stack, BINARY, Endpoint::Unlimited).await?;
    for signer in signers {
        let login = world::login(&signer.person).from(&signer.home);
        let token = timer.send(&login).await?.0.text("/accessToken")?;
        let post = |path: &str| Request::new("POST", path).token(&token);
        let (answer, _) = timer.send(&post("/v1/auth/mfa/totp")).await?;
        let mut app = Authenticator::new(&answer.text("/secret")?)?;
        let code = json!({"code": app.next().await});
        timer
            .send(&post("/v1/auth/mfa/totp/confirm").body(code))
            .await?;
        signer.app = Some(app);
    }
    Ok(())
}

/// Everybody exchanges a refresh token.
async fn renewing(
    stack: &mut Stack,
    world: &World,
    signers: &mut [Signer],
    plan: Plan,
) -> Result<Figures> {
    let mut timer = Timer::start(stack, BINARY, Endpoint::Unlimited).await?;
    let mut requests = Vec::new();
    for signer in signers {
        let login = world::login(&signer.person).from(&signer.home);
        let token = timer.send(&login).await?.0.text("/refreshToken")?;
        let request = Request::new("POST", "/v1/auth/refresh").from(&signer.home);
        requests.push(request.body(json!({"refreshToken": token})));
    }
    let (metered, counted) = requests.split_at(plan.metered);
    stack.restart(BINARY).await?;
    let units = crate::timer::units(stack, BINARY, metered).await?;
    let look = Request::new("GET", "/v1/users/me").token(&world.passer_by.token);
    let mut timer = Timer::warmed(stack, (BINARY, Endpoint::Unlimited), &look).await?;
    for request in counted {
        timer.time(request).await?;
    }
    timer.figures(units)
}

/// What every function does with a token, in this process.
async fn verifying(
    stack: &Stack,
    world: &World,
    count: usize,
) -> Result<Vec<(&'static str, Samples)>> {
    let token = &world.attendee.token;
    let aws = load::aws(stack);
    let reader = AccessReader::new(aws.table("access"), ISSUER, Duration::from_hours(1));
    // Whoever's access was read is remembered: as of the second request.
    reader
        .authenticate(token)
        .await
        .context("a token to verify")?;
    let kid = crate::node::key_of(token, &world.jwks)?["kid"].clone();
    let keys = reader.keys().await.context("the keys")?;
    let key = keys.iter().find(|key| kid == key.kid);
    let verifier = Verifier::new(key.context("the token's key")?).context("a key")?;
    let (mut alone, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let begun = Instant::now();
        verifier
            .verify(token, ISSUER, aws.clock.now())
            .context("a token to verify")?;
        alone.push(microseconds(begun));
        let begun = Instant::now();
        reader
            .authenticate(token)
            .await
            .context("a token to verify")?;
        whole.push(microseconds(begun));
    }
    Ok(vec![
        ("signature and claims of a token", Samples::new(alone)),
        ("the caller behind a token, remembered", Samples::new(whole)),
    ])
}

fn microseconds(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e6
}
