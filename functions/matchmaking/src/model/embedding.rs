//! Static sentence vectors: the sum of the vectors of a text's tokens.
//!
//! The table was distilled from all-MiniLM-L6-v2 (`assets/README.md`). It is
//! part of the binary and read in place: nothing is parsed or copied at start,
//! and the pages of tokens that nobody writes are never loaded.

use super::tokenizer;

/// Numbers of a sentence vector.
pub const TEXT_DIMS: usize = 384;
/// Raised with every new table: vectors of different tables do not compare.
pub const MODEL: u8 = 1;

static ASSET: &[u8] = include_bytes!("../../assets/minilm-static-v1.bin");
const HEADER: usize = 16;
/// No token is longer (in bytes, without `##`): bounds each look-up.
const LONGEST: usize = 24;

/// The table of token vectors is damaged: the function does not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the table of token vectors is damaged: {0}")]
pub struct AssetError(&'static str);

/// The table of token vectors; copying it copies five references.
#[derive(Debug, Clone, Copy)]
pub struct Embedder {
    tokens: usize,
    offsets: &'static [u8],
    text: &'static [u8],
    scales: &'static [u8],
    rows: &'static [u8],
}

fn word32(bytes: &[u8], at: usize) -> Option<[u8; 4]> {
    bytes.get(4 * at..4 * at + 4)?.try_into().ok()
}

impl Embedder {
    /// The table that is part of the binary.
    ///
    /// # Errors
    /// [`AssetError`] when its sizes do not add up.
    pub fn bundled() -> Result<Self, AssetError> {
        Self::read(ASSET)
    }

    fn read(asset: &'static [u8]) -> Result<Self, AssetError> {
        let header = asset.get(..HEADER).ok_or(AssetError("no header"))?;
        if &header[..4] != b"PLNV" || header[4..6] != [MODEL, 0] {
            return Err(AssetError("another format"));
        }
        if usize::from(u16::from_le_bytes([header[6], header[7]])) != TEXT_DIMS {
            return Err(AssetError("another number of dimensions"));
        }
        let number = |at| word32(header, at).map_or(0, |b| u32::from_le_bytes(b) as usize);
        let (tokens, text) = (number(2), number(3));
        let mut rest = &asset[HEADER..];
        let mut take = |bytes: usize| {
            let (part, behind) = rest
                .split_at_checked(bytes)
                .ok_or(AssetError("too short"))?;
            rest = behind;
            Ok(part)
        };
        let table = Self {
            tokens,
            offsets: take(4 * (tokens + 1))?,
            text: take(text)?,
            scales: take(4 * tokens)?,
            rows: take(TEXT_DIMS * tokens)?,
        };
        if rest.is_empty() {
            Ok(table)
        } else {
            Err(AssetError("too long"))
        }
    }

    fn token(&self, at: usize) -> Option<&'static [u8]> {
        let offset = |at| word32(self.offsets, at).map(|b| u32::from_le_bytes(b) as usize);
        self.text.get(offset(at)?..offset(at + 1)?)
    }

    fn find(&self, piece: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.tokens);
        while low < high {
            let middle = low.midpoint(high);
            match self.token(middle)?.cmp(piece.as_bytes()) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The vector of a text, of length 1; zeros for a text without known words.
    pub fn sentence(&self, text: &str) -> [f32; TEXT_DIMS] {
        let mut sum = [0.0; TEXT_DIMS];
        let folded = tokenizer::fold(text);
        for word in tokenizer::words(&folded) {
            for id in tokenizer::pieces(word, LONGEST, |piece| self.find(piece)) {
                self.add(id, &mut sum);
            }
        }
        super::vector::normalise(&mut sum);
        sum
    }

    fn add(&self, id: usize, sum: &mut [f32; TEXT_DIMS]) {
        let Some(scale) = word32(self.scales, id).map(f32::from_le_bytes) else {
            return;
        };
        let Some(row) = self.rows.get(TEXT_DIMS * id..TEXT_DIMS * (id + 1)) else {
            return;
        };
        for (sum, byte) in sum.iter_mut().zip(row) {
            *sum += scale * f32::from(byte.cast_signed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        let table = Embedder::bundled().unwrap();
        let (a, b) = (table.sentence(a), table.sentence(b));
        a.iter().zip(&b).map(|(a, b)| a * b).sum()
    }

    /// MM-05: what is related is near, by a margin that no rounding explains.
    #[test]
    fn mm_05_related_texts_are_nearer_than_unrelated_ones() {
        for (text, near, far) in [
            ("machine learning engineer", "data scientist", "pastry chef"),
            (
                "seed stage investor",
                "venture capital partner",
                "hospital nurse",
            ),
            (
                "solar power project developer",
                "renewable energy engineer",
                "corporate lawyer",
            ),
            (
                "penetration tester",
                "cyber security analyst",
                "wedding photographer",
            ),
            (
                "head of human resources",
                "recruiter and talent acquisition",
                "quantum physicist",
            ),
        ] {
            let (near, far) = (cosine(text, near), cosine(text, far));
            assert!(near > far + 0.1, "{text}: near {near}, far {far}");
        }
    }

    #[test]
    fn mm_05_the_same_text_gives_the_same_vector_whatever_its_case_and_accents() {
        let table = Embedder::bundled().unwrap();
        let vector = table.sentence("Caf\u{e9} owner");
        assert_eq!(
            vector.map(f32::to_bits),
            table.sentence("cafe OWNER").map(f32::to_bits)
        );
        let length: f32 = vector.iter().map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-4);
        for nothing in ["\u{4f60}\u{597d}", "", " \n"] {
            assert!(
                table.sentence(nothing).iter().all(|x| *x == 0.0),
                "{nothing}"
            );
        }
    }

    /// Every token can be found, and none is longer than the look-ups try.
    #[test]
    fn mm_05_every_token_of_the_table_is_found() {
        let table = Embedder::bundled().unwrap();
        for at in 0..table.tokens {
            let token = std::str::from_utf8(table.token(at).unwrap()).unwrap();
            assert!(token.trim_start_matches("##").len() <= LONGEST, "{token}");
            assert_eq!(table.find(token), Some(at), "{token}");
        }
        assert_eq!(table.find("[CLS]"), None);
    }

    #[test]
    fn mm_05_a_damaged_table_is_refused() {
        assert!(Embedder::read(&ASSET[..100]).is_err());
        assert!(Embedder::read(&ASSET[..ASSET.len() - 1]).is_err());
        assert!(Embedder::read(b"PLNX000000000000").is_err());
        assert!(Embedder::read(b"").is_err());
    }
}
