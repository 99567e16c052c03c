//! The people of one event who can be matched, packed for ranking: one matrix
//! of all vectors, read from front to back.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use shared::id::UserId;

use super::card::{Card, LISTS};
use super::scoring::{self, View};
use super::vector::{self, DIMS, SHORT_DIMS};
use super::weights::Weights;

/// Somebody found, and how well they match.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// Who.
    pub user_id: UserId,
    /// From 0 to 1.
    pub score: f32,
}

impl Eq for Ranked {}

impl Ord for Ranked {
    /// Worse is greater, so that a heap's top is what falls out first. Equal
    /// scores are ordered by id: the same people, the same order.
    fn cmp(&self, other: &Self) -> Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then(self.user_id.cmp(&other.user_id))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(Debug, Clone, Copy)]
struct Row {
    user_id: UserId,
    stamp: u64,
    inverses: [f32; 3],
    company: u32,
    /// Where each list begins in `codes`; the last one is the end.
    spans: [u32; LISTS + 1],
}

/// The people of one event, in the order of their ids.
#[derive(Debug, Default)]
pub struct Roster {
    rows: Vec<Row>,
    vectors: Vec<i8>,
    shorts: Vec<i8>,
    codes: Vec<u32>,
}

impl Roster {
    /// Packs cards; `stamp` tells which state of a person's facts a card shows.
    pub fn new(mut cards: Vec<(UserId, u64, Card)>) -> Self {
        cards.sort_by_key(|(user_id, ..)| *user_id);
        let mut roster = Self::default();
        roster.rows.reserve_exact(cards.len());
        roster.vectors.reserve_exact(cards.len() * DIMS);
        roster.shorts.reserve_exact(cards.len() * 2 * SHORT_DIMS);
        for (user_id, stamp, card) in cards {
            roster.push(user_id, stamp, &card);
        }
        roster
    }

    fn push(&mut self, user_id: UserId, stamp: u64, card: &Card) {
        let view = card.view();
        let mut spans = [0; LISTS + 1];
        for (at, list) in card.lists.iter().enumerate() {
            spans[at] = u32::try_from(self.codes.len()).unwrap_or(u32::MAX);
            self.codes.extend(list);
        }
        spans[LISTS] = u32::try_from(self.codes.len()).unwrap_or(u32::MAX);
        self.rows.push(Row {
            user_id,
            stamp,
            inverses: [view.vector_inverse, view.wants_inverse, view.gives_inverse],
            company: card.company,
            spans,
        });
        self.vectors.extend(&card.vector);
        self.shorts.extend(&card.short);
    }

    /// How many people.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nobody is there.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What it takes in memory, in bytes.
    pub fn bytes(&self) -> usize {
        self.rows.len() * size_of::<Row>()
            + self.vectors.len()
            + self.shorts.len()
            + 4 * self.codes.len()
    }

    /// Up to `count` people behind `after`, with their stamps.
    pub fn people(&self, after: Option<UserId>, count: usize) -> Vec<(UserId, u64)> {
        let from = after.map_or(0, |after| {
            self.rows.partition_point(|row| row.user_id <= after)
        });
        self.rows[from..]
            .iter()
            .take(count)
            .map(|row| (row.user_id, row.stamp))
            .collect()
    }

    fn position(&self, user_id: UserId) -> Option<usize> {
        self.rows
            .binary_search_by_key(&user_id, |row| row.user_id)
            .ok()
    }

