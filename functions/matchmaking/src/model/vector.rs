//! The 512-number vector of a person: 384 numbers of meaning, 128 of hashed
//! categorical answers, as 512 signed bytes. Only directions matter, so no
//! scale is kept.

use super::embedding::TEXT_DIMS;

/// Numbers of the hash of the categorical answers.
pub const CATEGORY_DIMS: usize = 128;
/// Numbers of the whole.
pub const DIMS: usize = TEXT_DIMS + CATEGORY_DIMS;
/// Share of the meaning in the squared length; the rest is the categories'.
const TEXT_SHARE: f32 = 0.75;
/// Numbers of the short vectors of what is sought and offered. The axes of the
/// table are sorted by what they carry, so its first ones stand for the rest.
pub const SHORT_DIMS: usize = 96;

/// Gives a vector the length 1; zeros stay zeros.
pub fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > f32::EPSILON {
        for x in vector {
            *x /= length;
        }
    }
}

/// FNV-1a, 64 bits: the same on every machine and in every version.
pub fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Hashes answers such as `industry=fintech` into 128 numbers (signed feature
/// hashing: collisions cancel out rather than add up), of length 1.
pub fn categories<'a>(answers: impl IntoIterator<Item = &'a str>) -> [f32; CATEGORY_DIMS] {
    let mut out = [0.0; CATEGORY_DIMS];
    for answer in answers {
        let mut bits = hash(answer);
        bits ^= bits >> 29;
        let sign = if bits & 0x80 == 0 { 1.0 } else { -1.0 };
        out[(bits & 0x7f) as usize] += sign;
    }
    normalise(&mut out);
    out
}

/// Joins both parts, each of length 1 or 0, by their shares.
pub fn join(text: &[f32; TEXT_DIMS], categories: &[f32; CATEGORY_DIMS]) -> [f32; DIMS] {
    let mut out = [0.0; DIMS];
    let (first, second) = out.split_at_mut(TEXT_DIMS);
    for (out, x) in first.iter_mut().zip(text) {
        *out = x * TEXT_SHARE.sqrt();
    }
    for (out, x) in second.iter_mut().zip(categories) {
        *out = x * (1.0 - TEXT_SHARE).sqrt();
    }
    out
}

/// Rounds a vector to signed bytes, the largest number to 127.
pub fn quantise<const N: usize>(vector: &[f32]) -> [i8; N] {
    let largest = vector.iter().fold(0.0_f32, |max, x| max.max(x.abs()));
    let mut out = [0; N];
    if largest > f32::EPSILON {
        for (out, x) in out.iter_mut().zip(vector) {
            // The quotient lies between -127 and 127.
            #[allow(clippy::cast_possible_truncation)]
            let byte = (x / largest * 127.0).round() as i8;
            *out = byte;
        }
    }
    out
}

/// The product of two vectors of bytes. Written so that the compiler makes
/// vector instructions of it: fixed chunks, one sum each, no branches.
pub fn dot(a: &[i8], b: &[i8]) -> i32 {
    let (chunks_a, chunks_b) = (a.chunks_exact(32), b.chunks_exact(32));
    let rest: i32 = chunks_a
        .remainder()
        .iter()
        .zip(chunks_b.remainder())
        .map(|(a, b)| i32::from(*a) * i32::from(*b))
        .sum();
    let sum: i32 = chunks_a
        .zip(chunks_b)
        .map(|(a, b)| {
            a.iter()
                .zip(b)
                .map(|(a, b)| i32::from(i16::from(*a) * i16::from(*b)))
                .sum::<i32>()
        })
        .sum();
    sum + rest
}

/// One over the length, 0 for zeros.
pub fn inverse_length(vector: &[i8]) -> f32 {
    let square = dot(vector, vector);
    if square == 0 {
        return 0.0;
    }
    // At most 512 * 127^2: exact enough as f32, and the same everywhere.
    #[allow(clippy::cast_precision_loss)]
    let length = (square as f32).sqrt();
    length.recip()
}

/// The cosine of two vectors whose inverse lengths are known: -1 to 1.
pub fn cosine(a: &[i8], inverse_a: f32, b: &[i8], inverse_b: f32) -> f32 {
    #[allow(clippy::cast_precision_loss)]
    let product = dot(a, b) as f32;
    (product * (inverse_a * inverse_b)).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mm_05_a_vector_has_512_numbers_in_two_weighted_parts() {
        let mut text = [0.0; TEXT_DIMS];
        text[3] = 1.0;
        let joined = join(&text, &categories(["size=1", "industry=fintech"]));
        assert_eq!(joined.len(), 512);
        let share: f32 = joined[..TEXT_DIMS].iter().map(|x| x * x).sum();
        assert!((share - TEXT_SHARE).abs() < 1e-6);
    }

    #[test]
    fn mm_05_common_answers_make_categories_alike() {
        let a = categories(["industry=fintech", "size=1", "goal=hiring"]);
        let near = categories(["industry=fintech", "size=1", "goal=selling"]);
        let far = categories(["industry=farming", "size=9", "goal=selling"]);
        let product = |b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        assert!(product(&near) > product(&far) + 0.3);
    }

    proptest! {
        #[test]
        fn mm_05_bytes_keep_the_cosine(
            a in prop::collection::vec(-1.0_f32..1.0, DIMS),
            b in prop::collection::vec(-1.0_f32..1.0, DIMS),
        ) {
            let exact = {
                let (mut a, mut b) = (a.clone(), b.clone());
                normalise(&mut a);
                normalise(&mut b);
                a.iter().zip(&b).map(|(a, b)| a * b).sum::<f32>()
            };
            let (a, b) = (quantise::<DIMS>(&a), quantise::<DIMS>(&b));
            let rounded = cosine(&a, inverse_length(&a), &b, inverse_length(&b));
            prop_assert!((exact - rounded).abs() < 0.01, "{exact} {rounded}");
        }

        #[test]
        fn mm_05_the_fast_product_is_the_plain_one(pairs in prop::collection::vec((any::<i8>(), any::<i8>()), 0..200)) {
            let (a, b): (Vec<i8>, Vec<i8>) = pairs.into_iter().unzip();
            let plain: i32 = a.iter().zip(&b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
            prop_assert_eq!(dot(&a, &b), plain);
        }
    }
}
