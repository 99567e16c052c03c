//! A card: everything that the matching compares of a person, packed and
//! without text. One is stored per person and event.

use shared::id::EventId;

use super::embedding::{Embedder, MODEL, TEXT_DIMS};
use super::profile::Profile;
use super::scoring::{List, View};
use super::terms;
use super::vector::{self, DIMS, SHORT_DIMS};

/// The layout of [`Card::pack`].
const LAYOUT: u8 = 1;
/// How many codes of interests a card carries.
const MAX_INTERESTS: usize = 250;
/// How many lists of codes a card carries.
pub const LISTS: usize = 6;

/// What interests a person: an event that they saved, or answers that they
/// share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interest {
    /// The saved event, with its title; none for answers.
    pub event: Option<(EventId, String)>,
    /// The event's tags, or the answers.
    pub tags: Vec<String>,
}

/// The code of a tag among interests.
pub fn tag_code(tag: &str) -> u32 {
    terms::code(&format!("tag {tag}"))
}

/// The code of an event among interests.
pub fn event_code(event: EventId) -> u32 {
    terms::code(&format!("event {event}"))
}

/// What the matching compares of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The 512-number vector.
    pub vector: Vec<i8>,
    /// The short vector of what the person seeks, then that of what they offer.
    pub short: Vec<i8>,
    /// The code of the company, 0 for none.
    pub company: u32,
    /// Codes, sorted: see [`List`].
    pub lists: [Vec<u32>; LISTS],
}

impl Card {
    /// The card of a person.
    pub fn of(embedder: &Embedder, profile: &Profile, interests: &[Interest]) -> Self {
        let categories = profile.categories();
        let text = meaning(embedder, profile, interests);
        let joined = vector::join(
            &text,
            &vector::categories(categories.iter().map(String::as_str)),
        );
        let gives = || {
            profile
                .roles
                .iter()
                .chain(&profile.offers)
                .map(String::as_str)
        };
        let wants = || profile.looking_for.iter().map(String::as_str);
        let mut short = short(embedder, wants());
        short.extend(self::short(embedder, gives()));
        let list =
            |answers: &[String]| terms::codes(answers.iter().map(String::as_str), usize::MAX);
        Self {
            vector: vector::quantise::<DIMS>(&joined).to_vec(),
            short,
            company: profile.company.as_deref().map_or(0, terms::code),
            lists: [
                terms::codes(wants(), usize::MAX),
                terms::codes(gives(), usize::MAX),
                list(&profile.industries),
                list(&profile.goals),
                interest_codes(interests),
                list(&profile.preferences.exclude_companies),
            ],
        }
    }

    /// The card as the scoring reads it.
    pub fn view(&self) -> View<'_> {
        let (wants, gives) = self.short.split_at(SHORT_DIMS.min(self.short.len()));
        View {
            vector: &self.vector,
            vector_inverse: vector::inverse_length(&self.vector),
            wants,
            wants_inverse: vector::inverse_length(wants),
            gives,
            gives_inverse: vector::inverse_length(gives),
            company: self.company,
            lists: std::array::from_fn(|at| self.lists[at].as_slice()),
        }
    }

    /// The card as bytes: layout, model, vectors, company, then each list with
    /// its length; little endian.
    pub fn pack(&self) -> Vec<u8> {
        let codes: usize = self.lists.iter().map(Vec::len).sum();
        let mut out = Vec::with_capacity(2 + DIMS + 2 * SHORT_DIMS + 4 + 2 * LISTS + 4 * codes);
        out.extend([LAYOUT, MODEL]);
        out.extend(
            self.vector
                .iter()
                .chain(&self.short)
                .map(|x| x.cast_unsigned()),
        );
        out.extend(self.company.to_le_bytes());
        for list in &self.lists {
            let length = u16::try_from(list.len()).unwrap_or(u16::MAX);
            out.extend(length.to_le_bytes());
            for code in list.iter().take(usize::from(length)) {
                out.extend(code.to_le_bytes());
            }
        }
        out
    }

    /// Reads what [`Card::pack`] wrote; `None` for anything else. Vectors of
    /// another model come back as zeros: they compare with nothing, the rest does.
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        let (header, rest) = bytes.split_first_chunk::<2>()?;
        if header[0] != LAYOUT {
            return None;
        }
        let (vectors, rest) = rest.split_at_checked(DIMS + 2 * SHORT_DIMS)?;
        let known = header[1] == MODEL;
        let signed = |bytes: &[u8]| -> Vec<i8> {
            bytes
                .iter()
                .map(|b| if known { b.cast_signed() } else { 0 })
                .collect()
        };
        let (company, mut rest) = rest.split_first_chunk::<4>()?;
        let mut lists: [Vec<u32>; LISTS] = Default::default();
        for list in &mut lists {
            let (length, behind) = rest.split_first_chunk::<2>()?;
            let length = 4 * usize::from(u16::from_le_bytes(*length));
            let (codes, behind) = behind.split_at_checked(length)?;
            *list = codes
                .as_chunks::<4>()
                .0
                .iter()
                .map(|code| u32::from_le_bytes(*code))
                .collect();
            rest = behind;
        }
        rest.is_empty().then(|| Self {
            vector: signed(&vectors[..DIMS]),
            short: signed(&vectors[DIMS..]),
            company: u32::from_le_bytes(*company),
            lists,
        })
    }

    /// One list of codes.
    pub fn list(&self, list: List) -> &[u32] {
        &self.lists[list as usize]
    }
}