    fn view(&self, at: usize) -> View<'_> {
        let row = &self.rows[at];
        let shorts = &self.shorts[at * 2 * SHORT_DIMS..(at + 1) * 2 * SHORT_DIMS];
        let (wants, gives) = shorts.split_at(SHORT_DIMS);
        View {
            vector: &self.vectors[at * DIMS..(at + 1) * DIMS],
            vector_inverse: row.inverses[0],
            wants,
            wants_inverse: row.inverses[1],
            gives,
            gives_inverse: row.inverses[2],
            company: row.company,
            lists: std::array::from_fn(|list| {
                &self.codes[row.spans[list] as usize..row.spans[list + 1] as usize]
            }),
        }
    }

    /// The best `count` matches of one of its people, best first; empty for
    /// whoever is not among them.
    pub fn rank(&self, user_id: UserId, weights: &Weights, count: usize) -> Vec<Ranked> {
        self.position(user_id)
            .map(|me| self.rank_card(user_id, &self.view(me), weights, count))
            .unwrap_or_default()
    }

    /// As [`Roster::rank`], with a card that may be newer than the roster.
    /// Nobody matches themselves, and nobody meets a company that one of both
    /// keeps away.
    pub fn rank_card(
        &self,
        user_id: UserId,
        mine: &View<'_>,
        weights: &Weights,
        count: usize,
    ) -> Vec<Ranked> {
        let mut best: BinaryHeap<Ranked> = BinaryHeap::with_capacity(count + 1);
        for (at, row) in self.rows.iter().enumerate() {
            let other = self.view(at);
            if row.user_id == user_id || scoring::excluded(mine, &other) {
                continue;
            }
            best.push(Ranked {
                user_id: row.user_id,
                score: scoring::score(&scoring::factors(mine, &other), weights),
            });
            if best.len() > count {
                best.pop();
            }
        }
        best.into_sorted_vec()
    }

    /// The people nearest to one of them by the vectors alone, with the cosine.
    pub fn nearest(&self, user_id: UserId, count: usize) -> Vec<Ranked> {
        let Some(me) = self.position(user_id) else {
            return Vec::new();
        };
        let mine = self.view(me);
        let mut all: Vec<Ranked> = self
            .vectors
            .chunks_exact(DIMS)
            .zip(&self.rows)
            .filter(|(_, row)| row.user_id != user_id)
            .map(|(other, row)| Ranked {
                user_id: row.user_id,
                score: vector::cosine(mine.vector, mine.vector_inverse, other, row.inverses[0]),
            })
            .collect();
        all.sort_unstable();
        all.truncate(count);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::embedding::Embedder;
    use super::super::profile::{Preferences, Profile};
    use super::super::scoring::List;
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn id(n: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(n))
    }

    /// Numbers without meaning, the same in every run.
    fn noise(seed: u64) -> impl FnMut() -> i8 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[4].cast_signed()
        }
    }

    fn random_card(seed: u64) -> Card {
        let mut next = noise(seed);
        Card {
            vector: (0..DIMS).map(|_| next()).collect(),
            short: (0..2 * SHORT_DIMS).map(|_| next()).collect(),
            company: 0,
            lists: Default::default(),
        }
    }

    /// MM-05: exact search in process over the largest event that it serves.
    /// The time goes to `docs/matching.md`, measured with optimisation.
    #[test]
    fn mm_05_a_hundred_thousand_people_are_searched_exactly() {
        const PEOPLE: u64 = 100_000;
        let mut cards: Vec<(UserId, u64, Card)> = (0..PEOPLE)
            .map(|n| (id(n.into()), 1, random_card(n + 1)))
            .collect();
        // Somebody whose vector is almost that of person 7.
        let mut twin = cards[7].2.clone();
        twin.vector[0] = twin.vector[0].wrapping_add(1);
        cards[99_000].2 = twin;
        let roster = Roster::new(cards);
        assert_eq!(roster.len(), 100_000);
        assert!(roster.bytes() < 100 << 20, "{}", roster.bytes());
        let begin = std::time::Instant::now();
        let nearest = roster.nearest(id(7), 10);
        let searched = begin.elapsed();
        let ranked = roster.rank(id(7), &Weights::default(), 10);
        println!(
            "nearest {searched:?}, ranked {:?}",
            begin.elapsed().saturating_sub(searched)
        );
        assert_eq!(nearest.len(), 10);
        assert_eq!(nearest[0].user_id, id(99_000));
        assert!(nearest[0].score > 0.99 && nearest[1].score < 0.5);
        assert_eq!(ranked[0].user_id, id(99_000));
    }

    fn person(company: &str, excluded: &[&str]) -> Card {
        let profile = Profile {
            company: Some(company.into()),
            roles: vec!["developer".into()],
            preferences: Preferences {
                exclude_companies: excluded.iter().map(|s| (*s).into()).collect(),
                ..Preferences::default()
            },
            ..Profile::default()
        };
        Card::of(&Embedder::bundled().unwrap(), &profile, &[])
    }

    #[test]
    fn mm_07_an_excluded_company_neither_sees_nor_is_seen() {
        let roster = Roster::new(vec![
            (id(1), 1, person("Acme", &["  GLOBEX "])),
            (id(2), 1, person("Globex", &[])),
            (id(3), 1, person("Initech", &[])),
        ]);
        let found = |of| -> Vec<UserId> {
            roster
                .rank(id(of), &Weights::default(), 9)
                .iter()
                .map(|r| r.user_id)
                .collect()
        };
        assert_eq!(found(1), [id(3)]);
        assert_eq!(found(2), [id(3)]);
        assert_eq!(found(3), [id(1), id(2)]);
        assert!(found(4).is_empty(), "who is not there finds nobody");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn mm_03_ranking_is_sorted_complete_and_without_oneself(
            people in prop::collection::btree_set(0_u64..50, 1..20),
            companies in prop::collection::vec(0_u32..3, 20),
            excluded in prop::collection::vec(0_u32..3, 20),
            count in 1_usize..25,
        ) {
            let cards: Vec<(UserId, u64, Card)> = people
                .iter()
                .zip(companies.iter().zip(&excluded))
                .map(|(n, (company, excluded))| {
                    let mut card = random_card(*n + 1);
                    card.company = *company;
                    if *excluded != 0 {
                        card.lists[List::Excluded as usize] = vec![*excluded];
                    }
                    (id((*n).into()), *n, card)
                })
                .collect();
            let mut shuffled = cards.clone();
            shuffled.reverse();
            let roster = Roster::new(cards.clone());
            let other = Roster::new(shuffled);
            for (me, _, mine) in &cards {
                let ranked = roster.rank(*me, &Weights::default(), count);
                prop_assert_eq!(&ranked, &other.rank(*me, &Weights::default(), count));
                let allowed = cards
                    .iter()
                    .filter(|(who, _, card)| who != me && !scoring::excluded(&mine.view(), &card.view()))
                    .count();
                prop_assert_eq!(ranked.len(), allowed.min(count));
                prop_assert!(ranked.iter().all(|r| r.user_id != *me));
                prop_assert!(ranked.is_sorted_by(|a, b| a.score >= b.score));
                let best = roster.rank(*me, &Weights::default(), 100);
                prop_assert_eq!(&best[..ranked.len()], &ranked[..]);
            }
        }

        #[test]
        fn mm_04_people_are_walked_through_in_pages(people in prop::collection::btree_set(0_u64..100, 0..30), count in 1_usize..10) {
            let roster = Roster::new(people.iter().map(|n| (id((*n).into()), *n, random_card(1))).collect());
            let (mut after, mut seen) = (None, Vec::new());
            loop {
                let page = roster.people(after, count);
                let Some((last, _)) = page.last() else { break };
                after = Some(*last);
                seen.extend(page.iter().map(|(_, stamp)| *stamp));
            }
            prop_assert_eq!(seen, people.into_iter().collect::<Vec<_>>());
        }
    }
}
