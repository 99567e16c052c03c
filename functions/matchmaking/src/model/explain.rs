//! Why two people match, in words. A card holds no text, so every word comes
//! from the reader's own answers: nothing is told that the other kept back.

use serde::Serialize;
use utoipa::ToSchema;

use super::card::{Interest, event_code, tag_code};
use super::profile::Profile;
use super::scoring::{Factors, List, View, fit};
use super::terms;

/// From here on a fit without common words is worth a word.
const CLOSE: f32 = 0.4;
/// From here on two profiles are called similar.
const SIMILAR: f32 = 0.6;
/// How many answers a sentence names.
const NAMED: usize = 3;
/// How many interests in common are listed.
const MAX_MUTUAL: usize = 10;

/// A kind of reason; stable, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = MatchReasonCode)]
pub enum Code {
    /// They offer what you look for.
    OffersWhatYouSeek,
    /// They look for what you offer.
    SeeksWhatYouOffer,
    /// The same industries.
    SharedIndustries,
    /// The same goals.
    SharedGoals,
    /// The same events saved, events of the same tags, or the same answers at
    /// the event.
    SharedInterests,
    /// Alike in what you write and answer.
    SimilarProfile,
}

/// One reason for a match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MatchReason)]
pub struct Reason {
    /// Which kind.
    pub code: Code,
    /// The same for people.
    pub text: String,
}

/// Why two people match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The reasons, weightiest first.
    pub reasons: Vec<Reason>,
    /// Tags and titles of saved events, and answers, that both care for.
    pub mutual_interests: Vec<String>,
}

/// The reader's own answers, to be found again by their codes.
#[derive(Debug, Default)]
pub struct Answers<'a> {
    wants: Vec<(u32, &'a str)>,
    gives: Vec<(u32, &'a str)>,
    industries: Vec<(u32, &'a str)>,
    goals: Vec<(u32, &'a str)>,
    interests: Vec<(u32, &'a str)>,
}

impl<'a> Answers<'a> {
    /// The answers of a profile and the interests behind it.
    pub fn of(profile: &'a Profile, interests: &'a [Interest]) -> Self {
        let list = |answers: &'a [String]| -> Vec<(u32, &'a str)> {
            answers
                .iter()
                .map(|text| (terms::code(text), text.as_str()))
                .collect()
        };
        let mut gives = list(&profile.roles);
        gives.extend(list(&profile.offers));
        let tags = interests
            .iter()
            .flat_map(|i| i.tags.iter().map(|tag| (tag_code(tag), tag.as_str())));
        let events = interests
            .iter()
            .filter_map(|i| i.event.as_ref())
            .map(|(id, title)| (event_code(*id), title.as_str()));
        Self {
            wants: list(&profile.looking_for),
            gives,
            industries: list(&profile.industries),
            goals: list(&profile.goals),
            interests: tags.chain(events).collect(),
        }
    }
}

/// Explains a pair from the reader's side.
pub fn explain(
    answers: &Answers<'_>,
    me: &View<'_>,
    other: &View<'_>,
    factors: &Factors,
) -> Explanation {
    let mut reasons = Vec::new();
    let mut say = |code, text: String| reasons.push(Reason { code, text });
    let offered = shared(&answers.wants, other.list(List::Gives));
    if !offered.is_empty() {
        say(
            Code::OffersWhatYouSeek,
            format!("Offers what you look for: {}", named(&offered)),
        );
    } else if fit(me, other).is_some_and(|fit| fit >= CLOSE) {
        say(
            Code::OffersWhatYouSeek,
            "Offers something close to what you look for".into(),
        );
    }
    let sought = shared(&answers.gives, other.list(List::Wants));
    if !sought.is_empty() {
        say(
            Code::SeeksWhatYouOffer,
            format!("Looks for what you offer: {}", named(&sought)),
        );
    } else if fit(other, me).is_some_and(|fit| fit >= CLOSE) {
        say(
            Code::SeeksWhatYouOffer,
            "Looks for something close to what you offer".into(),
        );
    }
    let interests = shared(&answers.interests, other.list(List::Interests));
    for (code, lead, found) in [
        (Code::SharedInterests, "Interested in", interests.clone()),
        (
            Code::SharedIndustries,
            "Works in",
            shared(&answers.industries, other.list(List::Industries)),
        ),
        (
            Code::SharedGoals,
            "Is here for",
            shared(&answers.goals, other.list(List::Goals)),
        ),
    ] {
        if !found.is_empty() {
            say(code, format!("{lead} {}, like you", named(&found)));
        }
    }
    if factors
        .similarity
        .is_some_and(|similarity| similarity >= SIMILAR)
    {
        say(
            Code::SimilarProfile,
            "Has a profile similar to yours".into(),
        );
    }
    Explanation {
        reasons,
        mutual_interests: interests
            .into_iter()
            .take(MAX_MUTUAL)
            .map(str::to_owned)
            .collect(),
    }
}

/// The own answers whose codes the other has, in their order, each once.
fn shared<'a>(own: &[(u32, &'a str)], others: &[u32]) -> Vec<&'a str> {
    let mut seen = Vec::new();
    own.iter()
        .filter(|(code, _)| others.binary_search(code).is_ok())
        .filter(|(code, _)| {
            let new = !seen.contains(code);
            seen.push(*code);
            new
        })
        .map(|(_, text)| *text)
        .collect()
}

