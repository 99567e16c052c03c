//! Questions of the organiser, and the answers to them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::faults::Faults;

const MAX_OPTIONS: usize = 50;
const MAX_TEXT: usize = 2000;
/// The most of all answers of one registration, as JSON.
const MAX_BYTES: usize = 16 * 1024;

/// Answers by question, as they were given.
pub type Answers = BTreeMap<String, Value>;

/// What an answer looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QuestionKind {
    /// A text of up to 2,000 characters.
    Text,
    /// A number.
    Number,
    /// One of the options.
    Choice,
    /// Any of the options, as a list.
    MultiChoice,
    /// `true` or `false`.
    YesNo,
    /// A date as `2026-10-12`.
    Date,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Question {
    /// Its short name, under which the answer stands.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,30}$", example = "diet")]
    pub id: String,
    /// What people read.
    #[schema(min_length = 1, max_length = 500)]
    pub label: String,
    /// What an answer looks like.
    #[serde(rename = "type")]
    pub kind: QuestionKind,
    /// Whether it must be answered; a required yes/no must be answered by yes
    /// or no.
    #[serde(default)]
    pub required: bool,
    /// What one may choose from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub options: Vec<String>,
    /// The ticket types that are asked; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ticket_types: Vec<String>,
    /// Whether the answer may be used to suggest people to meet, of attendees
    /// who consent. Not for numbers and dates.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub matchmaking: bool,
}

impl Question {
    pub(super) fn check(&self, at: &str, faults: &mut Faults) {
        faults.length(format!("{at}/label"), &self.label, 1, 500);
        let choice = matches!(self.kind, QuestionKind::Choice | QuestionKind::MultiChoice);
        if choice && self.options.is_empty() {
            faults.add(format!("{at}/options"), "missing", "is required");
        } else if !choice && !self.options.is_empty() {
            let detail = "belongs to a choice";
            faults.add(format!("{at}/options"), "unexpected", detail);
        }
        if self.matchmaking && !self.kind.names_interests() {
            let detail = "a number or a date is no interest";
            faults.add(format!("{at}/matchmaking"), "unexpected", detail);
        }
        faults.few(&format!("{at}/options"), self.options.len(), MAX_OPTIONS);
        for (i, option) in self.options.iter().enumerate() {
            faults.length(format!("{at}/options/{i}"), option, 1, 200);
            if self.options[..i].contains(option) {
                faults.add(
                    format!("{at}/options/{i}"),
                    "duplicate",
                    "stands there twice",
                );
            }
        }
    }

    fn concerns(&self, kind: &str) -> bool {
        self.ticket_types.is_empty() || self.ticket_types.iter().any(|id| id == kind)
    }

    /// What is wrong with an answer.
    fn fault(&self, answer: &Value) -> Option<String> {
        let option = |value: &Value| {
            value
                .as_str()
                .is_some_and(|text| self.options.iter().any(|o| o == text))
        };
        let fits = match self.kind {
            QuestionKind::Text => match answer.as_str() {
                Some(text) if text.chars().count() > MAX_TEXT => {
                    return Some(format!("must have at most {MAX_TEXT} characters"));
                }
                Some(text) => !(self.required && text.trim().is_empty()),
                None => false,
            },
            QuestionKind::Number => answer.as_f64().is_some_and(f64::is_finite),
            QuestionKind::Choice => option(answer),
            QuestionKind::MultiChoice => answer.as_array().is_some_and(|all| {
                let distinct = all
                    .iter()
                    .enumerate()
                    .all(|(i, one)| !all[..i].contains(one));
                all.iter().all(option) && distinct && !(self.required && all.is_empty())
            }),
            QuestionKind::YesNo => answer.is_boolean(),
            QuestionKind::Date => answer
                .as_str()
                .is_some_and(|text| text.parse::<Date>().is_ok()),
        };
        (!fits).then(|| self.expected())
    }

    fn expected(&self) -> String {
        match self.kind {
            QuestionKind::Text if self.required => "must be a text that says something".into(),
            QuestionKind::Text => "must be a text".into(),
            QuestionKind::Number => "must be a number".into(),
            QuestionKind::Choice => format!("must be one of: {}", self.options.join(", ")),
            QuestionKind::MultiChoice => {
                format!(
                    "must be a list of different ones of: {}",
                    self.options.join(", ")
                )
            }
            QuestionKind::YesNo => "must be true or false".into(),
            QuestionKind::Date => "must be a date such as 2026-10-12".into(),
        }
    }

