//! The report, in Markdown: as `docs/performance.md` has it.

mod sized;

use std::fmt::Write as _;

pub use sized::{curves, identity, revocation};

use crate::journeys::{self, Journeys, Kind, Step, VISIT};
use crate::measure::Figures;
use crate::node::Node;
use crate::prices;
use crate::template::Idle;
use crate::usage::Usage;

/// What is aimed for.
struct Aims;

impl Aims {
    const COLD_MS: f64 = 6.0;
    const COLD_RATIO: f64 = 40.0;
    const WARM_MS: f64 = 0.4;
    const MEMORY_MB: f64 = 12.0;
    const ZIP_MB: f64 = 4.0;
    const READ: f64 = 2.00;
    const WRITE: f64 = 15.0;
    const MIX: f64 = 2.75;
    const IDLE: f64 = 10.0;
}

/// A timed binary.
#[derive(Debug)]
pub struct Timed {
    /// Its name.
    pub binary: String,
    /// What it did.
    pub job: String,
    /// Whether it is a worker.
    pub worker: bool,
    /// Size of its zip in MB.
    pub zip_mb: f64,
    /// Its own figures.
    pub own: Figures,
    /// Node's at the same job.
    pub node: Option<Figures>,
}

/// A table in Markdown.
fn table(out: &mut String, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    let mut line = |cells: &[String]| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    };
    line(&head.iter().map(ToString::to_string).collect::<Vec<_>>());
    line(&head.iter().map(|_| "---".to_owned()).collect::<Vec<_>>());
    for row in rows {
        line(&row);
    }
    out.push('\n');
}

/// A figure, in bold when it misses its aim.
fn held(text: String, held: bool) -> String {
    if held { text } else { format!("**{text}**") }
}

/// Cold start, latency, memory and size of the binaries; workers apart.
pub fn binaries(out: &mut String, timed: &[Timed], node: Option<&Node>) {
    let head = [
        "binary",
        "job",
        "zip MB",
        "cold ms",
        "warm p50 ms",
        "warm p99 ms",
        "processor ms",
        "peak MB",
        "Node cold ms",
        "Node p50",
        "Node p99",
        "Node processor",
        "Node MB",
        "cold ×",
        "p50 ×",
    ];
    for (title, worker) in [("HTTP functions", false), ("Workers", true)] {
        let rows: Vec<_> = timed
            .iter()
            .filter(|t| t.worker == worker)
            .map(binary_row)
            .collect();
        if !rows.is_empty() {
            let _ = writeln!(out, "### {title}\n");
            table(out, &head, rows);
        }
    }
    if let Some(node) = node {
        let _ = writeln!(
            out,
            "Node {}, bundle zipped: {:.2} MB.\n",
            node.version, node.zip_mb
        );
    }
}

fn binary_row(timed: &Timed) -> Vec<String> {
    let own = &timed.own;
    // The aim of the latency is for one request; a batch is five.
    let warm_aim = Aims::WARM_MS * if timed.worker { 5.0 } else { 1.0 };
    let mut row = vec![
        format!("`{}`", timed.binary),
        timed.job.clone(),
        held(format!("{:.2}", timed.zip_mb), timed.zip_mb <= Aims::ZIP_MB),
        held(
            format!("{:.1}", own.cold.median()),
            own.cold.median() <= Aims::COLD_MS,
        ),
        held(
            format!("{:.2}", own.warm.median()),
            own.warm.median() <= warm_aim,
        ),
        format!("{:.2}", own.warm.percentile(99)),
        format!("{:.2}", own.cpu_ms),
        held(
            format!("{:.1}", own.memory_mb),
            own.memory_mb <= Aims::MEMORY_MB,
        ),
    ];
    match &timed.node {
        Some(node) => {
            let ratio = node.cold.median() / own.cold.median();
            row.extend([
                format!("{:.0}", node.cold.median()),
                format!("{:.2}", node.warm.median()),
                format!("{:.2}", node.warm.percentile(99)),
                format!("{:.2}", node.cpu_ms),
                format!("{:.0}", node.memory_mb),
                held(format!("{ratio:.0}"), ratio >= Aims::COLD_RATIO),
                format!("{:.1}", node.warm.median() / own.warm.median()),
            ]);
        }
        None => row.extend(std::iter::repeat_n("–".to_owned(), 7)),
    }
    row
}

