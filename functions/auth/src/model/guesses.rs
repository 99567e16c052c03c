//! How many guesses a password stands against somebody who tries first what
//! was stolen elsewhere, what is known of the account, and patterns
//! (docs/adr/0018). In bits, rounded: 2 to the power of so many guesses.

use std::{collections::HashSet, sync::LazyLock};

use zeroize::Zeroizing;

use super::breached::{Key, LONGEST};

/// Fewer are refused: at the pace of Argon2id, 2⁴⁰ take a core 500 years.
pub const ENOUGH: u32 = 40;

/// One of the words that are tried before any other, see [`TRIED_FIRST`].
const TRIED_FIRST_BITS: u32 = 8;
/// One of the 125,000 of the list.
const BREACHED_BITS: u32 = 17;
/// One of the words known of the account.
const CONTEXT_BITS: u32 = 2;
/// What stood right before it, once more.
const REPEATED_BITS: u32 = 2;
/// A neighbour of the character before, or the same.
const NEXT_BITS: u32 = 1;
/// A year of a life: 1900 to 2099, mostly recent ones.
const YEAR_BITS: u32 = 6;
const DIGIT_BITS: u32 = 3;
const LETTER_BITS: u32 = 5;
const SIGN_BITS: u32 = 6;

/// Shorter words are found in any text.
const SHORTEST: usize = 4;

/// Words of every list of attackers, of this service and of keyboards.
static TRIED_FIRST: LazyLock<HashSet<Key>> = LazyLock::new(|| {
    include_str!("common-passwords.txt")
        .lines()
        .filter(|line| !line.is_empty())
        .map(Key::of)
        .collect()
});

type Text = Zeroizing<Vec<char>>;

/// The guesses that a folded password stands; `context` is texts known of the
/// account.
pub fn bits(folded: &[char], context: &[&str]) -> u32 {
    let context: HashSet<Key> = context.iter().flat_map(|text| words(text)).collect();
    let (letters, dropped) = without_signs(folded, |c| c.is_alphanumeric().then_some(c));
    let (plain, masked) = without_signs(folded, unmask);
    cheapest(folded, &context)
        .min(dropped + cheapest(&letters, &context))
        .min(masked + cheapest(&plain, &context))
}

/// The words of a text about the account, and all of them in a row.
fn words(text: &str) -> Vec<Key> {
    let lower = text.to_lowercase();
    let parts = lower.split(|c: char| !c.is_alphanumeric());
    let whole: String = parts.clone().collect();
    parts
        .chain([whole.as_str()])
        .filter(|word| word.chars().count() >= SHORTEST)
        .map(Key::of)
        .collect()
}

/// The text without its signs, and what it takes to guess those: the first of
/// each kind counts, as in `p.a.s.s`.
fn without_signs(folded: &[char], read: fn(char) -> Option<char>) -> (Text, u32) {
    let mut rest = Zeroizing::new(Vec::with_capacity(folded.len()));
    let (mut bits, mut seen) = (0, HashSet::new());
    for c in folded {
        match read(*c) {
            Some(letter) => rest.push(letter),
            None if seen.insert(*c) => bits += SIGN_BITS,
            None => bits += NEXT_BITS,
        }
    }
    (rest, bits)
}

/// A character as the letter that it imitates; other signs drop out.
fn unmask(c: char) -> Option<char> {
    match c {
        '0' => Some('o'),
        '1' | '!' => Some('i'),
        '3' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        '7' => Some('t'),
        c => c.is_alphanumeric().then_some(c),
    }
}

