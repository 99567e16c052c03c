//! The check of a JPEG's frame that the decoder does not make: it fills in
//! what is missing with grey, and it follows as many scans as there are.

use super::Rejection;

/// Encoders write about ten scans. Each costs a pass over all coefficients, so
/// a small file with thousands of them would keep a processor busy for minutes.
const MAX_SCANS: u32 = 100;

/// Walks the markers (ITU-T T.81, annex B) up to the end of the image.
///
/// # Errors
/// [`Rejection::Truncated`] without an end-of-image marker,
/// [`Rejection::Damaged`] with more scans than any encoder writes.
pub(super) fn check(bytes: &[u8]) -> Result<(), Rejection> {
    let mut scans = 0;
    let mut at = 2;
    while let Some((marker, next)) = next_marker(bytes, at) {
        at = match marker {
            0xD9 => return Ok(()),
            0x01 | 0xD8 => next,
            _ => {
                if marker == 0xDA {
                    scans += 1;
                    if scans > MAX_SCANS {
                        return Err(Rejection::Damaged);
                    }
                }
                let Some(length) = bytes.get(next..next + 2) else {
                    break;
                };
                next + usize::from(u16::from_be_bytes([length[0], length[1]]))
            }
        };
    }
    Err(Rejection::Truncated)
}

/// The next marker at or after `at`, and where what follows it begins. Passes
/// over entropy-coded data with its stuffed zeros and restart markers.
fn next_marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += bytes.get(at..)?.iter().position(|&b| b == 0xFF)? + 1;
        match bytes.get(at)? {
            0x00 | 0xD0..=0xD7 => at += 1,
            0xFF => {}
            marker => return Some((*marker, at + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: [u8; 2] = [0xFF, 0xD8];
    const SCAN: [u8; 8] = [0xFF, 0xDA, 0x00, 0x02, 0x12, 0xFF, 0x00, 0x34];

    #[test]
    fn an_end_inside_a_segment_does_not_count() {
        let thumbnail = [0xFF, 0xE1, 0x00, 0x06, 0xFF, 0xD9, 0x00, 0x00];
        let file = [&START[..], &thumbnail, &SCAN].concat();
        assert_eq!(check(&file), Err(Rejection::Truncated));
        assert_eq!(check(&[&file[..], &[0xFF, 0xD9]].concat()), Ok(()));
    }

    #[test]
    fn thousands_of_scans_are_refused() {
        let file = [&START[..], &SCAN.repeat(101), &[0xFF, 0xD9]].concat();
        assert_eq!(check(&file), Err(Rejection::Damaged));
    }
}
