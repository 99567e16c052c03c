//! The passwords that were stolen elsewhere and are tried first (NIST SP
//! 800-63B-4 §3.1.1.2), as a filter inside the binary (docs/adr/0018): nothing
//! is loaded or asked for.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use xorf::{BinaryFuse16Ref, Descriptor, Filter, FilterRef};

/// The longest entry, in characters.
pub const LONGEST: usize = 64;

const LENGTH: usize = include_bytes!("../../assets/breached-passwords.bin").len();

/// The filter reads 16-bit numbers where they lie, so they must lie evenly.
#[repr(C, align(8))]
struct Aligned([u8; LENGTH]);

/// Made by `assets/breached-words.py` and `examples/breached.rs`: the
/// descriptor, and then a binary fuse filter with fingerprints of 16 bits.
static ASSET: Aligned = Aligned(*include_bytes!("../../assets/breached-passwords.bin"));

static FILTER: LazyLock<BinaryFuse16Ref<'static>> = LazyLock::new(|| {
    let (descriptor, fingerprints) = ASSET.0.split_at(Descriptor::DMA_LEN);
    BinaryFuse16Ref::from_dma(descriptor, fingerprints)
});

/// How the filter knows a text: FNV-1a over its characters, which grows with
/// it. Nobody gains by a collision: it refuses one more password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Key {
    /// The key of nothing.
    pub const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    /// With one more character.
    pub fn and(self, c: char) -> Self {
        Self((self.0 ^ u64::from(c)).wrapping_mul(0x0000_0100_0000_01b3))
    }

    /// Of a text, folded as passwords are before they are judged.
    pub fn of(text: &str) -> Self {
        text.nfkc()
            .collect::<String>()
            .to_lowercase()
            .chars()
            .fold(Self::EMPTY, Self::and)
    }

    /// As the filter takes it.
    pub fn number(self) -> u64 {
        self.0
    }

    /// Whether it is the key of a stolen password; wrong for one other in 65,536.
    pub fn is_breached(self) -> bool {
        FILTER.contains(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use ring::digest::{SHA256, digest};

    use super::*;

    /// Whoever changes the list changes this with it, knowingly.
    #[test]
    fn b1_15_the_list_is_the_one_that_the_script_makes() {
        let hash = digest(&SHA256, &ASSET.0);
        assert_eq!(
            shared::digest::base64url(hash),
            "FsahPF-oMNCPBpn5UzzRXQiVmVEddNvQeQCWgH7Yj2c"
        );
        assert!(LENGTH < 300 * 1024, "{LENGTH}");
    }

    #[test]
    fn b1_15_stolen_passwords_are_known_and_others_are_not() {
        for known in [
            "123456789987654321",
            "1qaz2wsx3edc4rfv",
            "manchesterunited",
            "mychemicalromance",
            "Characteristics",
            "PASSWORD",
            "trustno1",
            "jennifer",
        ] {
            assert!(Key::of(known).is_breached(), "{known}");
        }
        let strangers = (0..20_000_u64)
            .map(|i| shared::digest::sha256(&[&i.to_be_bytes()]))
            .filter(|text| Key::of(text).is_breached())
            .count();
        assert!(strangers <= 5, "{strangers}");
    }
}
