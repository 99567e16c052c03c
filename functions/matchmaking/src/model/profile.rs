//! The networking profile: what a person tells about themselves.

use serde::{Deserialize, Serialize};
use shared::problem::{FieldError, Problem};
use utoipa::ToSchema;

use super::terms;

/// How many answers a list takes.
pub const MAX_TERMS: usize = 10;
/// How many companies can be kept away.
pub const MAX_EXCLUDED: usize = 20;
const MAX_TERM: usize = 80;
const MAX_LINE: usize = 160;
const MAX_BIO: usize = 2000;

/// How many people work in the person's company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum CompanySize {
    /// One.
    #[serde(rename = "1")]
    One,
    /// 2 to 10.
    #[serde(rename = "2-10")]
    Few,
    /// 11 to 50.
    #[serde(rename = "11-50")]
    Small,
    /// 51 to 200.
    #[serde(rename = "51-200")]
    Medium,
    /// 201 to 1,000.
    #[serde(rename = "201-1000")]
    Large,
    /// 1,001 to 5,000.
    #[serde(rename = "1001-5000")]
    Huge,
    /// More.
    #[serde(rename = "5001+")]
    Giant,
}

impl CompanySize {
    const fn name(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Few => "2-10",
            Self::Small => "11-50",
            Self::Medium => "51-200",
            Self::Large => "201-1000",
            Self::Huge => "1001-5000",
            Self::Giant => "5001+",
        }
    }
}

/// Who may find a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum VisibleTo {
    /// Everybody who attends an event that this person attends.
    #[default]
    Attendees,
    /// Nobody.
    Nobody,
}

/// Whom a person wants to meet at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = MatchingPreferences)]
pub struct Preferences {
    /// Whether the person takes part; who does not, neither finds nor is found.
    pub open_to_match: bool,
    /// Who may find the person.
    pub visible_to: VisibleTo,
    /// Companies whose people the person neither sees nor is seen by.
    #[schema(max_items = 20)]
    pub exclude_companies: Vec<String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            open_to_match: true,
            visible_to: VisibleTo::Attendees,
            exclude_companies: Vec::new(),
        }
    }
}

/// What a person tells about themselves, for matches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = NetworkingProfileInput)]
pub struct Profile {
    /// One line: shown to matches.
    #[schema(max_length = 160)]
    pub headline: Option<String>,
    /// More about the person; read by the matching, shown to nobody.
    #[schema(max_length = 2000)]
    pub bio: Option<String>,
    /// Where the person works; shown to matches.
    #[schema(max_length = 160)]
    pub company: Option<String>,
    /// Such as `startup`, `investor`, `university`.
    #[schema(max_length = 80)]
    pub business_type: Option<String>,
    /// How many work there.
    pub company_size: Option<CompanySize>,
    /// What the person is at work: `backend developer`.
    #[schema(max_items = 10)]
    pub roles: Vec<String>,
    /// Whom or what the person looks for: `seed funding`.
    #[schema(max_items = 10)]
    pub looking_for: Vec<String>,
    /// What the person has to give: `mentoring`.
    #[schema(max_items = 10)]
    pub offers: Vec<String>,
    /// The person's fields of business.
    #[schema(max_items = 10)]
    pub industries: Vec<String>,
    /// What the person comes for: `hiring`.
    #[schema(max_items = 10)]
    pub goals: Vec<String>,
    /// Whom the person wants to meet at all.
    pub preferences: Preferences,
}

impl Profile {
    /// Whether the person takes part in matching.
    pub fn visible(&self) -> bool {
        self.preferences.open_to_match && self.preferences.visible_to == VisibleTo::Attendees
    }

    /// Checks the limits, trims texts, and drops answers that say the same twice.
    ///
    /// # Errors
    /// 400 with a pointer to each fault.
    pub fn tidy(mut self) -> Result<Self, Problem> {
        let mut faults = Vec::new();
        for (pointer, text, most) in [
            ("/headline", &mut self.headline, MAX_LINE),
            ("/bio", &mut self.bio, MAX_BIO),
            ("/company", &mut self.company, MAX_LINE),
            ("/businessType", &mut self.business_type, MAX_TERM),
        ] {
            line(pointer, text, most, &mut faults);
        }
        for (pointer, list, most) in [
            ("/roles", &mut self.roles, MAX_TERMS),
            ("/lookingFor", &mut self.looking_for, MAX_TERMS),
            ("/offers", &mut self.offers, MAX_TERMS),
            ("/industries", &mut self.industries, MAX_TERMS),
            ("/goals", &mut self.goals, MAX_TERMS),
            (
                "/preferences/excludeCompanies",
                &mut self.preferences.exclude_companies,
                MAX_EXCLUDED,
            ),
        ] {
            answers(pointer, list, most, &mut faults);
        }
        Problem::all(faults)?;
        Ok(self)
    }