/// What the journeys consume and cost.
pub fn journeys(out: &mut String, journeys: &Journeys) {
    let head = [
        "step",
        "RRU",
        "WRU",
        "SNS",
        "SQS",
        "events handled",
        "Lambda",
        "ms × MB",
        "log bytes",
        "mails",
        "US$/million",
        "mails US$/million",
    ];
    let rows = journeys.steps.iter().map(|step| {
        let usage = step.priced();
        let name = match step.kind {
            Kind::Read => format!("{} (read)", step.name),
            Kind::KeyedWrite => format!("{} (keyed write)", step.name),
            Kind::Other => step.name.to_owned(),
        };
        let mut row = vec![name];
        row.extend(usage_cells(&usage, Some(step.delivered)));
        row.push(price_cell(step));
        row.push(format!("{:.0}", usage.mail_price() * 1e6));
        row
    });
    table(out, &head, rows);
    let firsts = journeys
        .steps
        .iter()
        .filter(|step| step.visit.is_some())
        .map(|step| {
            let mut row = vec![step.name.to_owned()];
            row.extend(usage_cells(&step.first, None));
            row.push(format!("{:.2}", step.first.price() * 1e6));
            row
        });
    let _ = writeln!(
        out,
        "A read above is the mean of a visit: {VISIT} requests of one person at one instance. \
         The first of them alone:\n"
    );
    let head = [
        "read",
        "RRU",
        "WRU",
        "SNS",
        "SQS",
        "Lambda",
        "ms × MB",
        "log bytes",
        "mails",
        "US$/million",
    ];
    table(out, &head, firsts);
    mix(out, &journeys.steps);
    parts(out, &journeys.steps);
}

fn usage_cells(usage: &Usage, delivered: Option<usize>) -> Vec<String> {
    let mut cells = vec![
        format!("{:.2}", usage.reads),
        format!("{:.2}", usage.writes),
        format!("{:.0}", usage.publishes),
        format!("{:.0}", usage.sqs_requests),
    ];
    cells.extend(delivered.map(|count| count.to_string()));
    cells.extend([
        format!("{:.0}", usage.invocations),
        format!("{:.0}", usage.ms_mb),
        format!("{:.0}", usage.log_bytes),
        format!("{:.0}", usage.mails),
    ]);
    cells
}

fn price_cell(step: &Step) -> String {
    let price = step.priced().price() * 1e6;
    let within = match step.kind {
        Kind::Read => price <= Aims::READ,
        Kind::KeyedWrite => price <= Aims::WRITE,
        Kind::Other => true,
    };
    held(format!("{price:.2}"), within)
}

fn mix(out: &mut String, steps: &[Step]) {
    let of = |kind| journeys::mean_price(steps.iter().filter(move |step| step.kind == kind));
    let (Some(read), Some(write)) = (of(Kind::Read), of(Kind::KeyedWrite)) else {
        return;
    };
    let mixed = 0.95 * read + 0.05 * write;
    let row = |what: &str, price: f64, aim: f64| {
        vec![
            what.to_owned(),
            held(format!("{price:.2}"), price <= aim),
            format!("{aim:.2}"),
        ]
    };
    table(
        out,
        &["mean of", "US$/million", "aim"],
        [
            row("reads", read, Aims::READ),
            row(
                "keyed writes with everything that they set off",
                write,
                Aims::WRITE,
            ),
            row("95 reads to 5 keyed writes", mixed, Aims::MIX),
        ],
    );
}

/// Where the money of the mean read and the mean keyed write goes.
fn parts(out: &mut String, steps: &[Step]) {
    if steps.is_empty() {
        return;
    }
    let mean = |kind: Kind| {
        let chosen: Vec<_> = steps.iter().filter(|step| step.kind == kind).collect();
        let mut sum = Usage::default();
        for step in &chosen {
            sum += &step.priced();
        }
        sum.times(1.0 / crate::usage::units(chosen.len(), 1))
    };
    let (read, write) = (mean(Kind::Read), mean(Kind::KeyedWrite));
    let rows = read
        .parts()
        .into_iter()
        .zip(write.parts())
        .map(|((what, read), (_, write))| {
            vec![
                what.to_owned(),
                format!("{:.2}", read * 1e6),
                format!("{:.2}", write * 1e6),
            ]
        });
    table(
        out,
        &[
            "where it goes, US$/million",
            "mean read",
            "mean keyed write",
        ],
        rows,
    );
}

