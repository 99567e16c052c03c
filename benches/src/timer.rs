//! One warm instance whose requests are timed one by one.

use crate::instance::Instance;
use crate::payload::{self, Request, Response};
use crate::stack::{Endpoint, Stack};
use crate::stats::Samples;
use crate::{Context as _, Result};

/// What was measured of a kind of request.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// From handing over a request to its answer, in ms.
    pub warm: Samples,
    /// The function's own processor time for one, in ms.
    pub cpu_ms: f64,
    /// Peak resident memory in MB.
    pub memory_mb: f64,
    /// DynamoDB read units of one.
    pub reads: f64,
    /// DynamoDB write units of one.
    pub writes: f64,
}

/// An instance with no rate limit in its way, and the database next to it
/// unless it needs more.
pub struct Timer {
    instance: Instance,
    samples: Vec<f64>,
    cpu_before: f64,
}

impl Timer {
    /// Starts an instance of `binary`.
    pub async fn start(stack: &Stack, binary: &str, endpoint: Endpoint) -> Result<Self> {
        let launch = stack.launch(binary, endpoint);
        Ok(Self {
            instance: Instance::start(&launch).await?,
            samples: Vec::new(),
            cpu_before: 0.0,
        })
    }

    /// Starts an instance that has answered `request` before anything counts.
    pub async fn warmed(
        stack: &Stack,
        (binary, endpoint): (&str, Endpoint),
        request: &Request,
    ) -> Result<Self> {
        const WARM_UP: usize = 20;
        let mut timer = Self::start(stack, binary, endpoint).await?;
        for _ in 0..WARM_UP {
            timer.send(request).await?;
        }
        timer.cpu_before = timer.instance.cpu_ms()?;
        Ok(timer)
    }

    /// The answer, whatever its status, and the ms that it took.
    pub async fn answer(&mut self, request: &Request) -> Result<(Response, f64)> {
        let event = payload::bytes(&request.event());
        let outcome = self.instance.invoke(event).await?;
        let took = outcome.answered.duration_since(outcome.handed);
        Ok((Response::parse(&outcome.body)?, took.as_secs_f64() * 1000.0))
    }

    /// The answer of the 2xx, and the ms that it took.
    pub async fn send(&mut self, request: &Request) -> Result<(Response, f64)> {
        let (response, took) = self.answer(request).await?;
        let what = format!("{} {}", request.method, request.target);
        Ok((response.succeeded(&what)?, took))
    }

    /// Sends what counts as one by itself.
    pub async fn time(&mut self, request: &Request) -> Result<Response> {
        let (response, took) = self.send(request).await?;
        self.samples.push(took);
        Ok(response)
    }

    /// Notes what took `ms` altogether.
    pub fn note(&mut self, ms: f64) {
        self.samples.push(ms);
    }

    /// The figures, with the units of one that were metered elsewhere.
    pub fn figures(self, (reads, writes): (f64, f64)) -> Result<Figures> {
        let spent = self.instance.cpu_ms()? - self.cpu_before;
        Ok(Figures {
            cpu_ms: spent / crate::usage::units(self.samples.len(), 1),
            memory_mb: self.instance.peak_memory_mb()?,
            warm: Samples::new(self.samples),
            reads,
            writes,
        })
    }
}

/// The mean read and write units of `requests`, at an instance that all
/// services stand behind.
pub async fn units(stack: &mut Stack, binary: &str, requests: &[Request]) -> Result<(f64, f64)> {
    let (mut reads, mut writes) = (0.0, 0.0);
    for request in requests {
        let usage = stack
            .request(binary, request)
            .await
            .context("metering")?
            .usage;
        reads += usage.reads;
        writes += usage.writes;
    }
    let count = crate::usage::units(requests.len(), 1);
    Ok((reads / count, writes / count))
}
