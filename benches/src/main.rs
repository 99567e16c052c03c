//! Performance figures of the release binaries, reproducible.
//!
//! A Lambda Runtime API on loopback spawns each bootstrap with the environment
//! of its deployment; behind it stand an embedded DynamoDB and the few other
//! services that the functions call. People register, found an organisation
//! and publish an event through the functions themselves; only the many events
//! and attendees of the curves are written in bulk, by the events group's own
//! store. The report goes to standard output, progress to standard error.

mod authenticator;
mod cloud;
mod curves;
mod error;
mod host;
mod identity;
mod instance;
mod journeys;
mod load;
mod measure;
mod node;
mod payload;
mod prices;
mod report;
mod revocation;
mod stack;
mod stats;
mod subjects;
mod tables;
mod template;
mod timer;
mod usage;
mod web;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub use error::{Context, Error, Result};

use crate::journeys::Journeys;
use crate::measure::Plan;
use crate::node::Node;
use crate::report::Timed;
use crate::stack::Stack;
use crate::template::Template;
use crate::usage::Usage;
use crate::world::World;

const HELP: &str = "\
Usage: plenary-benches [--quick] [--no-node] [--binaries DIR] [--only NAME[,NAME…]] [--explain]
                       [--parts PART[,PART…]] [--sizes N[,N…]]

  --quick         5 cold starts and 1,000 warm invocations instead of 25 and 10,000,
                  and a fifth or less of everything else
  --no-node       do not compare with Node.js
  --binaries DIR  take the bootstraps from DIR/NAME or DIR/NAME/bootstrap
                  instead of building them
  --explain       show every write of every step, with its size and units
  --only NAMES    time these binaries only; \"none\" skips the timing
  --parts PARTS   measure these only, of \"base\" (functions, journeys, idle month),
                  \"identity\" and \"curves\" (events by size)
  --sizes NUMBERS how many events and attendees the curves have, ascending;
                  10,1000,100000 unless given, without the last in a quick run
";

/// The parts of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Base,
    Identity,
    Curves,
}

impl std::str::FromStr for Part {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "base" => Ok(Self::Base),
            "identity" => Ok(Self::Identity),
            "curves" => Ok(Self::Curves),
            _ => Err(Error(format!("{name} is no part\n{HELP}"))),
        }
    }
}

/// What the command line says.
struct Options {
    quick: bool,
    node: bool,
    explain: bool,
    binaries: Option<PathBuf>,
    only: Option<Vec<String>>,
    parts: Vec<Part>,
    sizes: Option<Vec<usize>>,
}

/// The values of a list with commas.
fn listed<T: std::str::FromStr>(text: &str) -> Result<Vec<T>>
where
    T::Err: std::fmt::Display,
{
    let values = text.split(',').map(|value| value.parse().context(text));
    values.collect()
}

impl Options {
    fn read() -> Result<Self> {
        let mut options = Self {
            quick: false,
            node: true,
            explain: false,
            binaries: None,
            only: None,
            parts: vec![Part::Base, Part::Identity, Part::Curves],
            sizes: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .context(format!("{argument} wants a value"))
            };
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--explain" => options.explain = true,
                "--no-node" => options.node = false,
                "--binaries" => options.binaries = Some(value()?.into()),
                "--only" => options.only = Some(value()?.split(',').map(str::to_owned).collect()),
                "--parts" => options.parts = listed(&value()?)?,
                "--sizes" => options.sizes = Some(listed(&value()?)?),
                _ => return Err(Error(format!("{argument}?\n{HELP}"))),
            }
        }
        Ok(options)
    }

    fn identity(&self) -> identity::Plan {
        identity::Plan {
            people: if self.quick { 25 } else { 220 },
            metered: if self.quick { 5 } else { 20 },
            verifications: if self.quick { 2_000 } else { 20_000 },
        }
    }

    /// How many sessions are revoked, each seen by every function.
    fn revocations(&self) -> usize {
        if self.quick { 2 } else { 10 }
    }

    fn curves(&self) -> curves::Plan {
        let usual: &[usize] = if self.quick {
            &[10, 1_000]
        } else {
            &[10, 1_000, 100_000]
        };
        curves::Plan {
            sizes: self.sizes.clone().unwrap_or_else(|| usual.to_vec()),
            reads: if self.quick { 200 } else { 2_000 },
            writes: if self.quick { 40 } else { 400 },
            metered: if self.quick { 5 } else { 20 },
        }
    }

    fn plan(&self) -> Plan {
        if self.quick {
            Plan {
                cold: 5,
                warm: 1_000,
            }
        } else {
            Plan {
                cold: 25,
                warm: 10_000,
            }
        }
    }

    fn wants(&self, binary: &str) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| only.iter().any(|name| name == binary))
    }
}

