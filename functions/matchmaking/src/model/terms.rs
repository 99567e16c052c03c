//! Terms: short answers such as "Angel investors", compared by their words.

use super::{tokenizer, vector};

/// A term in its comparable form: folded, words only, plural `s` taken off.
pub fn canonical(term: &str) -> String {
    let folded = tokenizer::fold(term);
    tokenizer::words(&folded)
        .into_iter()
        .map(|word| match word {
            // What tells C from C++ and C#.
            "+" | "#" | "&" => word,
            word if !word.chars().all(char::is_alphanumeric) => "",
            word if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") => {
                &word[..word.len() - 1]
            }
            word => word,
        })
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A term as a number; 0 stands for no term.
pub fn code(term: &str) -> u32 {
    let hash = vector::hash(&canonical(term));
    let folded = u32::try_from((hash >> 32) ^ (hash & u64::from(u32::MAX))).unwrap_or(0);
    folded.max(1)
}

/// The codes of terms, sorted and without doubles, at most `most`.
pub fn codes<'a>(terms: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<u32> {
    let mut codes: Vec<u32> = terms.into_iter().map(code).take(most).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// How many codes two sorted lists have in common.
pub fn common(a: &[u32], b: &[u32]) -> usize {
    let (mut i, mut j, mut count) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        count += usize::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn b4_02_terms_compare_by_their_words() {
        for (a, b) in [
            ("Angel Investors", "angel investor"),
            ("  co-founder ", "Co Founder"),
            ("Z\u{fc}rich", "ZURICH"),
        ] {
            assert_eq!(code(a), code(b), "{a} {b}");
        }
        for (a, b) in [
            ("C", "C++"),
            ("business", "busines s"),
            ("investor", "investment"),
        ] {
            assert_ne!(code(a), code(b), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn mm_03_common_counts_the_intersection(a: BTreeSet<u8>, b: BTreeSet<u8>) {
            let list = |set: &BTreeSet<u8>| set.iter().map(|x| u32::from(*x)).collect::<Vec<_>>();
            prop_assert_eq!(common(&list(&a), &list(&b)), a.intersection(&b).count());
        }
    }
}