    /// An answer from a cell of a sheet.
    ///
    /// An empty cell is no answer; several choices stand with `;` between them.
    pub fn parse(&self, cell: &str) -> Option<Value> {
        let text = cell.trim();
        if text.is_empty() {
            return None;
        }
        let as_text = || Value::from(text);
        Some(match self.kind {
            QuestionKind::Text | QuestionKind::Choice | QuestionKind::Date => as_text(),
            QuestionKind::Number => text.parse::<i64>().map_or_else(
                |_| text.parse::<f64>().map_or_else(|_| as_text(), Value::from),
                Value::from,
            ),
            QuestionKind::MultiChoice => text
                .split(';')
                .map(|part| Value::from(part.trim()))
                .collect(),
            QuestionKind::YesNo => match text.to_lowercase().as_str() {
                "yes" | "true" | "1" => true.into(),
                "no" | "false" | "0" => false.into(),
                _ => as_text(),
            },
        })
    }
}

/// Checks the answers of somebody who wants a place of type `kind`.
///
/// # Errors
/// 400 with a pointer to every fault.
pub(super) fn check(
    questions: &[Question],
    kind: &str,
    answers: &Answers,
    complete: bool,
) -> Result<(), Problem> {
    let mut faults = Faults::default();
    faults.small("/answers", answers, MAX_BYTES);
    let asked = || questions.iter().filter(|question| question.concerns(kind));
    for (id, answer) in answers {
        let pointer = format!("/answers/{}", id.replace('~', "~0").replace('/', "~1"));
        match asked().find(|question| question.id == *id) {
            None => faults.add(pointer, "unknown", "is not asked"),
            Some(question) => {
                if let Some(detail) = question.fault(answer) {
                    faults.add(pointer, "invalid", detail);
                }
            }
        }
    }
    for question in asked().filter(|question| complete && question.required) {
        if !answers.contains_key(&question.id) {
            faults.add(
                format!("/answers/{}", question.id),
                "missing",
                "is required",
            );
        }
    }
    faults.done()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn questions() -> Vec<Question> {
        serde_json::from_value(json!([
            {"id": "name", "label": "Name on the badge", "type": "text", "required": true},
            {"id": "years", "label": "Years of Rust", "type": "number"},
            {"id": "diet", "label": "Diet", "type": "choice", "options": ["all", "vegan"], "required": true},
            {"id": "days", "label": "Days", "type": "multi-choice", "options": ["mon", "tue"]},
            {"id": "bus", "label": "Bus?", "type": "yes-no"},
            {"id": "arrives", "label": "Arrival", "type": "date", "ticketTypes": ["vip"]},
        ]))
        .unwrap()
    }

    fn faults(kind: &str, answers: Value) -> Vec<(String, String)> {
        let answers: Answers = serde_json::from_value(answers).unwrap();
        let Err(problem) = check(&questions(), kind, &answers, true) else {
            return Vec::new();
        };
        let body = problem.body("/", "c");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let errors = body["errors"].as_array().unwrap().iter();
        errors
            .map(|e| (text(&e["pointer"]), text(&e["code"])))
            .collect()
    }

    /// B3-10: every kind of answer, and a pointer to what is wrong.
    #[test]
    fn ev_20_answers_are_checked_by_kind() {
        let good = json!({"name": "Ada", "years": 3, "diet": "vegan", "days": ["mon"],
            "bus": false, "arrives": "2026-10-11"});
        assert!(faults("vip", good.clone()).is_empty());
        assert_eq!(
            faults("std", good),
            [("/answers/arrives".into(), "unknown".into())]
        );
        let bad = json!({"name": " ", "years": "3", "diet": "meat", "days": ["mon", "mon"],
            "bus": "yes", "arrives": "11.10.2026", "a/b": 1});
        let mut found = faults("vip", bad);
        found.sort();
        let pointers: Vec<&str> = found.iter().map(|fault| fault.0.as_str()).collect();
        assert_eq!(
            pointers,
            [
                "/answers/arrives",
                "/answers/a~1b",
                "/answers/bus",
                "/answers/days",
                "/answers/diet",
                "/answers/name",
                "/answers/years"
            ]
        );
        assert_eq!(
            faults("std", json!({})),
            [
                ("/answers/name".into(), "missing".into()),
                ("/answers/diet".into(), "missing".into())
            ]
        );
    }

    #[test]
    fn ev_20_cells_become_answers() {
        let parsed = |id: &str, cell: &str| {
            questions()
                .into_iter()
                .find(|q| q.id == id)
                .unwrap()
                .parse(cell)
        };
        assert_eq!(parsed("years", " 3 "), Some(json!(3)));
        assert_eq!(
            parsed("years", "x"),
            Some(json!("x")),
            "refused later, with a pointer"
        );
        assert_eq!(parsed("days", "mon; tue"), Some(json!(["mon", "tue"])));
        assert_eq!(parsed("bus", "Yes"), Some(json!(true)));
        assert_eq!(parsed("name", " "), None);
    }
}
