//! How much each factor counts, by default or as an event's organisers set it.

use serde::{Deserialize, Serialize};
use shared::problem::{FieldError, Problem};
use utoipa::ToSchema;

/// The weights of the factors, each from 0 to 1; only their ratios matter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = MatchingWeights)]
pub struct Weights {
    /// One seeks what the other offers, in both directions.
    #[schema(minimum = 0, maximum = 1)]
    pub complementarity: f32,
    /// Alike in what they write and answer.
    #[schema(minimum = 0, maximum = 1)]
    pub similarity: f32,
    /// The same industries.
    #[schema(minimum = 0, maximum = 1)]
    pub industries: f32,
    /// Saved events and their tags in common.
    #[schema(minimum = 0, maximum = 1)]
    pub interests: f32,
    /// Free at the same times; counts once both have connected a calendar.
    #[schema(minimum = 0, maximum = 1)]
    pub availability: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            complementarity: 0.4,
            similarity: 0.2,
            industries: 0.15,
            interests: 0.25,
            availability: 0.1,
        }
    }
}

impl Weights {
    /// 400 unless every weight lies in 0 to 1 and one beside availability counts.
    ///
    /// # Errors
    /// The problem with a pointer to each fault.
    pub fn check(&self) -> Result<(), Problem> {
        let all = [
            ("/complementarity", self.complementarity),
            ("/similarity", self.similarity),
            ("/industries", self.industries),
            ("/interests", self.interests),
            ("/availability", self.availability),
        ];
        let fault = |pointer: &str, detail: &str| FieldError {
            pointer: pointer.into(),
            code: "out-of-range".into(),
            detail: detail.into(),
        };
        let mut faults: Vec<FieldError> = all
            .iter()
            .filter(|(_, weight)| !(0.0..=1.0).contains(weight))
            .map(|(pointer, _)| fault(pointer, "must be from 0 to 1"))
            .collect();
        // A weight that rounds to nothing would divide by nothing.
        if faults.is_empty() && all[..4].iter().all(|(_, weight)| *weight < 0.001) {
            faults.push(fault(
                "",
                "one weight besides availability must be at least 0.001",
            ));
        }
        Problem::all(faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mm_03_weights_must_be_sensible() {
        assert!(Weights::default().check().is_ok());
        let zero = Weights {
            complementarity: 0.0,
            similarity: 0.0,
            industries: 0.0,
            interests: 0.0,
            availability: 1.0,
        };
        assert!(zero.check().is_err());
        assert!(
            Weights {
                similarity: 1.1,
                ..Weights::default()
            }
            .check()
            .is_err()
        );
        assert!(
            Weights {
                similarity: -0.1,
                ..Weights::default()
            }
            .check()
            .is_err()
        );
        assert!(
            Weights {
                similarity: f32::NAN,
                ..Weights::default()
            }
            .check()
            .is_err()
        );
    }
}
