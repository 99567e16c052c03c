//! Places in a ranking.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use shared::id::{EventId, UserId};

/// Where a page ended: behind so many of those with this score. A ranking that is
/// made anew meanwhile is entered at the same score, so that a page neither
/// repeats nor skips whom the change does not concern; and it names nobody.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    score: f32,
    equals: usize,
}

impl Spot {
    /// Behind the first `count` of a ranking.
    pub fn behind(all: &[(UserId, EventId, f32)], count: usize) -> Option<Self> {
        let (_, _, score) = *all.get(count.checked_sub(1)?)?;
        let equals = all[..count].iter().rev();
        let equals = equals.take_while(|one| one.2.total_cmp(&score).is_eq());
        Some(Self {
            score,
            equals: equals.count(),
        })
    }

    /// How many of a ranking, best first, are in front of it.
    pub fn index_in(self, all: &[(UserId, EventId, f32)]) -> usize {
        let better = all.partition_point(|one| one.2.total_cmp(&self.score).is_gt());
        let rest = all[better..].iter();
        let equals = rest.take_while(|one| one.2.total_cmp(&self.score).is_eq());
        better + equals.count().min(self.equals)
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}#{}", self.score.to_bits(), self.equals)
    }
}

impl FromStr for Spot {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        let (bits, equals) = text.split_once('#').unwrap_or((text, "0"));
        Ok(Self {
            score: f32::from_bits(u32::from_str_radix(bits, 16)?),
            equals: equals.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranking(scores: &[u8]) -> Vec<(UserId, EventId, f32)> {
        let event = EventId::new();
        let mut all: Vec<_> = scores
            .iter()
            .map(|score| (UserId::new(), event, f32::from(*score)))
            .collect();
        all.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
        all
    }

    proptest! {
        /// MM-02: of a ranking that others joined or left meanwhile, the pages
        /// show everybody who stayed exactly once.
        #[test]
        fn mm_02_pages_of_a_ranking_that_changes_neither_repeat_nor_skip(
            scores in proptest::collection::vec(0_u8..200, 1..60),
            turns in proptest::collection::vec((any::<bool>(), 0_u8..200), 0..20),
            size in 1_usize..7,
        ) {
            let mut all = ranking(&scores);
            // Ties keep their order by id; these newcomers have scores of their own.
            let stayed: Vec<UserId> = all.iter().map(|one| one.0).collect();
            let (mut seen, mut after) = (Vec::new(), None::<Spot>);
            let mut turns = turns.into_iter();
            loop {
                let from = after.map_or(0, |spot| spot.index_in(&all));
                let end = (from + size).min(all.len());
                seen.extend(all[from..end].iter().map(|one| one.0));
                if end == all.len() {
                    break;
                }
                let spot = Spot::behind(&all, end).unwrap();
                after = Some(spot.to_string().parse().unwrap());
                if let Some((joins, score)) = turns.next() {
                    let newcomer = |one: &(UserId, EventId, f32)| !stayed.contains(&one.0);
                    if joins {
                        all.push((UserId::new(), EventId::new(), f32::from(score) + 0.5));
                        all.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
                    } else if let Some(at) = all.iter().position(newcomer) {
                        all.remove(at);
                    }
                }
            }
            seen.retain(|user| stayed.contains(user));
            prop_assert_eq!(seen, stayed);
        }
    }
}
