//! The formula: how well two people match, from 0 to 1. Published in
//! `docs/matching.md`; the same input always gives the same score, and the
//! order of the two people never matters.

use super::card::LISTS;
use super::terms;
use super::vector;
use super::weights::Weights;

/// What a factor counts while it is unknown: less than an average match, so
/// that an empty profile does not outrank an honest one.
const UNKNOWN: f32 = 0.25;
/// Cosines up to the first say nothing, from the second on everything.
const SIMILARITY: (f32, f32) = (0.15, 0.7);
const FIT: (f32, f32) = (0.2, 0.65);
/// A fit by meaning alone is never as good as the same words.
const FIT_BY_MEANING: f32 = 0.9;
/// Each further interest in common closes this share of the gap to 1.
const PER_INTEREST: f32 = 1.0 / 3.0;

/// The lists of codes on a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// What the person looks for.
    Wants,
    /// Roles and offers.
    Gives,
    /// Industries.
    Industries,
    /// Goals.
    Goals,
    /// Saved events and their tags.
    Interests,
    /// Companies to keep away from.
    Excluded,
}

/// A card as the scoring reads it, wherever its numbers lie.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The 512-number vector and one over its length.
    pub vector: &'a [i8],
    /// One over its length.
    pub vector_inverse: f32,
    /// The short vector of what is sought.
    pub wants: &'a [i8],
    /// One over its length.
    pub wants_inverse: f32,
    /// The short vector of what is offered.
    pub gives: &'a [i8],
    /// One over its length.
    pub gives_inverse: f32,
    /// The code of the company, 0 for none.
    pub company: u32,
    /// The lists of codes, by [`List`].
    pub lists: [&'a [u32]; LISTS],
}

impl<'a> View<'a> {
    /// One list of codes.
    pub fn list(&self, list: List) -> &'a [u32] {
        self.lists[list as usize]
    }

    fn excludes(&self, other: &View<'_>) -> bool {
        other.company != 0
            && self
                .list(List::Excluded)
                .binary_search(&other.company)
                .is_ok()
    }
}

/// Whether one of the two keeps the other's company away.
pub fn excluded(a: &View<'_>, b: &View<'_>) -> bool {
    a.excludes(b) || b.excludes(a)
}

/// The factors of a pair, each from 0 to 1, `None` while unknown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factors {
    /// One seeks what the other offers, in both directions.
    pub complementarity: Option<f32>,
    /// The cosine of the vectors, stretched.
    pub similarity: Option<f32>,
    /// Industries in common.
    pub industries: Option<f32>,
    /// Interests in common.
    pub interests: Option<f32>,
    /// Free time in common; unknown until both have connected a calendar.
    pub availability: Option<f32>,
}

/// Compares two people.
pub fn factors(a: &View<'_>, b: &View<'_>) -> Factors {
    Factors {
        complementarity: complementarity(a, b),
        similarity: similarity(a, b),
        industries: dice(a.list(List::Industries), b.list(List::Industries)),
        interests: interests(a.list(List::Interests), b.list(List::Interests)),
        availability: None,
    }
}