fn interest_codes(interests: &[Interest]) -> Vec<u32> {
    let mut codes: Vec<u32> = interests
        .iter()
        .flat_map(|interest| {
            let event = interest.event.iter();
            event
                .map(|(id, _)| event_code(*id))
                .chain(interest.tags.iter().map(|tag| tag_code(tag)))
        })
        .take(MAX_INTERESTS)
        .collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The short vector of a list of answers; zeros for an empty list.
fn short<'a>(embedder: &Embedder, answers: impl Iterator<Item = &'a str>) -> Vec<i8> {
    let text = answers.collect::<Vec<_>>().join(", ");
    vector::quantise::<SHORT_DIMS>(&embedder.sentence(&text)[..SHORT_DIMS]).to_vec()
}

/// What a person writes, saves and answers, as one sentence vector: each part has its
/// own vector, so that a long text does not drown a short answer.
fn meaning(embedder: &Embedder, profile: &Profile, interests: &[Interest]) -> [f32; TEXT_DIMS] {
    let prose = [profile.headline.as_deref(), profile.bio.as_deref()];
    let saved: Vec<&str> = interests
        .iter()
        .flat_map(|i| {
            let title = i.event.iter().map(|(_, title)| title.as_str());
            title.chain(i.tags.iter().map(String::as_str))
        })
        .collect();
    let parts = [
        (
            1.0,
            prose.into_iter().flatten().collect::<Vec<_>>().join(". "),
        ),
        (1.0, profile.roles.join(", ")),
        (0.7, profile.goals.join(", ")),
        (0.7, profile.industries.join(", ")),
        (0.5, profile.offers.join(", ")),
        (0.5, profile.looking_for.join(", ")),
        (0.7, saved.join(", ")),
    ];
    let mut sum = [0.0; TEXT_DIMS];
    for (weight, text) in parts {
        for (sum, x) in sum.iter_mut().zip(embedder.sentence(&text)) {
            *sum += weight * x;
        }
    }
    vector::normalise(&mut sum);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn profile() -> Profile {
        Profile {
            headline: Some("Builds payment systems".into()),
            company: Some("Acme".into()),
            roles: vec!["backend developer".into()],
            looking_for: vec!["investors".into(), "designers".into()],
            industries: vec!["fintech".into()],
            ..Profile::default()
        }
    }

    #[test]
    fn mm_05_a_card_has_512_numbers_and_survives_packing() {
        let embedder = Embedder::bundled().unwrap();
        let interest = Interest {
            event: Some((EventId::new(), "Rust in production".into())),
            tags: vec!["rust".into(), "backend".into()],
        };
        let card = Card::of(&embedder, &profile(), std::slice::from_ref(&interest));
        assert_eq!(card.vector.len(), 512);
        assert_eq!(card.list(List::Interests).len(), 3);
        assert_eq!(card.list(List::Wants).len(), 2);
        let bytes = card.pack();
        assert!(bytes.len() < 800, "{}", bytes.len());
        assert_eq!(Card::unpack(&bytes), Some(card.clone()));
        assert_eq!(
            Card::of(&embedder, &profile(), &[interest]),
            card,
            "the same again"
        );
        let without = Card::of(&embedder, &profile(), &[]);
        assert_ne!(
            without.vector, card.vector,
            "interests are part of the vector"
        );
    }

    #[test]
    fn mm_05_vectors_of_another_model_compare_with_nothing() {
        let embedder = Embedder::bundled().unwrap();
        let mut bytes = Card::of(&embedder, &profile(), &[]).pack();
        bytes[1] = MODEL + 1;
        let card = Card::unpack(&bytes).unwrap();
        assert!(card.vector.iter().chain(&card.short).all(|x| *x == 0));
        assert_eq!(card.list(List::Industries).len(), 1);
    }

    proptest! {
        #[test]
        fn mm_05_no_bytes_break_the_reader(mut bytes: Vec<u8>, layout: bool) {
            if layout && !bytes.is_empty() {
                bytes[0] = LAYOUT;
            }
            let _ = Card::unpack(&bytes);
        }

        #[test]
        fn mm_05_a_cut_card_is_none(cut in 0_usize..700) {
            let embedder = Embedder::bundled().unwrap();
            let bytes = Card::of(&embedder, &profile(), &[]).pack();
            prop_assert_eq!(Card::unpack(&bytes[..cut]), None);
        }
    }
}
