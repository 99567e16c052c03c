//! The conversation in the README, as a reader would have it.

use std::fmt::Write as _;
use std::process::Command;

use crate::stack::Stack;

const README: &str = include_str!("../../README.md");
/// Printed between the answers.
const MARK: &str = "-- next --";

/// A command of a console block, and what the README says that it prints.
struct Turn {
    command: String,
    answer: String,
}

/// The console blocks: a line with `$` begins a command, a backslash continues
/// it, everything else is its answer.
fn turns() -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    let mut inside = false;
    let mut continued = false;
    for line in README.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside {
            match (line.strip_prefix("$ "), turns.last_mut()) {
                (Some(command), _) => turns.push(Turn {
                    command: command.to_owned(),
                    answer: String::new(),
                }),
                (None, Some(turn)) if continued => {
                    let _ = write!(turn.command, "\n{line}");
                }
                (None, Some(turn)) => turn.answer.push_str(line),
                (None, None) => panic!("an answer without a command: {line}"),
            }
            continued = line.ends_with('\\');
        }
    }
    turns
}

/// Whether `text` is `pattern`, in which `…` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(after) = rest.strip_prefix(first) else {
        return false;
    };
    rest = after;
    let parts: Vec<&str> = parts.collect();
    for (at, part) in parts.iter().enumerate() {
        if at + 1 == parts.len() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(found) => rest = &rest[found + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

/// OP-13: the README is answered literally by the stack with its demo data.
#[test]
fn the_conversation_of_the_readme_goes_as_written() {
    let stack = Stack::up();
    let turns = turns();
    assert!(turns.len() > 8, "the README has a conversation");
    let mut script = String::from("set -e\n");
    for turn in &turns {
        let command = turn.command.replace("http://127.0.0.1:4566", &stack.url);
        let _ = writeln!(script, "{command}\nprintf '\\n{MARK}\\n'");
    }
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{printed}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let answers: Vec<&str> = printed.split(MARK).map(str::trim).collect();
    for (turn, answer) in turns.iter().zip(answers) {
        assert!(
            matches(&turn.answer, answer),
            "{}\nshould answer {}\nbut answered {answer}",
            turn.command,
            turn.answer
        );
    }
}

#[test]
fn an_ellipsis_stands_for_anything() {
    assert!(matches("a…c", "abbc") && matches("a…", "abc") && matches("abc", "abc"));
    assert!(!matches("a…c", "abcd") && !matches("ab", "abc") && !matches("b…", "abc"));
}