/// The weighted mean of the factors; what is unknown counts [`UNKNOWN`], but
/// for availability, which is left out.
pub fn score(factors: &Factors, weights: &Weights) -> f32 {
    let (mut sum, mut total) = (0.0, 0.0);
    for (factor, weight) in [
        (factors.complementarity, weights.complementarity),
        (factors.similarity, weights.similarity),
        (factors.industries, weights.industries),
        (factors.interests, weights.interests),
    ] {
        sum += weight * factor.unwrap_or(UNKNOWN);
        total += weight;
    }
    if let Some(availability) = factors.availability {
        sum += weights.availability * availability;
        total += weights.availability;
    }
    if total > 0.0 {
        (sum / total).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// How well `other` serves `seeker`, from 0 to 1; `None` if nothing is sought.
pub fn fit(seeker: &View<'_>, other: &View<'_>) -> Option<f32> {
    let (wants, gives) = (seeker.list(List::Wants), other.list(List::Gives));
    if wants.is_empty() {
        return None;
    }
    if gives.is_empty() {
        return Some(0.0);
    }
    let words = share(terms::common(wants, gives), wants.len().min(gives.len()));
    let cosine = vector::cosine(
        seeker.wants,
        seeker.wants_inverse,
        other.gives,
        other.gives_inverse,
    );
    Some(words.max(FIT_BY_MEANING * stretch(cosine, FIT)))
}

/// The harmonic mean of both directions: high only if both sides gain. A
/// direction in which nothing is sought counts [`UNKNOWN`].
fn complementarity(a: &View<'_>, b: &View<'_>) -> Option<f32> {
    let (first, second) = (fit(a, b), fit(b, a));
    if first.is_none() && second.is_none() {
        return None;
    }
    let (first, second) = (first.unwrap_or(UNKNOWN), second.unwrap_or(UNKNOWN));
    if first + second > 0.0 {
        Some(2.0 * first * second / (first + second))
    } else {
        Some(0.0)
    }
}

fn similarity(a: &View<'_>, b: &View<'_>) -> Option<f32> {
    if a.vector_inverse == 0.0 || b.vector_inverse == 0.0 {
        return None;
    }
    let cosine = vector::cosine(a.vector, a.vector_inverse, b.vector, b.vector_inverse);
    Some(stretch(cosine, SIMILARITY))
}

/// Dice's coefficient; unknown if one of both gave no answer.
fn dice(a: &[u32], b: &[u32]) -> Option<f32> {
    (!a.is_empty() && !b.is_empty()).then(|| share(2 * terms::common(a, b), a.len() + b.len()))
}

fn interests(a: &[u32], b: &[u32]) -> Option<f32> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let common = i32::try_from(terms::common(a, b)).unwrap_or(i32::MAX);
    Some(1.0 - (1.0 - PER_INTEREST).powi(common))
}

fn stretch(cosine: f32, (low, high): (f32, f32)) -> f32 {
    ((cosine - low) / (high - low)).clamp(0.0, 1.0)
}

/// Lists have at most a few hundred entries: exact as f32.
#[allow(clippy::cast_precision_loss)]
fn share(part: usize, whole: usize) -> f32 {
    part as f32 / whole.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::super::card::{Card, Interest};
    use super::super::embedding::Embedder;
    use super::super::profile::Profile;
    use super::*;
    use proptest::prelude::*;
    use shared::id::EventId;

    fn card(roles: &[&str], wants: &[&str], offers: &[&str]) -> Card {
        let list = |items: &[&str]| items.iter().map(|s| (*s).to_owned()).collect();
        let profile = Profile {
            roles: list(roles),
            looking_for: list(wants),
            offers: list(offers),
            ..Profile::default()
        };
        Card::of(&Embedder::bundled().unwrap(), &profile, &[])
    }

    fn complement(a: &Card, b: &Card) -> f32 {
        factors(&a.view(), &b.view()).complementarity.unwrap()
    }

    /// B4-02: asymmetric answers, one symmetric factor, both sides must gain.
    #[test]
    fn b4_02_both_sides_must_gain() {
        let founder = card(&["founder"], &["seed funding"], &["fintech product"]);
        let investor = card(&["business angel"], &["fintech product"], &["seed funding"]);
        let one_sided = card(
            &["business angel"],
            &["gardening advice"],
            &["seed funding"],
        );
        let baker = card(&["pastry chef"], &["flour supplier"], &["wedding cakes"]);
        let both = complement(&founder, &investor);
        assert!((both - 1.0).abs() < 1e-6, "{both}");
        assert!(complement(&founder, &one_sided) < 0.6);
        assert!(complement(&founder, &baker) < 0.3);
    }

    /// B4-02: other words for the same thing count too.
    #[test]
    fn b4_02_meaning_counts_where_words_differ() {
        let seeker = card(&["founder"], &["machine learning engineer"], &["equity"]);
        let near = card(
            &["data scientist for machine learning"],
            &["startup equity"],
            &[],
        );
        let far = card(&["wedding photographer"], &["venue owners"], &[]);
        assert!(complement(&seeker, &near) > complement(&seeker, &far) + 0.2);
    }

    #[test]
    fn mm_03_a_factor_that_nobody_answered_is_unknown() {
        let nobody = card(&[], &[], &[]);
        let all = factors(&nobody.view(), &nobody.view());
        let unknown = Factors {
            complementarity: None,
            similarity: None,
            industries: None,
            interests: None,
            availability: None,
        };
        assert_eq!(all, unknown);
        assert!((score(&all, &Weights::default()) - UNKNOWN).abs() < 1e-6);
    }

    #[test]
    fn mm_03_weights_decide_what_counts() {
        let only = Factors {
            complementarity: Some(1.0),
            similarity: Some(0.0),
            industries: Some(0.0),
            interests: Some(0.0),
            availability: None,
        };
        let zero = Weights {
            complementarity: 0.0,
            similarity: 0.0,
            industries: 0.0,
            interests: 1.0,
            availability: 1.0,
        };
        let close = |a: f32, b: f32| assert!((a - b).abs() < 1e-6, "{a} {b}");
        close(
            score(
                &only,
                &Weights {
                    complementarity: 1.0,
                    ..zero
                },
            ),
            0.5,
        );
        close(score(&only, &zero), 0.0);
        let free = Factors {
            availability: Some(1.0),
            ..only
        };
        close(score(&free, &zero), 0.5);
    }

    fn words() -> impl Strategy<Value = Vec<String>> {
        let word = prop::sample::select(vec![
            "investor",
            "founder",
            "rust developer",
            "designer",
            "seed funding",
            "mentoring",
            "fintech",
            "health",
            "hiring",
            "Acme",
            "Globex",
            "xyzzy",
            "machine learning",
        ]);
        prop::collection::vec(word.prop_map(str::to_owned), 0..4)
    }

    prop_compose! {
        fn any_card()(
            roles in words(), looking_for in words(), offers in words(), industries in words(),
            goals in words(), exclude_companies in words(), company in words(),
            saved in prop::collection::vec((0_u128..5, words()), 0..4),
        ) -> Card {
            let mut profile = Profile {
                roles, looking_for, offers, industries, goals,
                company: company.into_iter().next(),
                ..Profile::default()
            };
            profile.preferences.exclude_companies = exclude_companies;
            let interests: Vec<Interest> = saved
                .into_iter()
                .map(|(id, tags)| Interest {
                    event: Some((
                        EventId::from_uuid(uuid::Uuid::from_u128(id)),
                        "A talk".into(),
                    )),
                    tags,
                })
                .collect();
            Card::of(&Embedder::bundled().unwrap(), &profile, &interests)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn mm_03_scores_lie_in_0_to_1_are_symmetric_and_repeatable(
            a in any_card(), b in any_card(),
            w in prop::array::uniform5(0.01_f32..1.0),
        ) {
            let weights = Weights {
                complementarity: w[0], similarity: w[1], industries: w[2],
                interests: w[3], availability: w[4],
            };
            let forth = score(&factors(&a.view(), &b.view()), &weights);
            let back = score(&factors(&b.view(), &a.view()), &weights);
            prop_assert!((0.0..=1.0).contains(&forth));
            prop_assert_eq!(forth.to_bits(), back.to_bits());
            let again = Card::unpack(&a.pack()).unwrap();
            let repeated = score(&factors(&again.view(), &b.view()), &weights);
            prop_assert_eq!(forth.to_bits(), repeated.to_bits());
            prop_assert_eq!(excluded(&a.view(), &b.view()), excluded(&b.view(), &a.view()));
        }

        #[test]
        fn mm_03_one_more_common_interest_never_lowers_the_score(a in any_card(), b in any_card()) {
            let before = score(&factors(&a.view(), &b.view()), &Weights::default());
            let with = |card: &Card| {
                let mut card = card.clone();
                card.lists[List::Interests as usize].push(u32::MAX);
                card
            };
            // Unknown interests count 0.25; one in common counts 0.33.
            let after = score(&factors(&with(&a).view(), &with(&b).view()), &Weights::default());
            prop_assert!(after >= before);
        }
    }
}
