//! The fixed sizes in which a picture is offered. Free sizes would let a
//! client make the store grow and the processor work without bound.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A fixed size. Pictures are never enlarged: a small original makes small
/// variants, but every preset exists for every picture.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// At most 160 pixels on the longer side.
    Thumb,
    /// At most 480 pixels on the longer side.
    Small,
    /// At most 960 pixels on the longer side.
    Medium,
    /// At most 1920 pixels on the longer side.
    Large,
    /// A square of at most 256 pixels, cut from the middle.
    Avatar,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 5] = [
        Self::Thumb,
        Self::Small,
        Self::Medium,
        Self::Large,
        Self::Avatar,
    ];

    /// The name used in URLs and object keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Thumb => "thumb",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
            Self::Avatar => "avatar",
        }
    }

    /// The preset of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }

    /// The longest side that the variant may have, in pixels.
    pub const fn side(self) -> u32 {
        match self {
            Self::Thumb => 160,
            Self::Small => 480,
            Self::Medium => 960,
            Self::Large => 1920,
            Self::Avatar => 256,
        }
    }

    /// Whether the variant is cut to a square instead of fitted.
    pub const fn square(self) -> bool {
        matches!(self, Self::Avatar)
    }

    /// Width and height of the variant of a picture of `width` × `height`.
    pub fn size_for(self, width: u32, height: u32) -> (u32, u32) {
        let side = self.side();
        if self.square() {
            let side = side.min(width).min(height);
            return (side, side);
        }
        let longest = width.max(height);
        if longest <= side {
            return (width, height);
        }
        let scaled = |length: u32| {
            let rounded =
                (u64::from(length) * u64::from(side) + u64::from(longest) / 2) / u64::from(longest);
            u32::try_from(rounded).unwrap_or(side).max(1)
        };
        (scaled(width), scaled(height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_landscape_keeps_its_shape() {
        assert_eq!(Preset::Large.size_for(6000, 4000), (1920, 1280));
        assert_eq!(Preset::Thumb.size_for(4000, 6000), (107, 160));
        assert_eq!(Preset::Avatar.size_for(6000, 4000), (256, 256));
        assert_eq!(Preset::Avatar.size_for(80, 4000), (80, 80));
    }

    proptest! {
        #[test]
        fn variants_never_grow_and_never_vanish(width in 1u32..16_384, height in 1u32..16_384) {
            for preset in Preset::ALL {
                let (w, h) = preset.size_for(width, height);
                prop_assert!(w >= 1 && h >= 1);
                prop_assert!(w <= width && h <= height);
                prop_assert!(w.max(h) <= preset.side());
            }
        }
    }
}
