//! How long a token is still taken after its session was ended.

use std::time::{Duration, Instant};

use crate::payload::Request;
use crate::stack::{Endpoint, Stack};
use crate::stats::Samples;
use crate::timer::Timer;
use crate::world::{self, World};
use crate::{Error, Result};

/// Whoever is still served after this is served for ever.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// What asks for a token at each function; the answer does not matter.
const PROBES: [(&str, &str); 6] = [
    ("auth-api", "/v1/users/me"),
    ("events-api", "/v1/events/registrations"),
    ("matchmaking-api", "/v1/matchmaking/profile"),
    ("media-api", "/v1/media/media_01h2xcejqtf2nbrexx3vqjhp41"),
    ("notifications-api", "/v1/notifications/unread-count"),
    ("platform-api", "/v1/audit-log"),
];

/// The seconds until a function refused, by function.
pub type Delays = Vec<(&'static str, Samples)>;

/// Ends `rounds` sessions right after every function has looked at their
/// owner's access, which is the worst moment, and asks each until it refuses.
pub async fn measure(stack: &Stack, world: &World, rounds: usize) -> Result<Delays> {
    let mut auth = Timer::start(stack, "auth-api", Endpoint::Unlimited).await?;
    let mut functions = Vec::new();
    for (binary, path) in PROBES {
        if stack.program(binary).exists() {
            let timer = Timer::start(stack, binary, Endpoint::Unlimited).await?;
            functions.push((binary, path, timer, Vec::new()));
        }
    }
    for _ in 0..rounds {
        let (answer, _) = auth.send(&world::login(&world.passer_by)).await?;
        let token = answer.text("/accessToken")?;
        let probe = |path: &str| Request::new("GET", path).token(&token);
        for (binary, path, timer, _) in &mut functions {
            let (answer, _) = timer.answer(&probe(path)).await?;
            if answer.status == 401 {
                let why = format!("{binary} refuses a good token: {}", answer.body);
                return Err(Error(why));
            }
        }
        let logout = Request::new("POST", "/v1/auth/logout").token(&token);
        auth.send(&logout).await?;
        let ended = Instant::now();
        let mut refused = vec![false; functions.len()];
        while refused.contains(&false) {
            if ended.elapsed() > PATIENCE {
                return Err(Error(format!("a token is good {PATIENCE:?} after its end")));
            }
            let asked = functions.iter_mut().zip(&mut refused);
            for ((_, path, timer, delays), refused) in asked.filter(|(_, refused)| !**refused) {
                *refused = timer.answer(&probe(path)).await?.0.status == 401;
                if *refused {
                    delays.push(ended.elapsed().as_secs_f64());
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    let delays = functions.into_iter();
    Ok(delays
        .map(|(binary, _, _, delays)| (binary, Samples::new(delays)))
        .collect())
}
