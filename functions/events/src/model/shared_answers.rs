//! Which answers the matchmaking may use: of the questions that say so, with
//! the attendee's consent, as short terms.

use serde_json::Value;

use super::admission::Admission;
use super::answers::{Answers, Question, QuestionKind};
use super::registration::Registration;

/// So many terms are shared at most.
const MOST: usize = 50;
/// A longer text is no term.
const LONGEST: usize = 80;

impl QuestionKind {
    /// Whether an answer can say what somebody is interested in.
    pub(super) const fn names_interests(self) -> bool {
        matches!(
            self,
            Self::Text | Self::Choice | Self::MultiChoice | Self::YesNo
        )
    }
}

impl Question {
    /// An answer as terms: what was chosen, the parts of a text, and of a yes
    /// what was asked.
    fn terms(&self, answer: &Value) -> Vec<String> {
        match (self.kind, answer) {
            (QuestionKind::YesNo, Value::Bool(true)) => vec![self.label.clone()],
            (QuestionKind::Text, Value::String(text)) => {
                text.split([',', ';', '\n']).map(str::to_owned).collect()
            }
            (QuestionKind::Choice, Value::String(option)) => vec![option.clone()],
            (QuestionKind::MultiChoice, Value::Array(options)) => {
                let options = options.iter().filter_map(Value::as_str);
                options.map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Admission {
    /// What a registration lets the matchmaking use; nothing without consent.
    pub fn shared_answers(&self, registration: &Registration) -> Vec<String> {
        if !registration.matchmaking_consent {
            return Vec::new();
        }
        terms(&self.questions, &registration.answers)
    }
}

fn terms(questions: &[Question], answers: &Answers) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for question in questions.iter().filter(|question| question.matchmaking) {
        let Some(answer) = answers.get(&question.id) else {
            continue;
        };
        for term in question.terms(answer) {
            let term = term.split_whitespace().collect::<Vec<_>>().join(" ");
            let fits = (1..=LONGEST).contains(&term.chars().count());
            if fits && found.len() < MOST && !found.contains(&term) {
                found.push(term);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// B3-10: only what is marked is shared, as terms.
    #[test]
    fn b3_10_marked_answers_become_terms() {
        let questions: Vec<Question> = serde_json::from_value(json!([
            {"id": "topics", "label": "Topics", "type": "multi-choice",
             "options": ["Rust", "AWS"], "matchmaking": true},
            {"id": "stack", "label": "Your stack", "type": "text", "matchmaking": true},
            {"id": "hiring", "label": "Hiring", "type": "yes-no", "matchmaking": true},
            {"id": "seeking", "label": "Seeking a job", "type": "yes-no", "matchmaking": true},
            {"id": "diet", "label": "Diet", "type": "text"},
        ]))
        .unwrap();
        let answers: Answers = serde_json::from_value(json!({
            "topics": ["Rust", "AWS"], "stack": "Rust,  event \n sourcing;; Dynamo DB",
            "hiring": true, "seeking": false, "diet": "vegan"}))
        .unwrap();
        assert_eq!(
            terms(&questions, &answers),
            ["Rust", "AWS", "event", "sourcing", "Dynamo DB", "Hiring"]
        );
        let long: Answers = serde_json::from_value(json!({"stack": "x".repeat(81)})).unwrap();
        assert!(terms(&questions, &long).is_empty());
    }
}