/// What an idle month costs; `runs` is the work of the scheduled functions.
pub fn idle(out: &mut String, idle: &Idle, runs: Option<&Usage>) {
    let mut total = 0.0;
    let mut rows = Vec::new();
    let worked = runs.map(|usage| {
        (
            "work of the scheduled runs".to_owned(),
            usage.invocations,
            usage.price(),
        )
    });
    for (what, count, price) in idle.bill().into_iter().chain(worked) {
        total += price;
        rows.push(vec![what, format!("{count:.0}"), format!("{price:.2}")]);
    }
    rows.push(vec![
        "**total**".into(),
        String::new(),
        held(format!("{total:.2}"), total <= Aims::IDLE),
    ]);
    table(out, &["idle month", "count", "US$"], rows);
    for (kind, count) in &idle.unknown {
        let _ = writeln!(out, "Not priced: {count} × {kind}.");
    }
    if runs.is_none() {
        let _ = writeln!(
            out,
            "The scheduled runs' own work is not in it: they could not be run."
        );
    }
    out.push('\n');
}

/// The price list.
pub fn price_list(out: &mut String) {
    let _ = writeln!(out, "Prices: {}.\n", prices::AS_OF);
    let rows = prices::list().into_iter().map(|row| row.to_vec());
    table(out, &["what", "per", "US$"], rows);
    let waits = prices::WAITS;
    let _ = writeln!(
        out,
        "Billed time: processor time measured here, stretched by the share of a processor that \
         the function's memory buys ({:.0} MB are one), plus {} ms per DynamoDB call, {} per \
         transaction, {} per SNS, SQS or KMS call, {} per S3 request and {} per mail.\n",
        prices::MEMORY_OF_ONE_CPU_MB,
        waits.dynamodb,
        waits.transaction,
        waits.message,
        waits.s3,
        waits.mail,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Samples;

    fn figures(cold: f64, warm: f64, memory_mb: f64) -> Figures {
        Figures {
            cold: Samples::new(vec![cold]),
            warm: Samples::new(vec![warm]),
            cpu_ms: 0.1,
            memory_mb,
        }
    }

    #[test]
    fn what_misses_its_aim_is_bold_and_the_ratio_is_nodes_over_ours() {
        let timed = Timed {
            binary: "events-api".into(),
            job: "read".into(),
            worker: false,
            zip_mb: 4.5,
            own: figures(5.0, 0.5, 10.0),
            node: Some(figures(250.0, 1.5, 90.0)),
        };
        let row = binary_row(&timed);
        assert_eq!(row[2], "**4.50**");
        assert_eq!(row[3], "5.0");
        assert_eq!(row[4], "**0.50**");
        assert_eq!(row[13], "50");
        assert_eq!(row[14], "3.0");
    }

    #[test]
    fn an_idle_stack_is_summed_and_unknown_resources_are_named() {
        let stack = Idle {
            keys: 2,
            alarm_metrics: 90,
            unknown: [("AWS::EC2::NatGateway".to_owned(), 1)].into(),
            ..Idle::default()
        };
        let mut out = String::new();
        idle(&mut out, &stack, Some(&Usage::default()));
        assert!(out.contains("| **total** |  | **11.00** |"), "{out}");
        assert!(
            out.contains("Not priced: 1 × AWS::EC2::NatGateway."),
            "{out}"
        );
    }

    #[test]
    fn the_mix_weighs_reads_and_writes() {
        let step = |kind, writes| Step {
            name: "s",
            kind,
            first: Usage {
                writes,
                ..Usage::default()
            },
            visit: None,
            caused: Usage::default(),
            delivered: 0,
        };
        let mut out = String::new();
        mix(
            &mut out,
            &[step(Kind::Read, 3.2), step(Kind::KeyedWrite, 16.0)],
        );
        // 0.95 × 2.00 + 0.05 × 10.00
        assert!(
            out.contains("| 95 reads to 5 keyed writes | 2.40 | 2.75 |"),
            "{out}"
        );
    }
}