/// The cheapest way to put the text together of words, repetitions and
/// single characters: `best[n]` is that of its first `n` characters.
fn cheapest(text: &[char], context: &HashSet<Key>) -> u32 {
    let mut best = Zeroizing::new(vec![u32::MAX; text.len() + 1]);
    best[0] = 0;
    for start in 0..text.len() {
        let so_far = best[start];
        let mut offer = |end: usize, bits: u32| best[end] = best[end].min(so_far + bits);
        offer(start + 1, single(text, start));
        let mut key = Key::EMPTY;
        for end in start + 1..=text.len().min(start + LONGEST) {
            key = key.and(text[end - 1]);
            let length = end - start;
            if (2..=start).contains(&length) && text[start - length..start] == text[start..end] {
                offer(end, REPEATED_BITS);
            }
            if length < SHORTEST {
                continue;
            }
            if is_year(&text[start..end]) {
                offer(end, YEAR_BITS);
            }
            if context.contains(&key) {
                offer(end, CONTEXT_BITS);
            } else if TRIED_FIRST.contains(&key) {
                offer(end, TRIED_FIRST_BITS);
            } else if key.is_breached() {
                offer(end, BREACHED_BITS);
            }
        }
    }
    best[text.len()]
}

fn is_year(piece: &[char]) -> bool {
    matches!(piece, ['1', '9', c, d] | ['2', '0', c, d] if c.is_ascii_digit() && d.is_ascii_digit())
}

fn single(text: &[char], at: usize) -> u32 {
    let c = text[at];
    if at > 0 && u32::from(c).abs_diff(u32::from(text[at - 1])) <= 1 {
        NEXT_BITS
    } else if c.is_ascii_digit() {
        DIGIT_BITS
    } else if c.is_alphabetic() {
        LETTER_BITS
    } else {
        SIGN_BITS
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str, context: &[&str]) -> u32 {
        let folded: Vec<char> = text.to_lowercase().chars().collect();
        bits(&folded, context)
    }

    #[test]
    fn b1_15_a_word_costs_what_its_list_is_long() {
        assert_eq!(of("password", &[]), TRIED_FIRST_BITS);
        assert_eq!(of("manchesterunited", &[]), BREACHED_BITS);
        assert_eq!(
            of("zuzanna-kowalczyk", &["zuzanna"]),
            CONTEXT_BITS + SIGN_BITS + BREACHED_BITS
        );
        assert_eq!(of("adalovelace", &["Ada Lovelace"]), CONTEXT_BITS);
        assert_eq!(
            of("passwordpassword", &[]),
            TRIED_FIRST_BITS + REPEATED_BITS
        );
    }

    #[test]
    fn b1_15_more_of_anything_never_counts_less() {
        let mut last = 0;
        for text in [
            "manchesterunited",
            "manchesterunited7",
            "manchesterunited7302",
            "manchesterunited7302 hvq",
        ] {
            let now = of(text, &[]);
            assert!(now >= last, "{text}: {now}");
            last = now;
        }
        assert!(last >= ENOUGH);
    }

    const WORDS: [&str; 16] = [
        "violet", "teapot", "marches", "north", "elephant", "giraffe", "kitchen", "rainbow",
        "umbrella", "mountain", "button", "harvest", "lantern", "pocket", "blanket", "feather",
    ];

    proptest! {
        /// What NIST recommends must pass: also of words that are all listed.
        #[test]
        fn b1_15_three_unrelated_words_pass(
            words in proptest::sample::subsequence(WORDS.to_vec(), 3).prop_shuffle(),
        ) {
            prop_assert!(of(&words.join(" "), &[]) >= ENOUGH);
            prop_assert!(of(&words.concat(), &[]) >= ENOUGH);
        }
    }

    /// The filter takes one text in 65,536 for stolen, and 15 letters have a
    /// hundred parts: so a few random passwords in a thousand are refused, no more.
    #[test]
    fn b1_15_random_letters_pass() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut letter = || {
            // Xorshift (Marsaglia 2003): the same letters in every run.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(b'a' + u8::try_from(state % 26).unwrap())
        };
        let random = |_| -> String { (0..15).map(|_| letter()).collect() };
        let texts: Vec<String> = (0..4_000).map(random).collect();
        let refused = texts.iter().filter(|text| of(text, &[]) < ENOUGH).count();
        assert!(refused <= 20, "{refused} of {}", texts.len());
    }
}
