//! `WordPiece` as BERT's uncased models have it: lower case, no accents,
//! punctuation apart, then the longest known piece again and again.

/// A longer word is no word (the reference tokenizer has the same limit).
const MAX_WORD: usize = 100;

/// Accented letters of the Latin script and what stands below the accent.
const FOLDED: &[(&str, char)] = &[
    ("àáâãäåāăąǎ", 'a'),
    ("çćĉċč", 'c'),
    ("ď", 'd'),
    ("èéêëēĕėęě", 'e'),
    ("ĝğġģ", 'g'),
    ("ĥ", 'h'),
    ("ìíîïĩīĭįǐ", 'i'),
    ("ĵ", 'j'),
    ("ķ", 'k'),
    ("ĺļľ", 'l'),
    ("ñńņň", 'n'),
    ("òóôõöōŏőǒ", 'o'),
    ("ŕŗř", 'r'),
    ("śŝşšș", 's'),
    ("ţťț", 't'),
    ("ùúûüũūŭůűųǔ", 'u'),
    ("ŵ", 'w'),
    ("ýÿŷ", 'y'),
    ("źżž", 'z'),
];

/// Lower case without accents. Combining marks (U+0300 to U+036F) fall away.
pub fn fold(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .filter(|c| !('\u{300}'..='\u{36f}').contains(c))
        .map(|c| {
            FOLDED
                .iter()
                .find(|(accented, _)| !c.is_ascii() && accented.contains(c))
                .map_or(c, |(_, base)| *base)
        })
        .collect()
}

/// Words and single punctuation marks, in order.
pub fn words(folded: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut begin = None;
    for (at, c) in folded.char_indices() {
        let part_of_word = c.is_alphanumeric();
        if part_of_word {
            begin.get_or_insert(at);
            continue;
        }
        if let Some(from) = begin.take() {
            words.push(&folded[from..at]);
        }
        if !c.is_whitespace() && !c.is_control() {
            words.push(&folded[at..at + c.len_utf8()]);
        }
    }
    if let Some(from) = begin {
        words.push(&folded[from..]);
    }
    words
}

/// Splits one word into known pieces. `find` knows a piece, with `##` before it
/// when it continues a word. A word with an unknown rest is nothing at all.
pub fn pieces(word: &str, longest: usize, find: impl Fn(&str) -> Option<usize>) -> Vec<usize> {
    let mut found = Vec::new();
    if word.chars().count() > MAX_WORD {
        return found;
    }
    let mut rest = word;
    let mut buffer = String::with_capacity(longest + 2);
    while !rest.is_empty() {
        let mark = if found.is_empty() { "" } else { "##" };
        let piece = rest
            .char_indices()
            .map(|(at, c)| at + c.len_utf8())
            .take_while(|end| *end <= longest)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .find_map(|end| {
                buffer.clear();
                buffer.push_str(mark);
                buffer.push_str(&rest[..end]);
                find(&buffer).map(|id| (id, end))
            });
        let Some((id, end)) = piece else {
            return Vec::new();
        };
        found.push(id);
        rest = &rest[end..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mm_05_text_is_folded_and_split_as_the_model_expects() {
        assert_eq!(
            fold("Caf\u{e9} Zu\u{308}rich \u{17d}i\u{17e}ek"),
            "cafe zurich zizek"
        );
        assert_eq!(
            words("c++ & go,rust"),
            ["c", "+", "+", "&", "go", ",", "rust"]
        );
        assert_eq!(words("  "), Vec::<&str>::new());
    }

    #[test]
    fn mm_05_the_longest_piece_wins_and_an_unknown_rest_drops_the_word() {
        let known = ["em", "embed", "##bed", "##ding", "##s"];
        let find = |piece: &str| known.iter().position(|k| *k == piece);
        assert_eq!(pieces("embeddings", 20, find), [1, 3, 4]);
        assert_eq!(pieces("embedx", 20, find), Vec::<usize>::new());
        assert_eq!(pieces(&"s".repeat(101), 20, find), Vec::<usize>::new());
    }
}