    /// The categorical answers, as they are hashed into the vector.
    pub fn categories(&self) -> Vec<String> {
        let one = |name: &str, value: &str| format!("{name}={}", terms::canonical(value));
        let mut all: Vec<String> = Vec::new();
        all.extend(
            self.business_type
                .iter()
                .map(|value| one("business", value)),
        );
        all.extend(
            self.company_size
                .map(|size| format!("size={}", size.name())),
        );
        for (name, list) in [
            ("role", &self.roles),
            ("industry", &self.industries),
            ("goal", &self.goals),
        ] {
            all.extend(list.iter().map(|value| one(name, value)));
        }
        all
    }
}

fn fault(pointer: String, code: &str, detail: String) -> FieldError {
    FieldError {
        pointer,
        code: code.into(),
        detail,
    }
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn line(pointer: &str, text: &mut Option<String>, most: usize, faults: &mut Vec<FieldError>) {
    *text = text
        .take()
        .map(|text| squeeze(&text))
        .filter(|text| !text.is_empty());
    if text
        .as_ref()
        .is_some_and(|text| text.chars().count() > most)
    {
        let detail = format!("must have at most {most} characters");
        faults.push(fault(pointer.into(), "too-long", detail));
    }
}

fn answers(pointer: &str, list: &mut Vec<String>, most: usize, faults: &mut Vec<FieldError>) {
    if list.len() > most {
        let detail = format!("must have at most {most} entries");
        faults.push(fault(pointer.into(), "too-many", detail));
        return;
    }
    let mut seen = Vec::new();
    let mut tidy = Vec::new();
    for (at, answer) in list.iter().enumerate() {
        let answer = squeeze(answer);
        let canonical = terms::canonical(&answer);
        if answer.chars().count() > MAX_TERM || !canonical.contains(char::is_alphanumeric) {
            let detail =
                format!("must have 1 to {MAX_TERM} characters, among them a letter or digit");
            faults.push(fault(format!("{pointer}/{at}"), "bad-length", detail));
        } else if !seen.contains(&canonical) {
            seen.push(canonical);
            tidy.push(answer);
        }
    }
    *list = tidy;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mm_01_texts_are_tidied_and_doubles_dropped() {
        let profile = Profile {
            headline: Some("  Builds \n things ".into()),
            bio: Some("   ".into()),
            looking_for: vec!["Investors".into(), " investor ".into(), "Co-founder".into()],
            ..Profile::default()
        };
        let profile = profile.tidy().unwrap();
        assert_eq!(profile.headline.as_deref(), Some("Builds things"));
        assert_eq!(profile.bio, None);
        assert_eq!(profile.looking_for, ["Investors", "Co-founder"]);
    }

    #[test]
    fn mm_01_every_fault_is_named() {
        let profile = Profile {
            headline: Some("x".repeat(161)),
            roles: vec!["dev".into(), "!!!".into()],
            goals: vec!["a".into(); 11],
            preferences: Preferences {
                exclude_companies: vec!["y".repeat(81)],
                ..Preferences::default()
            },
            ..Profile::default()
        };
        let body = profile.tidy().unwrap_err().body("/", "c");
        let pointers: Vec<_> = body["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["pointer"].clone())
            .collect();
        assert_eq!(
            pointers,
            [
                "/headline",
                "/roles/1",
                "/goals",
                "/preferences/excludeCompanies/0"
            ]
        );
    }

    #[test]
    fn mm_07_who_is_not_open_or_not_visible_takes_no_part() {
        let mut profile = Profile::default();
        assert!(profile.visible());
        profile.preferences.visible_to = VisibleTo::Nobody;
        assert!(!profile.visible());
        profile.preferences = Preferences {
            open_to_match: false,
            ..Preferences::default()
        };
        assert!(!profile.visible());
    }
}
