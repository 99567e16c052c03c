//! What the requests of identity take, and those of events by size.

use std::fmt::Write as _;

use super::{held, table};
use crate::curves::Point;
use crate::identity::Identity;
use crate::revocation::Delays;
use crate::timer::Figures;

/// The seconds after which no function takes a token whose session was ended.
const REVOKED_WITHIN: f64 = 5.0;

const REQUEST: [&str; 6] = ["p50 ms", "p99 ms", "processor ms", "RRU", "WRU", "peak MB"];

fn cells(figures: &Figures) -> [String; 6] {
    [
        format!("{:.2}", figures.warm.median()),
        format!("{:.2}", figures.warm.percentile(99)),
        format!("{:.2}", figures.cpu_ms),
        format!("{:.2}", figures.reads),
        format!("{:.2}", figures.writes),
        format!("{:.1}", figures.memory_mb),
    ]
}

/// What signing in, renewing and verifying take.
pub fn identity(out: &mut String, identity: &Identity) {
    let _ = writeln!(out, "### Identity\n");
    let head: Vec<_> = std::iter::once("request").chain(REQUEST).collect();
    let rows = identity.requests.iter().map(|(name, figures)| {
        let mut row = vec![(*name).to_owned()];
        row.extend(cells(figures));
        row
    });
    table(out, &head, rows);
    let rows = identity.verifying.iter().map(|(name, samples)| {
        vec![
            (*name).to_owned(),
            format!("{:.0}", samples.median()),
            format!("{:.0}", samples.percentile(99)),
        ]
    });
    table(out, &["within a function", "p50 µs", "p99 µs"], rows);
}

/// How long each function takes a token whose session was ended.
pub fn revocation(out: &mut String, delays: &Delays) {
    let _ = writeln!(out, "### Revocation\n");
    let rows = delays.iter().map(|(binary, samples)| {
        let longest = samples.percentile(100);
        vec![
            format!("`{binary}`"),
            format!("{:.2}", samples.median()),
            held(format!("{longest:.2}"), longest <= REVOKED_WITHIN),
            format!("{REVOKED_WITHIN:.0}"),
        ]
    });
    let head = [
        "refuses after its session ended",
        "median s",
        "longest s",
        "at most s",
    ];
    table(out, &head, rows);
}

/// What the requests of events take by size.
pub fn curves(out: &mut String, points: &[Point]) {
    let _ = writeln!(out, "### Events by size\n");
    let head: Vec<_> = ["request", "with"].into_iter().chain(REQUEST).collect();
    let mut names: Vec<&str> = Vec::new();
    for point in points {
        if !names.contains(&point.request) {
            names.push(point.request);
        }
    }
    let rows = names.iter().flat_map(|name| {
        let of_it = points.iter().filter(move |point| point.request == *name);
        of_it.map(|point| {
            let with = format!("{} {}", thousands(point.size), point.of);
            let mut row = vec![point.request.to_owned(), with];
            row.extend(cells(&point.figures));
            row
        })
    });
    table(out, &head, rows);
}

/// A number with commas.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Samples;

    #[test]
    fn a_curve_keeps_its_points_together() {
        let point = |request, size| Point {
            request,
            of: "events",
            size,
            figures: Figures::default(),
        };
        let points = [point("list", 10), point("read", 10), point("list", 100_000)];
        let mut out = String::new();
        curves(&mut out, &points);
        let rows: Vec<_> = out.lines().skip(4).collect();
        assert!(rows[0].starts_with("| list | 10 events |"), "{out}");
        assert!(rows[1].starts_with("| list | 100,000 events |"), "{out}");
        assert!(rows[2].starts_with("| read | 10 events |"), "{out}");
    }

    #[test]
    fn a_token_that_outlives_its_bound_is_bold() {
        let mut out = String::new();
        let delays = vec![
            ("auth-api", Samples::new(vec![2.5, 3.0])),
            ("events-api", Samples::new(vec![3.0, 5.5])),
        ];
        revocation(&mut out, &delays);
        assert!(out.contains("| `auth-api` | 2.50 | 3.00 | 5 |"), "{out}");
        assert!(
            out.contains("| `events-api` | 3.00 | **5.50** | 5 |"),
            "{out}"
        );
    }
}