fn named(answers: &[&str]) -> String {
    let text = answers[..answers.len().min(NAMED)].join(", ");
    match answers.len().saturating_sub(NAMED) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::card::Card;
    use super::super::embedding::Embedder;
    use super::super::scoring;
    use super::*;
    use shared::id::EventId;

    fn person(
        wants: &[&str],
        gives: &[&str],
        industries: &[&str],
        saved: &[&Interest],
    ) -> (Profile, Vec<Interest>, Card) {
        let list = |items: &[&str]| items.iter().map(|s| (*s).to_owned()).collect();
        let profile = Profile {
            looking_for: list(wants),
            offers: list(gives),
            industries: list(industries),
            ..Profile::default()
        };
        let interests: Vec<Interest> = saved.iter().map(|i| (*i).clone()).collect();
        let card = Card::of(&Embedder::bundled().unwrap(), &profile, &interests);
        (profile, interests, card)
    }

    #[test]
    fn mm_02_reasons_and_mutual_interests_speak_of_what_is_common() {
        let talk = Interest {
            event: Some((EventId::new(), "Rust in production".into())),
            tags: vec!["Rust".into(), "backend".into()],
        };
        let other_talk = Interest {
            event: Some((EventId::new(), "Async in depth".into())),
            tags: vec!["rust".into()],
        };
        let me = person(
            &["Investors", "designers"],
            &["mentoring"],
            &["fintech"],
            &[&talk],
        );
        let other = person(&["gold"], &["investor"], &["FinTech"], &[&other_talk]);
        let answers = Answers::of(&me.0, &me.1);
        let (mine, theirs) = (me.2.view(), other.2.view());
        let why = explain(&answers, &mine, &theirs, &scoring::factors(&mine, &theirs));
        let codes: Vec<Code> = why.reasons.iter().map(|reason| reason.code).collect();
        assert_eq!(codes[..2], [Code::OffersWhatYouSeek, Code::SharedInterests]);
        assert!(codes.contains(&Code::SharedIndustries));
        assert_eq!(why.reasons[0].text, "Offers what you look for: Investors");
        assert_eq!(why.mutual_interests, ["Rust"]);
        assert_eq!(
            serde_json::to_value(why.reasons[0].code).unwrap(),
            "offers-what-you-seek"
        );
    }

    #[test]
    fn mm_02_strangers_have_no_reasons() {
        let me = person(&["wedding cakes"], &["gardening"], &["farming"], &[]);
        let other = person(
            &["kubernetes expert"],
            &["penetration tests"],
            &["defence"],
            &[],
        );
        let (mine, theirs) = (me.2.view(), other.2.view());
        let answers = Answers::of(&me.0, &me.1);
        let why = explain(&answers, &mine, &theirs, &scoring::factors(&mine, &theirs));
        assert_eq!(why, Explanation::default());
    }

    #[test]
    fn mm_02_long_lists_are_cut_in_the_text() {
        assert_eq!(named(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }
}
