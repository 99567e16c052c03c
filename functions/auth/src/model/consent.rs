//! Consents: what a person agreed to, in which version, and since when.

use std::{collections::BTreeMap, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::id::UserId;
use utoipa::ToSchema;

/// How many purposes one person can decide about.
pub const MAX_PURPOSES: usize = 30;
/// How many decisions are kept of each purpose: the latest.
const MAX_HISTORY: usize = 50;
/// The longest purpose and the longest version, in characters.
const MAX_LEN: usize = 40;

/// What a consent is for: 1 to 40 of `a–z 0–9 -`, such as `terms`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(min_length = 1, max_length = 40, example = "terms")]
pub struct Purpose(String);

impl Purpose {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Purpose {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=MAX_LEN).contains(&text.len()) && text.chars().all(fits) {
            Ok(Self(text))
        } else {
            Err("must be 1 to 40 of a–z 0–9 -")
        }
    }
}

impl FromStr for Purpose {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.to_owned().try_into()
    }
}

/// Whether a text can be the version of a document: 1 to 40 visible characters.
pub fn is_version(text: &str) -> bool {
    (1..=MAX_LEN).contains(&text.chars().count()) && text.chars().all(|c| c.is_ascii_graphic())
}

/// What somebody decided, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decided {
    /// Whether they agreed.
    pub granted: bool,
    /// The version of the text that they saw.
    #[schema(example = "2026-09")]
    pub version: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// Everything that a person decided about one purpose, the latest last.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// Who.
    pub user_id: UserId,
    /// About what.
    pub purpose: Purpose,
    /// Counts the decisions; 0 before the first.
    pub version: u64,
    /// The decisions.
    pub history: Vec<Decided>,
}

impl Consent {
    /// Nothing is decided yet.
    pub fn none(user_id: UserId, purpose: Purpose) -> Self {
        Self {
            user_id,
            purpose,
            version: 0,
            history: Vec::new(),
        }
    }

    /// What holds.
    pub fn current(&self) -> Option<&Decided> {
        self.history.last()
    }

    /// Whether this was decided last.
    pub fn is(&self, granted: bool, version: &str) -> bool {
        self.current()
            .is_some_and(|last| last.granted == granted && last.version == version)
    }

    /// With one more decision.
    pub fn with(mut self, decided: Decided) -> Self {
        if self.history.len() == MAX_HISTORY {
            self.history.remove(0);
        }
        self.history.push(decided);
        self
    }
}

/// The documents that everybody must agree to, with the version of today.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Documents(pub BTreeMap<Purpose, String>);

impl Documents {
    /// The current version of a document, if the operator names one.
    pub fn version(&self, purpose: &Purpose) -> Option<&str> {
        self.0.get(purpose).map(String::as_str)
    }
}

impl FromStr for Documents {
    type Err = String;

    /// Reads `terms=2026-09,privacy=2`.
    fn from_str(text: &str) -> Result<Self, String> {
        let pairs = text
            .split(',')
            .map(str::trim)
            .filter(|pair| !pair.is_empty());
        let documents = pairs.map(|pair| {
            let (purpose, version) = pair.split_once('=').ok_or("must be name=version")?;
            if !is_version(version) {
                return Err("a version is 1 to 40 visible characters");
            }
            Ok((purpose.parse()?, version.to_owned()))
        });
        let documents: BTreeMap<_, _> = documents.collect::<Result<_, &str>>()?;
        if documents.len() > MAX_PURPOSES {
            return Err(format!("at most {MAX_PURPOSES}"));
        }
        Ok(Self(documents))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b1_12_documents_have_a_name_and_a_version() {
        let read: Documents = "terms=2026-09, privacy=2,".parse().unwrap();
        assert_eq!(read.version(&"terms".parse().unwrap()), Some("2026-09"));
        assert_eq!(read.version(&"privacy".parse().unwrap()), Some("2"));
        assert_eq!("".parse(), Ok(Documents::default()));
        for bad in ["terms", "terms=", "Terms=1", "=1", "terms=a b"] {
            assert!(bad.parse::<Documents>().is_err(), "{bad}");
        }
    }

    #[test]
    fn b1_12_the_latest_fifty_decisions_are_kept() {
        let mut consent = Consent::none(UserId::new(), "news".parse().unwrap());
        for second in 0..60 {
            consent = consent.with(Decided {
                granted: second % 2 == 0,
                version: "1".to_owned(),
                at: Timestamp::from_second(second).unwrap(),
            });
        }
        assert_eq!(consent.history.len(), MAX_HISTORY);
        assert_eq!(consent.history[0].at.as_second(), 10);
        assert!(consent.is(false, "1") && !consent.is(false, "2"));
    }
}