/// One thread: host, services and database take turns with the function that
/// waits for them, and no figure contains the waking of another thread.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(failures) if failures.is_empty() => ExitCode::SUCCESS,
        Ok(failures) => {
            for failure in failures {
                eprintln!("not measured: {failure}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures what is wanted, prints it part by part, and returns what went wrong.
async fn run() -> Result<Vec<String>> {
    let options = Options::read()?;
    // Cargo names the checkout that it runs us for.
    #[allow(clippy::disallowed_methods)]
    let manifest = std::env::var("CARGO_MANIFEST_DIR");
    let manifest = manifest.unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    let workspace = Path::new(&manifest).parent().context("no workspace")?;
    let template = Template::read(&workspace.join("template.yaml"))?;
    let names = subjects::binaries(workspace)?;
    let directory = bootstraps(&options, workspace, &names).await?;
    let mut stack = Stack::open(template, directory).await?;
    stack.explained = options.explain;
    let node = if options.node {
        Some(Node::build(&workspace.join("benches/node")).await?)
    } else {
        None
    };
    if node.is_some() {
        node::create_table(stack.database())?;
    }
    eprintln!("people, organisation, event …");
    let mut world = World::found(&mut stack).await?;
    let (built, missing): (Vec<_>, Vec<_>) = names
        .into_iter()
        .partition(|name| stack.program(name).exists());
    let mut failures: Vec<String> = missing
        .iter()
        .map(|name| format!("{name}, nor its share: no bootstrap"))
        .collect();
    let wants = |part| options.parts.contains(&part);
    if wants(Part::Base) {
        failures.extend(base(&options, &mut stack, &mut world, node.as_ref(), &built).await?);
    }
    stack.fall_silent().await?;
    if wants(Part::Identity)
        && let Err(failure) = identity(&options, &mut stack, &mut world).await
    {
        failures.push(format!("identity: {failure}"));
    }
    if wants(Part::Curves)
        && let Err(failure) = curves(&options, &mut stack, &mut world).await
    {
        failures.push(format!("curves: {failure}"));
    }
    Ok(failures)
}

/// Functions, journeys and the idle month.
async fn base(
    options: &Options,
    stack: &mut Stack,
    world: &mut World,
    node: Option<&Node>,
    built: &[String],
) -> Result<Vec<String>> {
    eprintln!("journeys …");
    let Journeys {
        steps,
        mut failures,
    } = journeys::travel(stack, world).await;
    let runs = scheduled(stack).await;
    stack.fall_silent().await?;
    let mut timed = Vec::new();
    for binary in built.iter().filter(|name| options.wants(name)) {
        eprintln!("{binary} …");
        match time(stack, world, node, binary, options.plan()).await {
            Ok(figures) => timed.push(figures),
            Err(failure) => failures.push(format!("{binary}: {failure}")),
        }
    }
    let mut out = String::new();
    report::binaries(&mut out, &timed, node);
    report::journeys(
        &mut out,
        &Journeys {
            steps,
            failures: Vec::new(),
        },
    );
    report::idle(&mut out, &stack.template.idle(), runs.as_ref().ok());
    report::price_list(&mut out);
    println!("{out}");
    failures.extend(runs.err().map(|failure| failure.to_string()));
    Ok(failures)
}

/// Signing in, renewing, verifying, revoking.
async fn identity(options: &Options, stack: &mut Stack, world: &mut World) -> Result<()> {
    eprintln!("identity …");
    let identity = identity::measure(stack, world, options.identity()).await?;
    let mut out = String::new();
    report::identity(&mut out, &identity);
    println!("{out}");
    eprintln!("revocation …");
    let delays = revocation::measure(stack, world, options.revocations()).await?;
    let mut out = String::new();
    report::revocation(&mut out, &delays);
    println!("{out}");
    Ok(())
}

/// Events by size.
async fn curves(options: &Options, stack: &mut Stack, world: &mut World) -> Result<()> {
    let points = curves::measure(stack, world, &options.curves()).await?;
    let mut out = String::new();
    report::curves(&mut out, &points);
    println!("{out}");
    Ok(())
}

/// Where the bootstraps are, built if nobody says.
async fn bootstraps(options: &Options, workspace: &Path, names: &[String]) -> Result<PathBuf> {
    if let Some(directory) = &options.binaries {
        return Ok(directory.clone());
    }
    eprintln!("building …");
    subjects::build(workspace, names).await?;
    let own = std::env::current_exe()?;
    own.parent()
        .map(Path::to_path_buf)
        .context("no directory of its own")
}

/// What the functions that run by the clock consume in a month.
async fn scheduled(stack: &mut Stack) -> Result<Usage> {
    let mut month = Usage::default();
    for schedule in stack.template.idle().schedules {
        let binary = schedule.binary.context("a schedule without a function")?;
        // The first run of an instance reads what later ones remember.
        stack.invoke(&binary, &schedule.input).await?;
        let (_, usage) = stack.invoke(&binary, &schedule.input).await?;
        month += &usage.times(schedule.runs);
    }
    Ok(month)
}

async fn time(
    stack: &mut Stack,
    world: &World,
    node: Option<&Node>,
    binary: &str,
    plan: Plan,
) -> Result<Timed> {
    let zip_mb = measure::zip_mb(&stack.program(binary))?;
    let mut pair = subjects::pair(stack, world, node, binary).await?;
    let plan = match pair.limit {
        Some(limit) => limit,
        // A worker's batch is five messages.
        None if pair.worker => Plan {
            warm: plan.warm / subjects::BATCH,
            ..plan
        },
        None => plan,
    };
    let mut figures = measure::compare(&mut pair.subjects, plan)
        .await?
        .into_iter();
    Ok(Timed {
        binary: binary.to_owned(),
        job: pair.job,
        worker: pair.worker,
        zip_mb,
        own: figures.next().context("no figures")?,
        node: figures.next(),
    })
}
