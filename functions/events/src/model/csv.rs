//! Sheets: reading an organiser's list, and writing cells that no spreadsheet
//! takes for a formula.

use csv::{ReaderBuilder, Trim};
use shared::problem::Problem;

/// The most rows of one sheet: what one request can do in its time.
const MAX_ROWS: usize = 200;

/// A list of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows below.
    pub rows: Vec<Row>,
}

/// A row of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it stands in the text, from 1.
    pub line: u64,
    /// Its cells, or what is wrong with it.
    pub cells: Result<Vec<String>, String>,
}

impl Sheet {
    /// Reads comma-separated values (RFC 4180) whose first row names the columns.
    ///
    /// # Errors
    /// 400 without a header, or with more rows than one request takes.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = ReaderBuilder::new()
            .trim(Trim::All)
            .from_reader(text.as_bytes());
        let fault = |code, detail: String| Problem::invalid("/csv", code, detail);
        let columns: Vec<String> = reader
            .headers()
            .map_err(|err| fault("invalid", err.to_string()))?
            .iter()
            .map(str::to_owned)
            .collect();
        if columns.iter().all(String::is_empty) {
            return Err(fault(
                "missing",
                "the first row must name the columns".into(),
            ));
        }
        let mut rows = Vec::new();
        let mut lines = Lines {
            text,
            at: 0,
            line: 1,
        };
        for record in reader.records() {
            let position = match &record {
                Ok(record) => record.position(),
                Err(err) => err.position(),
            };
            let at = position.map_or(0, |at| usize::try_from(at.byte()).unwrap_or(0));
            rows.push(Row {
                line: lines.of(at),
                cells: record
                    .map(|record| record.iter().map(str::to_owned).collect())
                    .map_err(|err| why(&err)),
            });
        }
        if rows.len() > MAX_ROWS {
            let detail = format!("may have at most {MAX_ROWS} rows; send the rest by itself");
            return Err(fault("too-many", detail));
        }
        Ok(Self { columns, rows })
    }
}

/// Counts lines: the reader's own positions stand before the line breaks that
/// it has yet to pass over.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the row that begins at or after the byte `at`.
    fn of(&mut self, at: usize) -> u64 {
        let bytes = self.text.as_bytes();
        let broken = |at: usize| matches!(bytes.get(at), Some(b'\r' | b'\n'));
        let begins = (at..bytes.len()).find(|at| !broken(*at)).unwrap_or(at);
        let passed = bytes.get(self.at..begins).unwrap_or_default();
        for byte in passed {
            self.line += u64::from(*byte == b'\n');
        }
        self.at = begins.max(self.at);
        self.line
    }
}

fn why(err: &csv::Error) -> String {
    match err.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("has {len} cells where {expected_len} are named"),
        _ => "is malformed".to_owned(),
    }
}

/// A cell that a spreadsheet shows and does not compute (CSV injection, CWE-1236).
pub fn cell(text: &str) -> String {
    let computed = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if computed && text.parse::<f64>().is_err() {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ev_20_a_sheet_names_the_line_of_each_fault() {
        let sheet =
            Sheet::read("\u{feff}email,name\r\na@b.example,\"A,\n B\"\nshort\n\nc@d.example,C\n")
                .unwrap();
        assert_eq!(sheet.columns, ["email", "name"]);
        let lines: Vec<(u64, bool)> = sheet
            .rows
            .iter()
            .map(|row| (row.line, row.cells.is_ok()))
            .collect();
        assert_eq!(lines, [(2, true), (4, false), (6, true)]);
        assert!(Sheet::read("").is_err());
        let many = format!("email\n{}", "a@b.example\n".repeat(MAX_ROWS + 1));
        assert!(Sheet::read(&many).is_err());
    }

    #[test]
    fn ev_20_no_cell_is_a_formula() {
        for bad in ["=1+1", "+SUM(A1)", "-2+3", "@x", "\t=1", "\r=1", "＝1"] {
            assert!(cell(bad).starts_with('\''), "{bad}");
        }
        for good in ["a=b", "", "-3.5", "+49", "x"] {
            assert_eq!(cell(good), good);
        }
    }
}
