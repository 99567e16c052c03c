//! Cold start, warm latency and memory of a function, beside another that does
//! the same job.

use bytes::Bytes;

use crate::instance::{Instance, Launch};
use crate::stats::Samples;
use crate::{Context as _, Result};

/// Warm invocations before the first that counts.
const WARM_UP: usize = 50;
/// Warm invocations of one before the other has its turn.
const BLOCK: usize = 100;

/// How often to measure.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Cold starts.
    pub cold: usize,
    /// Warm invocations.
    pub warm: usize,
}

/// A function under measurement.
pub struct Subject {
    /// How it is started.
    pub launch: Launch,
    /// The next event for it.
    pub event: Box<dyn FnMut() -> Result<Bytes>>,
    /// Whether an answer is the right one.
    pub check: fn(&[u8]) -> Result<()>,
}

/// What was measured.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// From spawn to the first answer, in ms.
    pub cold: Samples,
    /// From handing over an event to its answer, in ms.
    pub warm: Samples,
    /// Processor time of a warm invocation, in ms: what it takes itself,
    /// without the database that it waits for.
    pub cpu_ms: f64,
    /// Peak resident memory in MB.
    pub memory_mb: f64,
}

/// Measures subjects in turn, so that whatever else the machine does meets
/// them alike.
pub async fn compare(subjects: &mut [Subject], plan: Plan) -> Result<Vec<Figures>> {
    let mut cold = vec![Vec::new(); subjects.len()];
    for _ in 0..plan.cold {
        for (subject, samples) in subjects.iter_mut().zip(&mut cold) {
            samples.push(cold_start(subject).await?);
        }
    }
    let mut running = Vec::new();
    for subject in subjects.iter_mut() {
        let mut instance = Instance::start(&subject.launch).await?;
        for _ in 0..WARM_UP.min(plan.warm) {
            warm(&mut instance, subject).await?;
        }
        let cpu = instance.cpu_ms()?;
        running.push((instance, Vec::with_capacity(plan.warm), cpu));
    }
    let mut left = plan.warm;
    while left > 0 {
        let block = left.min(BLOCK);
        for (subject, (instance, samples, _)) in subjects.iter_mut().zip(&mut running) {
            for _ in 0..block {
                samples.push(warm(instance, subject).await?);
            }
        }
        left -= block;
    }
    running
        .into_iter()
        .zip(cold)
        .map(|((instance, warm, cpu), cold)| {
            let spent = instance.cpu_ms()? - cpu;
            Ok(Figures {
                cold: Samples::new(cold),
                cpu_ms: spent / crate::usage::units(warm.len(), 1),
                warm: Samples::new(warm),
                memory_mb: instance.peak_memory_mb()?,
            })
        })
        .collect()
}

async fn cold_start(subject: &mut Subject) -> Result<f64> {
    let event = (subject.event)()?;
    let mut instance = Instance::start(&subject.launch).await?;
    let outcome = instance.invoke(event).await?;
    (subject.check)(&outcome.body).context(&subject.launch.name)?;
    Ok(instance.since_spawn(&outcome).as_secs_f64() * 1000.0)
}

async fn warm(instance: &mut Instance, subject: &mut Subject) -> Result<f64> {
    let event = (subject.event)()?;
    let outcome = instance.invoke(event).await?;
    (subject.check)(&outcome.body).context(&subject.launch.name)?;
    Ok(outcome
        .answered
        .duration_since(outcome.handed)
        .as_secs_f64()
        * 1000.0)
}

/// Size in MB of the zip that would be deployed: the bootstrap alone.
pub fn zip_mb(program: &std::path::Path) -> Result<f64> {
    let binary = std::fs::read(program).context(program.display())?;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .unix_permissions(0o755);
    zip.start_file("bootstrap", options).context("zip")?;
    std::io::Write::write_all(&mut zip, &binary)?;
    let packed = zip.finish().context("zip")?.into_inner();
    Ok(crate::usage::units(packed.len(), 1) / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zip_is_smaller_than_what_repeats_itself() {
        let path = std::env::temp_dir().join(format!("zip-{}", uuid::Uuid::now_v7()));
        std::fs::write(&path, "bootstrap ".repeat(100_000)).unwrap();
        let size = zip_mb(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(size > 0.0 && size < 0.1, "{size}");
        assert!(zip_mb(&path).is_err());
    }
}
